package session

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/session/internal/record"
	"github.com/peltonhq/pelton/store"
)

// head is what the store says of a key: its newest snapshot, its tombstone, or (zero) neither.
type head struct {
	mark
	seq uint64
}

func (s *Sessions) lookup(r store.Reader, key string) (head, error) {
	for _, k := range [2]struct {
		key  []byte
		gone bool
	}{{s.keys.Head(key), false}, {s.keys.Tombstone(key), true}} {
		value, err := r.Get(k.key)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return head{}, err
		}
		p, err := record.DecodePlace(value)
		return head{mark{p.Epoch, p.ID, k.gone}, p.Seq}, err
	}
	return head{}, nil
}

func (s *Sessions) load(r store.Reader, key string, epoch, id uint64) (*pelton.Snapshot, error) {
	value, err := r.Get(s.keys.Snapshot(key, epoch, id))
	if err != nil {
		return nil, err
	}
	return s.snapshot(key, epoch, id, value)
}

func (s *Sessions) snapshot(key string, epoch, id uint64, value []byte) (*pelton.Snapshot, error) {
	snap := &pelton.Snapshot{Session: s.o.Name, Key: key, Epoch: epoch, ID: id}
	if err := record.DecodeSnapshot(value, snap); err != nil {
		return nil, fmt.Errorf("session %s key %.80q id %d:%d: %w", s.o.Name, key, epoch, id, err)
	}
	return snap, nil
}

// oldest is the lowest stored id of an epoch, 0 when there is none.
func (s *Sessions) oldest(r store.Reader, key string, epoch uint64) (uint64, error) {
	life := s.keys.Life(key, epoch)
	return first(r, life, store.PrefixEnd(life))
}

// first is the number of the first key of a range, 0 when there is none.
func first(r store.Reader, from, to []byte) (uint64, error) {
	for e, err := range r.Scan(from, to, store.ScanOptions{Limit: 1}) {
		if err != nil {
			return 0, err
		}
		return record.LastNumber(e.Key)
	}
	return 0, nil
}

// Get is the newest durable snapshot of a key (S4), or [ErrNotFound].
func (s *Sessions) Get(ctx context.Context, key string) (pelton.Snapshot, error) {
	if err := ctx.Err(); err != nil {
		return pelton.Snapshot{}, err
	}
	v := s.o.Store.View()
	defer v.Close()
	h, err := s.lookup(v, key)
	if err != nil {
		return pelton.Snapshot{}, err
	}
	if h.epoch == 0 || h.gone {
		return pelton.Snapshot{}, fmt.Errorf("session %s key %.80q: %w", s.o.Name, key, ErrNotFound)
	}
	snap, err := s.load(v, key, h.epoch, h.id)
	if err != nil {
		return pelton.Snapshot{}, err
	}
	return *snap, nil
}

// At is one durable snapshot of a key's present epoch. A [GoneError] says that it was trimmed or is not made yet;
// [ErrNotFound], that there is no such session.
func (s *Sessions) At(ctx context.Context, key string, id uint64) (pelton.Snapshot, error) {
	if err := ctx.Err(); err != nil {
		return pelton.Snapshot{}, err
	}
	v := s.o.Store.View()
	defer v.Close()
	h, err := s.lookup(v, key)
	if err != nil {
		return pelton.Snapshot{}, err
	}
	if h.epoch == 0 || h.gone || id == 0 {
		return pelton.Snapshot{}, fmt.Errorf("session %s key %.80q id %d: %w", s.o.Name, key, id, ErrNotFound)
	}
	snap, err := s.load(v, key, h.epoch, id)
	if err == nil {
		return *snap, nil
	}
	if !errors.Is(err, store.ErrNotFound) {
		return pelton.Snapshot{}, err
	}
	oldest, err := s.oldest(v, key, h.epoch)
	if err != nil {
		return pelton.Snapshot{}, err
	}
	gone := &GoneError{
		Name: s.o.Name, Key: key, At: pelton.Cursor{Epoch: h.epoch, ID: id}, Reason: Trimmed,
		Oldest: pelton.Cursor{Epoch: h.epoch, ID: oldest}, Latest: pelton.Cursor{Epoch: h.epoch, ID: h.id},
	}
	if id > h.id {
		gone.Reason = Future
	}
	return pelton.Snapshot{}, gone
}

// Query selects sessions.
type Query struct {
	Prefix string // of the key; empty selects all
	After  string // only keys above it; empty begins at the first
	Limit  int    // at most this many; 0 means all
}

// List is the newest durable snapshot of each selected key, in key order, all of one durable instant.
func (s *Sessions) List(ctx context.Context, q Query) ([]pelton.Snapshot, error) {
	prefix := s.keys.Head(q.Prefix)
	prefix = prefix[:len(prefix)-2] // without the end of the text: any key that begins so
	from, to := prefix, store.PrefixEnd(prefix)
	if q.After != "" && q.After >= q.Prefix {
		if !strings.HasPrefix(q.After, q.Prefix) {
			return nil, nil // every key that begins with Prefix is below After
		}
		from = append(s.keys.Head(q.After), 0)
	}
	v := s.o.Store.View()
	defer v.Close()
	var list []pelton.Snapshot
	for e, err := range v.Scan(from, to, store.ScanOptions{Limit: max(q.Limit, 0)}) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		key, _, err := store.CutString(e.Key[len(s.keys.Heads):])
		if err != nil {
			return nil, err
		}
		p, err := record.DecodePlace(e.Value)
		if err != nil {
			return nil, err
		}
		snap, err := s.load(v, key, p.Epoch, p.ID)
		if err != nil {
			return nil, fmt.Errorf("session %s key %.80q: newest snapshot: %w", s.o.Name, key, err)
		}
		list = append(list, *snap)
	}
	return list, nil
}
