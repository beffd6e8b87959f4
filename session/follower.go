package session

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/session/internal/book"
	"github.com/peltonhq/pelton/session/internal/place"
	"github.com/peltonhq/pelton/session/internal/record"
	"github.com/peltonhq/pelton/store"
)

// Follower is a cursor in a session, or in the log of a name: it has no buffer and no goroutine of its own. One
// goroutine at a time calls Next; Close may be called from any.
type Follower struct {
	s     *Sessions
	r     FollowRequest
	feed  *feed
	pos   place.Position
	hello Hello
	live  bool   // it was at the newest once
	seen  uint64 // feed.bytes that it has been given, once live
	err   error  // how it ended
	quit  chan struct{}
	once  sync.Once
}

// Hello tells where the follower began.
func (f *Follower) Hello() Hello { return f.hello }

// Cursor is the place after the last event that Next returned; the zero Cursor while the key is not born.
func (f *Follower) Cursor() pelton.Cursor { return f.pos.Cursor() }

// Current reports whether the follower was given everything that is durable.
func (f *Follower) Current() bool {
	f.feed.mu.Lock()
	defer f.feed.mu.Unlock()
	step := f.pos.Step(f.feed.mark)
	return step == place.Wait || step == place.Finish
}

// Close ends the follower and a Next that waits; more calls do nothing.
func (f *Follower) Close() {
	f.once.Do(func() {
		close(f.quit)
		f.s.hub.detach(f.feed)
		f.s.counts.follow.Add(-1)
	})
}

// Next waits for events and returns at least one, in order: every id, or a [Gap] where ids are missing (S1), and only
// what is durable (S4). After KindClosed, or an error other than ctx's, it returns errors only.
func (f *Follower) Next(ctx context.Context) ([]Event, error) {
	if f.err != nil {
		return nil, f.err
	}
	events, err := f.next(ctx)
	if err != nil && ctx.Err() == nil {
		f.err = err
	}
	return events, err
}

func (f *Follower) next(ctx context.Context) ([]Event, error) {
	for {
		select {
		case <-f.quit:
			return nil, ErrClosed
		default:
		}
		m, entries, wait := f.look()
		events, err := f.advance(m, entries, wait != nil)
		events = slices.DeleteFunc(events, func(e Event) bool { return !f.r.wants(&e) })
		if err != nil || len(events) > 0 {
			return events, err
		}
		if wait == nil {
			if f.r.filters() && ctx.Err() != nil { // a long way without anything to give
				return nil, ctx.Err()
			}
			continue
		}
		select {
		case <-wait:
		case <-f.quit:
			return nil, ErrClosed
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// look is one look at the feed: its mark, what the ring has for this follower, and, when there is nothing to do, what
// to wait for.
func (f *Follower) look() (m place.Mark, entries []place.Entry, wait <-chan struct{}) {
	f.feed.mu.Lock()
	defer f.feed.mu.Unlock()
	m = f.feed.mark
	switch f.pos.Step(m) {
	case place.Wait:
		f.live, f.seen = true, f.feed.bytes
		if !f.feed.closed && f.deleted() == nil {
			return m, nil, f.feed.wait()
		}
	case place.Read:
		entries = f.feed.ring.Read(m.Epoch, f.from(m), f.r.MaxBatch)
	default:
	}
	return m, entries, nil
}

// deleted is the error of a follower that was told of the deletion and does not want another epoch.
func (f *Follower) deleted() error {
	if f.pos.Ended && f.r.OnGap == OnGapError {
		return f.gone(place.Mark{}, Deleted, 0)
	}
	return nil
}

// advance does the next step and tells its events; none and no error means to look again, or to wait.
func (f *Follower) advance(m place.Mark, entries []place.Entry, waits bool) ([]Event, error) {
	if waits {
		return nil, nil
	}
	switch f.pos.Step(m) {
	case place.Wait:
		if err := f.deleted(); err != nil {
			return nil, err
		}
		f.err = ErrClosed
		return []Event{{Kind: KindClosed, Cursor: f.pos.Cursor()}}, nil
	case place.Begin:
		f.pos.Epoch, f.pos.Next = m.Epoch, 1
		return nil, nil
	case place.Reset:
		if f.r.OnGap == OnGapError {
			why := Epoch
			if f.pos.Ended {
				why = Deleted
			}
			return nil, f.gone(m, why, 1)
		}
		return []Event{f.pos.Restart(m.Epoch)}, nil
	case place.Finish:
		f.err = ErrClosed
		return []Event{{Kind: KindClosed, Key: f.r.Key, Cursor: f.pos.Cursor(), Final: true}}, nil
	case place.Ended:
		f.pos.Ended = true
		return []Event{{Kind: KindDeleted, Key: f.r.Key, Cursor: f.pos.Cursor()}}, nil
	}
	return f.read(m, entries)
}

// from is where the follower goes on reading: at its place, or, when too much waits for one that conflates, at the
// newest.
func (f *Follower) from(m place.Mark) uint64 {
	if f.r.Policy == Conflate && m.ID-f.pos.Next >= uint64(f.r.MaxBatch) {
		return m.ID
	}
	return f.pos.Next
}

// read gives what lies between the follower and the newest: from the ring, else from the store. A conflated gap and
// the newest come together, so that a follower that is always behind is given snapshots too.
func (f *Follower) read(m place.Mark, entries []place.Entry) ([]Event, error) {
	if err := f.slow(m.ID + 1 - f.pos.Next); err != nil {
		return nil, err
	}
	var events []Event
	if from := f.from(m); from != f.pos.Next {
		events = []Event{f.pos.Skip(from-1, Conflated)}
	}
	upTo := uint64(0)
	if entries == nil {
		var err error
		if entries, upTo, err = f.chunk(m); err != nil && len(events) == 0 {
			return nil, err
		}
	}
	declare := f.r.OnGap == OnGapReset || f.r.Policy == Conflate
	tiles, stopped := f.pos.Tile(entries, upTo, declare)
	for i := range entries {
		f.seen += uint64(entries[i].Size())
	}
	if events = append(events, tiles...); stopped && len(events) == 0 {
		if len(entries) == 0 && !f.r.All {
			return nil, f.gone(place.Mark{}, Deleted, 0)
		}
		return nil, f.gone(m, Trimmed, entries[0].N)
	}
	return events, nil
}

// slow ends a follower that was live and fell too far behind; one that still catches up never is.
func (f *Follower) slow(behind uint64) error {
	if !f.live || f.r.Policy != Disconnect {
		return nil
	}
	f.feed.mu.Lock()
	bytes := f.feed.bytes - min(f.seen, f.feed.bytes)
	f.feed.mu.Unlock()
	if behind <= uint64(f.s.o.MaxLag) && bytes <= uint64(f.s.o.LagByte) {
		return nil
	}
	return &SlowError{Cursor: f.pos.Cursor(), Count: behind, Bytes: bytes}
}

// chunk reads the follower's next entries from the store; upTo is the number that they reach to although the last
// ones may be missing. Both are empty when the feed was behind the store: it has caught up now.
func (f *Follower) chunk(m place.Mark) (entries []place.Entry, upTo uint64, err error) {
	v := f.s.o.Store.View()
	defer v.Close()
	now, err := f.s.markOf(v, f.r.Key, f.r.All)
	if err != nil {
		return nil, 0, err
	}
	if f.r.All {
		entries, upTo, err = f.s.book.ReadLog(v, f.pos.Next, f.r.MaxBatch)
	} else {
		entries, err = f.s.book.ReadKey(v, f.r.Key, f.pos.Epoch, f.pos.Next, f.r.MaxBatch)
	}
	if err != nil || len(entries) > 0 || upTo > 0 {
		return entries, upTo, err
	}
	f.feed.load(now)
	switch {
	case now.Epoch != m.Epoch:
		return nil, 0, nil // another life: the next look sees it
	case now.End == place.Gone:
		return nil, f.lost(now), nil
	}
	return nil, 0, fmt.Errorf("session %s key %.80q: %s up to %d are not in the store: %w", f.s.o.Name, f.r.Key, f.pos.Cursor(), m.ID, record.ErrFormat)
}

// lost is the last number, from the follower's on, that a deletion took away; the ring may still have later ones.
func (f *Follower) lost(m place.Mark) uint64 {
	f.feed.mu.Lock()
	defer f.feed.mu.Unlock()
	r := &f.feed.ring
	if first := r.First(0); r.Epoch == m.Epoch && first > f.pos.Next {
		return first - 1
	}
	return m.ID
}

// markOf is the newest durable place of a key, or of the log of the name.
func (s *Sessions) markOf(r store.Reader, key string, log bool) (place.Mark, error) {
	if !log {
		h, err := s.book.Lookup(r, key)
		return h.Mark, err
	}
	seq, err := s.book.Newest(r)
	return place.Mark{Epoch: s.epoch, ID: seq}, err
}

// firstFrom is the lowest stored number from n on, 0 when there is none.
func (s *Sessions) firstFrom(r store.Reader, key string, log bool, epoch, n uint64) (uint64, error) {
	if log {
		return book.First(r, s.book.Keys.Log(n), store.PrefixEnd(s.book.Keys.Logs))
	}
	return book.First(r, s.book.Keys.Snapshot(key, epoch, n), store.PrefixEnd(s.book.Keys.Life(key, epoch)))
}
