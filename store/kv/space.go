package kv

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"github.com/peltonhq/pelton/store"
)

// Options of a space. Store and Plugin are required.
type Options struct {
	Store    store.Store
	Plugin   string // whose state it is
	MaxBytes int64  // of keys and values; 0 means no limit
	MaxKey   int    // bytes of a key; 0 means no limit
}

// Space is one plugin's state.
type Space struct {
	o      Options
	prefix []byte          // of its keys in the store
	ctx    context.Context //nolint:containedctx // of the space's life: Close cancels it
	cancel context.CancelFunc
	errand sync.WaitGroup

	mu     sync.Mutex
	staged map[string]staged // by key: the newest change that is not durable
	used   Size
	line   line
}

// Size is how much a space holds, with what is staged.
type Size struct {
	Bytes int64 // of keys and values
	Keys  int64
}

// staged is one change that is not durable yet.
type staged struct {
	value  []byte
	gone   bool
	ticket uint64 // that brought it
}

// Open opens a plugin's space and claims it.
func Open(ctx context.Context, o Options) (*Space, error) {
	s := &Space{o: o, prefix: store.Key(store.SpaceKV, "key", o.Plugin), staged: map[string]staged{}}
	s.ctx, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	s.line = line{next: 1, open: map[uint64]*commit{}}
	var err error
	if s.line.token, err = o.Store.Claim(ctx, "kv/"+o.Plugin); err != nil {
		return nil, err
	}
	s.line.token.Strict = true
	value, err := o.Store.Get(s.sizeKey())
	switch {
	case errors.Is(err, store.ErrNotFound):
		return s, nil
	case err != nil:
		return nil, err
	case len(value) != 16:
		return nil, fmt.Errorf("kv of plugin %s: its size has %d bytes, want 16: %w", o.Plugin, len(value), store.ErrCorrupt)
	}
	s.used = Size{int64(binary.BigEndian.Uint64(value)), int64(binary.BigEndian.Uint64(value[8:]))}
	return s, nil
}

func (s *Space) sizeKey() []byte { return store.Key(store.SpaceKV, "size", s.o.Plugin) }

func (s *Space) key(key []byte) []byte {
	return append(s.prefix[:len(s.prefix):len(s.prefix)], key...)
}

// Used is how much the space holds, with what is staged.
func (s *Space) Used() Size {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.used
}

// Room is how many bytes more may be put, and the limit. It may be negative.
func (s *Space) Room() (left, limit int64) {
	if s.o.MaxBytes == 0 {
		return 1<<63 - 1, 0
	}
	return s.o.MaxBytes - s.Used().Bytes, s.o.MaxBytes
}

// MaxKey is the limit of a key's bytes; 0 means none.
func (s *Space) MaxKey() int { return s.o.MaxKey }

// Get is the value of a key: the newest staged one, else the durable one.
func (s *Space) Get(key []byte) (value []byte, ok bool, err error) {
	s.mu.Lock()
	c, found := s.staged[string(key)]
	s.mu.Unlock()
	if found { // its bytes are never changed
		return bytes.Clone(c.value), !c.gone, nil
	}
	return s.durable(key)
}

func (s *Space) durable(key []byte) (value []byte, ok bool, err error) {
	value, err = s.o.Store.Get(s.key(key))
	if errors.Is(err, store.ErrNotFound) {
		return nil, false, nil
	}
	return value, err == nil, err
}

// Next is the first key above after that begins with prefix, in the order of bytes. A nil after is before the first.
func (s *Space) Next(prefix, after []byte) (key []byte, ok bool, err error) {
	best, gone := s.nextStaged(prefix, after) // before the store is read: what lands meanwhile is seen there
	for {
		stored, found, err := s.nextStored(prefix, after)
		switch {
		case err != nil:
			return nil, false, err
		case found && gone[string(stored)]:
			after = stored
			continue
		case found && (best == nil || bytes.Compare(stored, best) < 0):
			return stored, true, nil
		}
		return best, best != nil, nil
	}
}

// nextStaged is Next among what is staged, and the staged keys that are removed.
func (s *Space) nextStaged(prefix, after []byte) (best []byte, gone map[string]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, c := range s.staged {
		k := []byte(key)
		switch {
		case !bytes.HasPrefix(k, prefix) || !above(k, after):
		case c.gone:
			if gone == nil {
				gone = map[string]bool{}
			}
			gone[key] = true
		case best == nil || bytes.Compare(k, best) < 0:
			best = k
		}
	}
	return best, gone
}

func above(key, after []byte) bool { return after == nil || bytes.Compare(key, after) > 0 }

// nextStored is Next among what is durable.
func (s *Space) nextStored(prefix, after []byte) (key []byte, ok bool, err error) {
	from := s.key(prefix)
	end := store.PrefixEnd(from)
	if after != nil {
		if a := append(s.key(after), 0); bytes.Compare(a, from) > 0 {
			from = a
		}
	}
	if bytes.Compare(from, end) >= 0 {
		return nil, false, nil
	}
	for e, err := range s.o.Store.Scan(from, end, store.ScanOptions{Limit: 1}) {
		if err != nil {
			return nil, false, err
		}
		return e.Key[len(s.prefix):], true, nil
	}
	return nil, false, nil
}
