package local

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"sync"

	"github.com/cockroachdb/pebble/v2"
	"github.com/peltonhq/pelton/store"
)

// instant is one durable state: a Pebble snapshot taken when nothing undurable was in the database (S4).
type instant struct {
	snap *pebble.Snapshot
	refs int // by the published view and its readers; under views.mu
}

// views hands out instants. Each read holds gate while it touches Pebble, and only then, so that Close waits for
// reads in progress but never for the body of somebody's loop.
type views struct {
	gate   sync.RWMutex
	closed bool // under gate

	mu   sync.Mutex
	cur  *instant
	live map[*instant]struct{}
}

// publish makes the present state the one that reads see. Only the committer calls it, between two batches.
func (v *views) publish(db *pebble.DB) {
	next := &instant{snap: db.NewSnapshot(), refs: 1}
	v.mu.Lock()
	old := v.cur
	v.cur = next
	if v.live == nil {
		v.live = map[*instant]struct{}{}
	}
	v.live[next] = struct{}{}
	v.mu.Unlock()
	if old != nil {
		v.unref(old)
	}
}

func (v *views) ref() *instant {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.cur.refs++
	return v.cur
}

// hold keeps an instant that the caller has a reference to, so that a loop outlives the Close of its view.
func (v *views) hold(i *instant) {
	v.mu.Lock()
	i.refs++
	v.mu.Unlock()
}

// unref gives an instant back; the last one closes it, unless Close did.
func (v *views) unref(i *instant) {
	v.mu.Lock()
	i.refs--
	_, live := v.live[i]
	last := i.refs == 0 && live
	if last {
		delete(v.live, i)
	}
	v.mu.Unlock()
	if last {
		_ = i.snap.Close() // never fails
	}
}

// close ends all reads and closes all snapshots, those of open views too.
func (v *views) close() {
	v.gate.Lock()
	v.closed = true
	v.gate.Unlock()
	v.mu.Lock()
	defer v.mu.Unlock()
	for i := range v.live {
		_ = i.snap.Close() // never fails
	}
	clear(v.live)
}

// enter begins a read; the caller leaves by v.gate.RUnlock.
func (v *views) enter(what string, key []byte) error {
	v.gate.RLock()
	if v.closed {
		v.gate.RUnlock()
		return fmt.Errorf("%s %x: %w", what, key, store.ErrClosed)
	}
	return nil
}

func (v *views) get(i *instant, key []byte) ([]byte, error) {
	if len(key) == 0 || key[0] <= store.SpaceStore {
		return nil, fmt.Errorf("get %x: %w", key, store.ErrNotFound)
	}
	if err := v.enter("get", key); err != nil {
		return nil, err
	}
	defer v.gate.RUnlock()
	value, closer, err := i.snap.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, fmt.Errorf("get %x: %w", key, store.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("get %x: %w", key, err)
	}
	defer closer.Close()
	return append([]byte{}, value...), nil
}

// A chunk is what one iterator reads: it starts small, for loops that stop early, and grows.
const (
	chunkFirst = 16
	chunkMost  = 512
	chunkBytes = 256 << 10
)

func (v *views) scan(i *instant, start, end []byte, o store.ScanOptions, yield func(store.Entry, error) bool) {
	c := cursor{o: o, size: chunkFirst}
	c.from, c.to = store.Bounds(start, end)
	for {
		err := v.fill(i, &c)
		for _, e := range c.chunk {
			if !yield(e, nil) {
				return
			}
		}
		if err != nil {
			yield(store.Entry{}, err)
			return
		}
		if c.done {
			return
		}
	}
}

// cursor is a scan between two chunks.
type cursor struct {
	from, to []byte
	o        store.ScanOptions
	size     int
	given    int
	chunk    []store.Entry
	done     bool
}

func (v *views) fill(i *instant, c *cursor) error {
	c.chunk = c.chunk[:0]
	if err := v.enter("scan from", c.from); err != nil {
		return err
	}
	defer v.gate.RUnlock()
	if c.to != nil && bytes.Compare(c.from, c.to) >= 0 {
		c.done = true
		return nil
	}
	it, err := i.snap.NewIter(&pebble.IterOptions{LowerBound: c.from, UpperBound: c.to})
	if err != nil {
		return fmt.Errorf("scan from %x: %w", c.from, err)
	}
	first, next := it.First, it.Next
	if c.o.Reverse {
		first, next = it.Last, it.Prev
	}
	read := 0
	ok := first()
	for ; ok && len(c.chunk) < c.size && read < chunkBytes; ok = next() {
		if c.o.Limit > 0 && c.given == c.o.Limit {
			break
		}
		e := own(it.Key(), it.Value())
		read += len(e.Key) + len(e.Value)
		c.chunk = append(c.chunk, e)
		c.given++
	}
	c.done = !ok || c.o.Limit > 0 && c.given == c.o.Limit
	c.size = min(c.size*4, chunkMost)
	c.advance()
	if err := it.Close(); err != nil {
		return fmt.Errorf("scan from %x: %w", c.from, err)
	}
	return nil
}

// advance leaves the rest of the range behind the chunk.
func (c *cursor) advance() {
	if len(c.chunk) == 0 {
		return
	}
	last := c.chunk[len(c.chunk)-1].Key
	if c.o.Reverse {
		c.to = bytes.Clone(last) // the caller owns the entry's own
		return
	}
	c.from = append(bytes.Clone(last), 0)
}

// own copies an entry with one allocation.
func own(key, value []byte) store.Entry {
	b := make([]byte, len(key)+len(value))
	n := copy(b, key)
	copy(b[n:], value)
	return store.Entry{Key: b[:n:n], Value: b[n:]}
}

// Get implements [store.Reader].
func (s *Store) Get(key []byte) ([]byte, error) {
	i := s.view.ref()
	defer s.view.unref(i)
	return s.view.get(i, key)
}

// Scan implements [store.Reader].
func (s *Store) Scan(start, end []byte, o store.ScanOptions) iter.Seq2[store.Entry, error] {
	return func(yield func(store.Entry, error) bool) {
		i := s.view.ref()
		defer s.view.unref(i)
		s.view.scan(i, start, end, o, yield)
	}
}

// View implements [store.Store].
func (s *Store) View() store.View { return &still{views: &s.view, instant: s.view.ref()} }

// still is a view of one instant.
type still struct {
	views   *views
	instant *instant // nil once closed
}

// Get implements [store.Reader].
func (v *still) Get(key []byte) ([]byte, error) {
	if v.instant == nil {
		return nil, fmt.Errorf("get %x: view: %w", key, store.ErrClosed)
	}
	return v.views.get(v.instant, key)
}

// Scan implements [store.Reader].
func (v *still) Scan(start, end []byte, o store.ScanOptions) iter.Seq2[store.Entry, error] {
	return func(yield func(store.Entry, error) bool) {
		if v.instant == nil {
			yield(store.Entry{}, fmt.Errorf("scan from %x: view: %w", start, store.ErrClosed))
			return
		}
		i := v.instant
		v.views.hold(i)
		defer v.views.unref(i)
		v.views.scan(i, start, end, o, yield)
	}
}

// Close implements [store.View].
func (v *still) Close() error {
	if v.instant != nil {
		v.views.unref(v.instant)
		v.instant = nil
	}
	return nil
}
