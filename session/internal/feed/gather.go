package feed

import (
	"slices"
	"time"

	"github.com/peltonhq/pelton/session/internal/place"
)

// Gather is what followers of a feed share who are told of changes at the same moments: a mark that moves to the feed's once a
// time has passed since the first change behind it, or at once. Everything in it is guarded by Feed.mu.
type Gather struct {
	time    time.Duration
	refs    int
	mark    place.Mark
	bytes   uint64        // Feed.bytes when the mark moved
	changed chan struct{} // closed when the mark moves; nil while nobody waits
	timer   *time.Timer   // nil: nothing to wait for
	parked  []*Waiter
	stale   int  // of those parked that are gone
	pumping bool // a goroutine serves them
}

// overtime is the part of its time that a gather waits longer: changes that come at a steady rate would else fall now before its
// end and now behind.
const overtime = 16

// Gather is that of a time, for one more follower.
func (f *Feed) Gather(d time.Duration) *Gather {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.gathers, func(g *Gather) bool { return g.time == d })
	if i < 0 {
		i = len(f.gathers)
		f.gathers = append(f.gathers, &Gather{time: d, mark: f.mark, bytes: f.bytes})
	}
	f.gathers[i].refs++
	return f.gathers[i]
}

// Leave gives a gather up, and a waiter, if there was one.
func (f *Feed) Leave(g *Gather, w *Waiter) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if w != nil && w.listed {
		if g.stale++; g.stale > len(g.parked)/2 {
			g.parked = g.swept(g.parked)
		}
	}
	if g.refs--; g.refs == 0 {
		g.stop()
		g.parked = nil
		f.gathers = slices.DeleteFunc(f.gathers, func(o *Gather) bool { return o == g })
	}
}

// begin tells of a change, or lets the time run until it is told.
func (g *Gather) begin(f *Feed) {
	switch {
	case g.timer != nil || !g.mark.Behind(f.mark):
	case g.time <= 0:
		g.show(f)
	default:
		g.timer = time.AfterFunc(g.time+g.time/overtime, func() {
			f.mu.Lock()
			defer f.mu.Unlock()
			g.timer = nil
			g.show(f)
		})
	}
}

// Show tells those of a gather at once what there is, whatever its time.
func (f *Feed) Show(g *Gather) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if g.mark.Behind(f.mark) {
		g.stop()
		g.show(f)
	}
}

func (g *Gather) stop() {
	if g.timer != nil {
		g.timer.Stop()
		g.timer = nil
	}
}

// show tells what there is.
func (g *Gather) show(f *Feed) {
	g.bytes = f.bytes
	if g.mark.Behind(f.mark) {
		g.mark = f.mark
	}
	if g.changed != nil {
		close(g.changed)
		g.changed = nil
	}
	if len(g.parked) > 0 && !g.pumping {
		g.pumping = true
		f.pumps.Go(func() { g.pump(f) })
	}
}

// wait is closed when the mark moves. Registering under the lock that also guards the mark is what makes it safe: a change after
// the look at the mark finds the waiter.
func (g *Gather) wait() <-chan struct{} {
	if g.changed == nil {
		g.changed = make(chan struct{})
	}
	return g.changed
}
