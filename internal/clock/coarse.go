package clock

import (
	"sync/atomic"
	"time"
)

// Coarse is a clock that stands still between two calls of Refresh. Make one with [New]; the zero Coarse answers the
// zero time until its first Refresh.
type Coarse struct {
	state atomic.Pointer[origin]
	since atomic.Int64 // nanoseconds after the origin, by the monotonic clock
}

// origin is the first reading. Later readings are kept as distances from it, so that a reading is one word, and so
// that a step of the wall clock can't move this clock back.
type origin struct{ at time.Time }

// New returns a clock that shows the present time.
func New() *Coarse {
	c := new(Coarse)
	c.Refresh()
	return c
}

// Refresh reads the system's time, makes it this clock's time and returns it. Only the owner of the clock calls it.
func (c *Coarse) Refresh() time.Time {
	first := c.state.Load()
	if first == nil {
		first = &origin{at: time.Now()}
		c.state.Store(first)
		return first.at
	}
	elapsed := time.Since(first.at)
	c.since.Store(int64(elapsed))
	return first.at.Add(elapsed)
}

// Now returns the time of the latest Refresh without asking the system. It does not allocate.
func (c *Coarse) Now() time.Time {
	first := c.state.Load()
	if first == nil {
		return time.Time{}
	}
	return first.at.Add(time.Duration(c.since.Load()))
}
