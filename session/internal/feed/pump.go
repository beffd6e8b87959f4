package feed

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/peltonhq/pelton/session/internal/place"
)

// Outlet is where runs can be sent without waiting.
type Outlet interface {
	// Offer sends as much of a run as can be sent at once, and says how many bytes. It never waits. Who is given less than all
	// sends the rest itself, and learns there what is wrong; who is given none of it is where it was.
	Offer(run []byte) int
}

// Waiter is a follower that waits and is given runs meanwhile, without being woken: a thousand that stand at the same place cost
// a write each, and no switch of goroutines. While it is parked its place belongs to whoever holds mu.
//
// A pump takes Feed.mu while it holds mu of a parked waiter in its hands. Who takes mu under Feed.mu has a waiter that is in no
// pump's hands, or is not parked, for which a pump takes nothing more: so nobody waits for the other.
type Waiter struct {
	As    *Encoding
	Out   Outlet
	Plain func(p place.Position, m place.Mark) bool // whether a run may be given to who stands at p; else the follower is woken

	wake   chan struct{} // capacity 1: the follower has something to do
	listed bool          // among Gather.parked, or in the hands of its pump; guarded by Feed.mu

	mu     sync.Mutex
	parked bool
	pos    place.Position
	sum    uint64
	given  bool
	rest   []byte // of a run that was begun
}

// park is under Feed.mu, with nothing to do for who stands at p.
func (g *Gather) park(w *Waiter, p place.Position) <-chan struct{} {
	if w.wake == nil {
		w.wake = make(chan struct{}, 1)
	}
	select {
	case <-w.wake: // of another time
	default:
	}
	w.mu.Lock()
	w.parked, w.pos, w.given, w.rest = true, p, false, nil
	w.mu.Unlock()
	if !w.listed {
		w.listed = true
		g.parked = append(g.parked, w)
	}
	return w.wake
}

// Unpark ends a wait: where the follower stands now, the sum there if it moved, and what of a run it must still send.
func (w *Waiter) Unpark() (p place.Position, sum uint64, moved bool, rest []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.parked = false
	p, sum, moved, rest = w.pos, w.sum, w.given, w.rest
	w.rest = nil
	return p, sum, moved, rest
}

// pump gives those who are parked what there is, until they have it all.
func (g *Gather) pump(f *Feed) {
	var last place.Mark
	for {
		f.mu.Lock()
		m, closed := g.mark, f.closed
		if len(g.parked) == 0 || m == last && !closed {
			g.pumping = false
			f.mu.Unlock()
			return
		}
		list := g.parked
		g.parked, last = nil, m
		f.mu.Unlock()
		f.serve(list, m, closed)
		f.mu.Lock()
		g.parked = append(g.swept(list), g.parked...)
		f.mu.Unlock()
	}
}

// swept are those of a list that are parked still, or again; under Feed.mu.
func (g *Gather) swept(list []*Waiter) []*Waiter {
	g.stale = 0
	return slices.DeleteFunc(list, func(w *Waiter) bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.listed = w.parked
		return !w.parked
	})
}

// each is how many waiters a goroutine serves before another one helps, and before it lets others run: an outlet may leave the
// write to a goroutine, which then finds what it needs in the processor's cache.
const each = 16

// serve gives each what it lacks up to a mark.
func (f *Feed) serve(list []*Waiter, m place.Mark, closed bool) {
	var next atomic.Int64
	work := func() {
		s := ladle{feed: f, mark: m, closed: closed}
		for {
			end := int(next.Add(each))
			for _, w := range list[min(end-each, len(list)):min(end, len(list))] {
				s.serve(w)
			}
			if end >= len(list) {
				return
			}
			runtime.Gosched()
		}
	}
	var help sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), (len(list)+each-1)/each) - 1 {
		help.Go(work)
	}
	work()
	help.Wait()
}

// ladle serves one after the other. Most stand at the same place, and are given the same run.
type ladle struct {
	feed   *Feed
	mark   place.Mark
	closed bool

	as        *Encoding
	at        place.Position
	run       []byte
	next, sum uint64
}

// fill takes the run for a place.
func (l *ladle) fill(as *Encoding, at place.Position) bool {
	if as != l.as || at != l.at {
		l.as, l.at = as, at
		l.run, l.next, l.sum = l.feed.Run(as, at)
	}
	return l.run != nil
}

// serve gives what there is, or wakes the follower.
func (l *ladle) serve(w *Waiter) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.parked && (l.closed || w.pos.Step(l.mark) != place.Wait) {
		if !l.closed && w.pos.Step(l.mark) == place.Read && w.Plain(w.pos, l.mark) && l.fill(w.As, w.pos) {
			if n := w.Out.Offer(l.run); n > 0 {
				w.pos.Next, w.sum, w.given = l.next, l.sum, true
				if n == len(l.run) {
					continue
				}
				w.rest = l.run[n:]
			}
		}
		w.parked = false
		select {
		case w.wake <- struct{}{}:
		default:
		}
	}
}
