package wasm

import (
	"sync/atomic"
	"time"
	"unsafe"
)

// span is one call of the guest, as far as it has asked.
type span struct {
	asked   bool
	marked  bool
	mark    time.Duration // the thread's clock at the last answer seen
	slept   time.Duration // since then, in the guest's own sleeps
	next    time.Duration // when to look, on the wall
	answers answers
}

// answers are the fields of the guest's descriptors in which it answers; 0 is no answer yet.
type answers struct {
	table      []byte // the descriptors; nil outside a call
	stride, at int    // bytes of a descriptor, and of what comes before the answer in it
	seen       int    // most answers of any look: a guest that takes one back gains nothing
}

// advanced looks for answers since the last look.
func (a *answers) advanced() bool {
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

// When to look, in parts of the limit. The first look only notes where the thread's clock stands, since a reading costs
// 0.4 µs, too much for every call. So a call is ended when it has used 1 to about 1.2 times its limit.
const (
	firstLook = 16
	mostWait  = 8 // between two looks, so that answers are seen soon
	leastWait = 32
)

// start is the first time that the call asks.
func (s *span) start(now, limit time.Duration) {
	s.asked, s.next = true, now+limit/firstLook
}

// late judges the call, and says when to look again. used is the thread's clock.
func (s *span) late(now, used, limit time.Duration) bool {
	s.asked = true
	if !s.marked {
		s.marked, s.mark = true, used
		s.answers.advanced()
	} else if s.answers.advanced() {
		s.mark, s.slept = used, 0
	}
	spent := used - s.mark + s.slept
	s.next = now + max(min(limit-spent, limit/mostWait), limit/leastWait)
	return spent >= limit
}
