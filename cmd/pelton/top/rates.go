package top

import (
	"time"

	"github.com/peltonhq/pelton/api"
)

// window is over how long a rate is taken.
const window = 3 * time.Second

// Rates are the newest figures and those of a while ago. The zero value has none yet.
type Rates struct {
	past []api.Stats // oldest first; the last one is now
}

// Add takes figures. Those of a wheel that was started again begin a new past: its counters count from zero.
func (r *Rates) Add(s *api.Stats) {
	if n := len(r.past); n > 0 {
		last := &r.past[n-1]
		if !s.Time.After(last.Time) {
			return
		}
		if s.Uptime < last.Uptime {
			r.past = nil
		}
	}
	r.past = append(r.past, *s)
	for len(r.past) > 2 && s.Time.Sub(r.past[0].Time) > window {
		r.past = r.past[1:]
	}
}

// Now are the newest figures; nil before there are any.
func (r *Rates) Now() *api.Stats {
	if len(r.past) == 0 {
		return nil
	}
	return &r.past[len(r.past)-1]
}

// Known reports whether there are rates: two sets of figures.
func (r *Rates) Known() bool { return len(r.past) > 1 }

// of is how much a counter grew in a second; false while that is not known.
func (r *Rates) of(count func(*api.Stats) (uint64, bool)) (float64, bool) {
	if !r.Known() {
		return 0, false
	}
	first, last := &r.past[0], r.Now()
	before, ok := count(first)
	after, still := count(last)
	if !ok || !still || after < before {
		return 0, false
	}
	return float64(after-before) / last.Time.Sub(first.Time).Seconds(), true
}
