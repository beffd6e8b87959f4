package wasm

import (
	"context"
	"sync/atomic"
	"time"
	"unsafe"
)

// span is a turn, or the start: what a deadline measures. deadline.mu guards it while it is open.
type span struct {
	open    bool
	parent  context.Context //nolint:containedctx // lives as long as the span
	limit   time.Duration   // of processor time between two answers of the guest
	thread  int             // that the guest runs on
	since   time.Time       // of the last answer seen
	mark    time.Duration   // the thread's clock then; unknown before the first look
	marked  bool
	slept   time.Duration // since then, in the guest's own sleeps
	waited  time.Duration // since then, by the watch; not the time on the wall, which goes on while the process is stopped
	next    time.Time     // of the watch
	answers answers       // of the call under way
	moved   bool          // a call of this span was over, and no look has seen it yet
}

// answers are the fields of the guest's descriptors in which it answers; 0 is no answer yet.
type answers struct {
	table      []byte // the descriptors; nil outside a call
	stride, at int    // bytes of a descriptor, and of what comes before the answer in it
	seen       int    // most answers of any look: a guest that takes one back gains nothing
}

// advanced looks for answers since the last look. The guest may be writing them: what is missed now is seen next time.
func (a *answers) advanced() bool {
	if a.table == nil {
		return false
	}
	given := 0
	for at := a.at; at < len(a.table); at += a.stride {
		answer := (*uint32)(unsafe.Pointer(&a.table[at])) //nolint:gosec // aligned, since window and stride are
		if atomic.LoadUint32(answer) != 0 {
			given++
		}
	}
	if given <= a.seen {
		return false
	}
	a.seen = given
	return true
}

// The bounds of a watch. A first look comes early: it only notes where the thread's clock stands, because reading that
// costs 0.4 µs, too much for every turn. So a turn is ended when it has used between 1 and about 1.2 times its limit.
const (
	firstLook = 8  // in this part of the limit
	leastWait = 32 // the next look comes after this part of the limit at least
	farLimits = 20
	farMore   = 5 * time.Second
)

// far is the backstop: how long a guest may take on the wall between two answers, whatever it uses of the processor.
func far(limit time.Duration) time.Duration { return farLimits*limit + farMore }

// look judges the span: how long to wait for the next look, or why the span is over.
func (s *span) look(now time.Time, c clock) (time.Duration, error) {
	used, known := c.used(s.thread)
	if s.answers.advanced() || s.moved || !s.marked {
		if s.marked {
			s.since, s.slept, s.waited = now, 0, 0
		}
		s.mark, s.marked, s.moved = used, true, false
	}
	spent := now.Sub(s.since)
	if known {
		spent = used - s.mark + s.slept
	}
	switch {
	case spent >= s.limit:
		return 0, errLate
	case s.waited >= far(s.limit):
		return 0, errBlocked
	}
	wait := max(s.limit-spent, s.limit/leastWait)
	s.waited += wait
	return wait, nil
}
