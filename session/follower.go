package session

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/session/internal/book"
	"github.com/peltonhq/pelton/session/internal/feed"
	"github.com/peltonhq/pelton/session/internal/gate"
	"github.com/peltonhq/pelton/session/internal/place"
	"github.com/peltonhq/pelton/session/internal/record"
	"github.com/peltonhq/pelton/store"
)

// Follower is a cursor in a session, or in the log of a name: it has no buffer and no goroutine of its own. One
// goroutine at a time calls Next; Close may be called from any.
type Follower struct {
	s      *Sessions
	r      FollowRequest
	feed   *feed.Feed
	gather *feed.Gather
	waiter atomic.Pointer[feed.Waiter] // nil: it has no outlet
	holder *gate.Holder                // nil: it holds nobody up
	letGo  func() bool                 // no longer with the context of its Follow; nil without a holder
	pos    place.Position
	hello  Hello
	live   bool         // it was at the newest once
	seen   uint64       // feed.bytes that it has been given, once live
	given  atomic.Int64 // bytes of the events that it was given last, while it has not come for more
	err    error        // how it ended
	quit   chan struct{}
	once   sync.Once
}

// Hello tells where the follower began.
func (f *Follower) Hello() Hello { return f.hello }

// Cursor is the place after the last event that Next returned; the zero Cursor while the key is not born.
func (f *Follower) Cursor() pelton.Cursor { return f.pos.Cursor() }

// Current reports whether the follower was given everything that is durable.
func (f *Follower) Current() bool {
	step := f.pos.Step(f.feed.Mark())
	return step == place.Wait || step == place.Finish
}

// Close ends the follower and a Next that waits; more calls do nothing.
func (f *Follower) Close() {
	f.once.Do(func() {
		close(f.quit)
		if f.letGo != nil {
			f.letGo()
		}
		f.holder.Leave()
		f.give(nil)
		f.feed.Leave(f.gather, f.waiter.Load())
		f.s.hub.detach(f.feed)
		f.s.counts.follow.Add(-1)
	})
}

// Next waits for events and returns at least one, in order: every id, or a [Gap] where ids are missing (S1), and only
// what is durable (S4). After KindClosed, or an error other than ctx's, it returns errors only.
func (f *Follower) Next(ctx context.Context) ([]Event, error) {
	_, events, err := f.NextRun(ctx, nil)
	return events, err
}

// NextRun is [Follower.Next] for a transport that can send snapshots as bytes which all followers of the session share: it
// gives either some, or events. A nil Encoding gives events only. While it waits, what comes goes to the follower's outlet, if
// it has one; it returns when there is something to do that an outlet can't.
func (f *Follower) NextRun(ctx context.Context, as *Encoding) (run []byte, events []Event, err error) {
	if f.err != nil {
		return nil, nil, f.err
	}
	f.give(nil)
	run, events, err = f.next(ctx, as)
	if len(events) > 0 {
		f.give(events)
	}
	if err != nil && ctx.Err() == nil {
		f.err = err
	}
	return run, events, err
}

// give counts what the follower holds until it comes for more, or is closed.
func (f *Follower) give(events []Event) {
	bytes := int64(0)
	for i := range events {
		if snap := events[i].Snapshot; snap != nil {
			bytes += int64(len(snap.Payload))
		}
	}
	if was := f.given.Swap(bytes); was != bytes {
		f.s.hub.given.Add(bytes - was)
	}
	select {
	case <-f.quit: // in the same moment: Close may have counted before
		if bytes > 0 {
			f.give(nil)
		}
	default:
	}
}

func (f *Follower) next(ctx context.Context, as *Encoding) (run []byte, events []Event, err error) {
	for {
		select {
		case <-f.quit:
			return nil, nil, ErrClosed
		case <-f.holder.Ended():
			return nil, nil, f.tooSlow()
		default:
		}
		m, wait := f.look(as)
		if wait == nil {
			if run, err = f.run(m, as); run != nil || err != nil {
				return run, nil, err
			}
			events, err = f.advance(m)
			events = slices.DeleteFunc(events, func(e Event) bool { return !f.r.wants(&e) })
			if err != nil || len(events) > 0 {
				return nil, events, err
			}
			if f.r.filters() && ctx.Err() != nil { // a long way without anything to give
				return nil, nil, ctx.Err()
			}
			continue
		}
		var ended error
		select {
		case <-wait:
		case <-f.quit:
			ended = ErrClosed
		case <-f.holder.Ended():
			ended = f.tooSlow()
		case <-ctx.Done():
			ended = ctx.Err()
		}
		if rest := f.unpark(as); rest != nil { // before anything else: a snapshot was begun
			return rest, nil, nil
		}
		if ended != nil {
			return nil, nil, ended
		}
	}
}

// look is one look at the feed: its mark, and, when there is nothing to do, what to wait for.
func (f *Follower) look(as *Encoding) (m place.Mark, wait <-chan struct{}) {
	var w *feed.Waiter
	if as != nil {
		w = f.waiter.Load()
	}
	if w != nil {
		w.As = as
	}
	m, bytes, wait := f.feed.Look(f.pos, f.gather, w, f.deleted() == nil)
	if f.pos.Step(m) == place.Wait {
		f.live, f.seen = true, bytes
	}
	f.holder.Stand(f.pos, f.seen, f.live)
	return m, wait
}

// unpark takes back what was lent while the follower waited, and gives what it must still send.
func (f *Follower) unpark(as *Encoding) (rest []byte) {
	w := f.waiter.Load()
	if w == nil || as == nil {
		return nil
	}
	p, sum, moved, rest := w.Unpark()
	if f.pos = p; moved {
		f.seen = sum
	}
	return rest
}

// run gives the next snapshots as shared bytes. It gives none where there is more to tell than that, or nothing to share.
func (f *Follower) run(m place.Mark, as *Encoding) ([]byte, error) {
	if as == nil || f.pos.Step(m) != place.Read || !f.plain(f.pos, m) {
		return nil, nil
	}
	if err := f.slow(m.ID + 1 - f.pos.Next); err != nil {
		return nil, err
	}
	run, next, sum := f.feed.Run(as, f.pos)
	if run != nil {
		f.pos.Next, f.seen = next, sum
	}
	return run, nil
}

// deleted is the error of a follower that was told of the deletion and does not want another epoch.
func (f *Follower) deleted() error {
	if f.pos.Ended && f.r.OnGap == OnGapError {
		return f.gone(place.Mark{}, Deleted, 0)
	}
	return nil
}

// advance does the next step and tells its events; none and no error means to look again.
func (f *Follower) advance(m place.Mark) ([]Event, error) {
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
	return f.read(m)
}

// plain reports whether who stands at p is given every snapshot up to m, and nothing else.
func (f *Follower) plain(p place.Position, m place.Mark) bool {
	return !f.r.filters() && (f.r.Policy != Conflate || m.ID-p.Next < uint64(f.r.MaxBatch))
}

// Outlet is where shared bytes can be sent without waiting, see [Follower.NextRun].
type Outlet = feed.Outlet

// Outlet lets what comes go out while NextRun waits. It is called before that, or never. One that may hold the name up has none:
// it must be woken to say what it was sent.
func (f *Follower) Outlet(o Outlet) {
	if f.holder == nil {
		f.waiter.Store(&feed.Waiter{Out: o, Plain: f.plain})
	}
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
func (f *Follower) read(m place.Mark) ([]Event, error) {
	if err := f.slow(m.ID + 1 - f.pos.Next); err != nil {
		return nil, err
	}
	var events []Event
	if from := f.from(m); from != f.pos.Next {
		events = []Event{f.pos.Skip(from-1, Conflated)}
	}
	entries, upTo := f.feed.Entries(m.Epoch, f.from(m), f.r.MaxBatch), uint64(0)
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
	bytes := f.feed.Bytes()
	bytes -= min(f.seen, bytes)
	if behind <= uint64(f.s.o.MaxLag) && bytes <= uint64(f.s.o.LagByte) {
		return nil
	}
	f.s.counts.slow.Add(1)
	return &SlowError{Cursor: f.pos.Cursor(), Count: behind, Bytes: bytes}
}

// tooSlow is how a follower ends that has held the name up for as long as it may.
func (f *Follower) tooSlow() error {
	count, bytes := f.feed.Behind(f.pos, f.seen)
	return &SlowError{Cursor: f.pos.Cursor(), Count: count, Bytes: bytes, Held: f.s.o.Block}
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
	f.feed.Load(now, f.gather)
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
	if first := f.feed.First(m.Epoch); first > f.pos.Next {
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
	return s.book.From(r, key, epoch, n)
}
