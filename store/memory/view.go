package memory

import (
	"bytes"
	"fmt"
	"iter"

	"github.com/RaduBerinde/btreemap"
	"github.com/peltonhq/pelton/store"
)

// Get implements [store.Reader].
func (s *Store) Get(key []byte) ([]byte, error) {
	return (&view{store: s, tree: s.disk.give()}).Get(key)
}

// Scan implements [store.Reader].
func (s *Store) Scan(start, end []byte, o store.ScanOptions) iter.Seq2[store.Entry, error] {
	return func(yield func(store.Entry, error) bool) {
		v := &view{store: s, tree: s.disk.give()}
		v.Scan(start, end, o)(yield)
	}
}

// View implements [store.Store].
func (s *Store) View() store.View { return &view{store: s, tree: s.disk.give()} }

// view reads one tree, which is never written again.
type view struct {
	store *Store
	tree  *tree // nil once closed
}

func (v *view) check(what string, key []byte) error {
	if v.tree == nil || v.store.closed.Load() {
		return fmt.Errorf("%s %x: %w", what, key, store.ErrClosed)
	}
	return nil
}

// Get implements [store.Reader].
func (v *view) Get(key []byte) ([]byte, error) {
	if err := v.check("get", key); err != nil {
		return nil, err
	}
	_, e, ok := v.tree.Get(key)
	if !ok || len(key) == 0 || key[0] <= store.SpaceStore {
		return nil, fmt.Errorf("get %x: %w", key, store.ErrNotFound)
	}
	return append([]byte{}, e.value...), nil
}

// Scan implements [store.Reader].
func (v *view) Scan(start, end []byte, o store.ScanOptions) iter.Seq2[store.Entry, error] {
	return func(yield func(store.Entry, error) bool) {
		from, to := store.Bounds(start, end)
		if err := v.check("scan from", from); err != nil {
			yield(store.Entry{}, err)
			return
		}
		if to != nil && bytes.Compare(from, to) >= 0 {
			return
		}
		given := 0
		for key, e := range v.walk(from, to, o.Reverse) {
			if err := v.store.alive(from); err != nil {
				yield(store.Entry{}, err)
				return
			}
			if !yield(store.Entry{Key: bytes.Clone(key), Value: append([]byte{}, e.value...)}, nil) {
				return
			}
			if given++; given == o.Limit {
				return
			}
		}
	}
}

func (v *view) walk(from, to []byte, reverse bool) iter.Seq2[[]byte, *entry] {
	if reverse {
		return v.tree.Descend(upper(to), btreemap.GE(from))
	}
	return v.tree.Ascend(btreemap.GE(from), upper(to))
}

func (s *Store) alive(key []byte) error {
	if s.closed.Load() {
		return fmt.Errorf("scan from %x: %w", key, store.ErrClosed)
	}
	return nil
}

// Close implements [store.View].
func (v *view) Close() error {
	v.tree = nil
	return nil
}
