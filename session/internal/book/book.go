package book

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/session/internal/place"
	"github.com/peltonhq/pelton/session/internal/record"
	"github.com/peltonhq/pelton/session/stream"
	"github.com/peltonhq/pelton/store"
)

// Limits of one chunk: its bytes, and for how many entries room is made at first.
const (
	chunkBytes = 1 << 20 // unless the book says otherwise
	chunkCount = 256
)

// Book reads the sessions of one name.
type Book struct {
	Name    string
	Keys    record.Keys
	Streams bool   // clients write it: some keys have a stream
	Since   uint64 // the epoch of lives that began before the store's history did; 0: they keep their own
	Chunk   int64  // bytes of one; 0: 1 MiB
}

// Head is what the store says of a key: its newest snapshot, its stream, its tombstone, or (zero) none of them.
type Head struct {
	place.Mark
	Life   uint64 // the epoch in its keys; Mark has the one that clients are shown
	Seq    uint64 // of the newest snapshot; while there is none, of the tombstone
	Stream *stream.Stream
}

// Lookup is what the store says of a key.
func (b *Book) Lookup(r store.Reader, key string) (h Head, err error) {
	found, err := b.place(r, b.Keys.Head(key), &h)
	if err == nil && !found {
		if found, err = b.place(r, b.Keys.Tombstone(key), &h); found {
			h.End = place.Gone
		}
	}
	if err != nil || !b.Streams {
		return h, err
	}
	value, err := r.Get(b.Keys.Stream(key))
	if errors.Is(err, store.ErrNotFound) {
		return h, nil
	}
	if err != nil {
		return Head{}, err
	}
	if h.Stream, err = record.DecodeStream(value); err != nil {
		return Head{}, err
	}
	life := h.Stream.Epoch
	h.Stream.Epoch = b.Shown(life)
	if h.Life != life { // it has no snapshot yet
		h.Life, h.Mark = life, place.Mark{Epoch: h.Stream.Epoch}
	}
	if h.Stream.Closed {
		h.End = place.Closed
	}
	return h, nil
}

// place reads what a head or a tombstone points to.
func (b *Book) place(r store.Reader, key []byte, h *Head) (found bool, err error) {
	value, err := r.Get(key)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	p, err := record.DecodePlace(value)
	h.Life, h.Epoch, h.ID, h.Seq = p.Epoch, b.Shown(p.Epoch), p.ID, p.Seq
	return true, err
}

// Shown is the epoch that clients are shown of a life: its own, unless the store's history began later.
func (b *Book) Shown(life uint64) uint64 {
	if life == 0 {
		return 0
	}
	return max(life, b.Since)
}

// Life is the inverse of Shown for a key.
func (b *Book) Life(r store.Reader, key string, epoch uint64) (uint64, error) {
	if epoch != b.Since {
		return epoch, nil
	}
	h, err := b.Lookup(r, key)
	if err != nil || h.Epoch != epoch {
		return epoch, err
	}
	return h.Life, nil
}

// Load reads one snapshot of a life.
func (b *Book) Load(r store.Reader, key string, life, id uint64) (*pelton.Snapshot, error) {
	value, err := r.Get(b.Keys.Snapshot(key, life, id))
	if err != nil {
		return nil, err
	}
	return b.Snapshot(key, life, id, value)
}

// Snapshot decodes one of a life.
func (b *Book) Snapshot(key string, life, id uint64, value []byte) (*pelton.Snapshot, error) {
	snap := &pelton.Snapshot{Session: b.Name, Key: key, Epoch: b.Shown(life), ID: id}
	if err := record.DecodeSnapshot(value, snap); err != nil {
		return nil, fmt.Errorf("session %s key %.80q id %d:%d: %w", b.Name, key, life, id, err)
	}
	return snap, nil
}

// Oldest is the lowest stored id of a life, 0 when there is none.
func (b *Book) Oldest(r store.Reader, key string, life uint64) (uint64, error) {
	from := b.Keys.Life(key, life)
	return First(r, from, store.PrefixEnd(from))
}

// From is the lowest stored id of an epoch from n on, 0 when there is none.
func (b *Book) From(r store.Reader, key string, epoch, n uint64) (uint64, error) {
	life, err := b.Life(r, key, epoch)
	if err != nil {
		return 0, err
	}
	return First(r, b.Keys.Snapshot(key, life, n), store.PrefixEnd(b.Keys.Life(key, life)))
}

// First is the number of the first key of a range, 0 when there is none.
func First(r store.Reader, from, to []byte) (uint64, error) {
	for e, err := range r.Scan(from, to, store.ScanOptions{Limit: 1}) {
		if err != nil {
			return 0, err
		}
		return record.LastNumber(e.Key)
	}
	return 0, nil
}

// Newest is the last seq of the log. It is always there: the entry of a key's newest snapshot, or of its deletion,
// goes only when a later entry comes.
func (b *Book) Newest(r store.Reader) (uint64, error) {
	for e, err := range r.Scan(b.Keys.Logs, store.PrefixEnd(b.Keys.Logs), store.ScanOptions{Limit: 1, Reverse: true}) {
		if err != nil {
			return 0, err
		}
		return record.LastNumber(e.Key)
	}
	return 0, nil
}

// ReadKey reads one chunk of an epoch.
func (b *Book) ReadKey(r store.Reader, key string, epoch, n uint64, limit int) ([]place.Entry, error) {
	life, err := b.Life(r, key, epoch)
	if err != nil {
		return nil, err
	}
	entries := make([]place.Entry, 0, min(limit, chunkCount))
	end, bytes := store.PrefixEnd(b.Keys.Life(key, life)), int64(0)
	for e, err := range r.Scan(b.Keys.Snapshot(key, life, n), end, store.ScanOptions{Limit: limit}) {
		if err != nil {
			return nil, err
		}
		id, err := record.LastNumber(e.Key)
		if err != nil {
			return nil, err
		}
		snap, err := b.Snapshot(key, life, id, e.Value)
		if err != nil {
			return nil, err
		}
		entries = append(entries, place.Entry{N: id, Snap: snap})
		if bytes += entries[len(entries)-1].Size(); bytes > cmp.Or(b.Chunk, chunkBytes) {
			break
		}
	}
	return entries, nil
}

// ReadLog reads one chunk of the log of the name; last is the last number that it looked at.
func (b *Book) ReadLog(r store.Reader, n uint64, limit int) (entries []place.Entry, last uint64, err error) {
	entries = make([]place.Entry, 0, min(limit, chunkCount))
	bytes := int64(0)
	for e, err := range r.Scan(b.Keys.Log(n), store.PrefixEnd(b.Keys.Logs), store.ScanOptions{Limit: limit}) {
		if err != nil {
			return nil, 0, err
		}
		if last, err = record.LastNumber(e.Key); err != nil {
			return nil, 0, err
		}
		p, err := record.DecodePointer(e.Value)
		if err != nil {
			return nil, 0, err
		}
		at := place.Entry{N: last, Deleted: p.Key}
		if !p.Gone {
			snap, err := b.Load(r, p.Key, p.Epoch, p.ID)
			if errors.Is(err, store.ErrNotFound) {
				continue // removed: a gap
			}
			if err != nil {
				return nil, 0, err
			}
			at = place.Entry{N: last, Snap: snap}
		}
		entries = append(entries, at)
		if bytes += at.Size(); bytes > cmp.Or(b.Chunk, chunkBytes) {
			break
		}
	}
	return entries, last, nil
}
