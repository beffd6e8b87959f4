package session

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/session/internal/place"
	"github.com/peltonhq/pelton/session/internal/record"
	"github.com/peltonhq/pelton/store"
)

// Get is the newest durable snapshot of a key (S4), or [ErrNotFound].
func (s *Sessions) Get(ctx context.Context, key string) (pelton.Snapshot, error) {
	if err := ctx.Err(); err != nil {
		return pelton.Snapshot{}, err
	}
	v := s.o.Store.View()
	defer v.Close()
	h, err := s.book.Lookup(v, key)
	if err != nil {
		return pelton.Snapshot{}, err
	}
	if h.Epoch == 0 || h.ID == 0 || h.End == place.Gone {
		return pelton.Snapshot{}, fmt.Errorf("session %s key %.80q: %w", s.o.Name, key, ErrNotFound)
	}
	snap, err := s.book.Load(v, key, h.Life, h.ID)
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
	h, err := s.book.Lookup(v, key)
	if err != nil {
		return pelton.Snapshot{}, err
	}
	if h.Epoch == 0 || h.ID == 0 || h.End == place.Gone || id == 0 {
		return pelton.Snapshot{}, fmt.Errorf("session %s key %.80q id %d: %w", s.o.Name, key, id, ErrNotFound)
	}
	snap, err := s.book.Load(v, key, h.Life, id)
	if err == nil {
		return *snap, nil
	}
	if !errors.Is(err, store.ErrNotFound) {
		return pelton.Snapshot{}, err
	}
	oldest, err := s.book.Oldest(v, key, h.Life)
	if err != nil {
		return pelton.Snapshot{}, err
	}
	gone := &GoneError{
		Name: s.o.Name, Key: key, At: pelton.Cursor{Epoch: h.Epoch, ID: id}, Reason: Trimmed,
		Oldest: pelton.Cursor{Epoch: h.Epoch, ID: oldest}, Latest: pelton.Cursor{Epoch: h.Epoch, ID: h.ID},
	}
	if id > h.ID {
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
	prefix := s.book.Keys.Head(q.Prefix)
	prefix = prefix[:len(prefix)-2] // without the end of the text: any key that begins so
	from, to := prefix, store.PrefixEnd(prefix)
	if q.After != "" && q.After >= q.Prefix {
		if !strings.HasPrefix(q.After, q.Prefix) {
			return nil, nil // every key that begins with Prefix is below After
		}
		from = append(s.book.Keys.Head(q.After), 0)
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
		key, _, err := store.CutString(e.Key[len(s.book.Keys.Heads):])
		if err != nil {
			return nil, err
		}
		p, err := record.DecodePlace(e.Value)
		if err != nil {
			return nil, err
		}
		snap, err := s.book.Load(v, key, p.Epoch, p.ID)
		if err != nil {
			return nil, fmt.Errorf("session %s key %.80q: newest snapshot: %w", s.o.Name, key, err)
		}
		list = append(list, *snap)
	}
	return list, nil
}
