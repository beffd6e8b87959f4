package actor

import (
	"math/bits"
	"sync/atomic"
	"time"

	"github.com/peltonhq/pelton"
)

// Stats are the figures of a plugin since Open.
type Stats struct {
	Spent
	Missed

	Revision    int // of the version that does the work
	Digest      string
	State       State // StateLive, StatePaused, StateClosed, or of a swap: StateLoading, StateProbing, StateCanary, StateShadow
	Turns       uint64
	Deliveries  uint64
	Folds       uint64    // calls of Reduce
	Verdicts    [7]uint64 // by pelton.Decision; [0] were not decided
	Faults      Faults
	Redelivered uint64 // deliveries that failed in a probe and were run by the old version
	Restarts    uint64 // instances that broke or were recycled, and were replaced
	Stuck       int    // instances that are stuck now
	Memory      int64  // bytes, over all instances that do the work
	Mailbox     []int  // turns queued, per instance
}

// Spent is the time in a plugin's code, over all instances.
type Spent struct {
	Busy time.Duration
	Took []uint64 // deliveries and folds by their time: Took[i] needed less than 2^i µs, a batch's time shared by all of it
}

// Missed counts what was not done, or was done in vain.
type Missed struct {
	Lost    uint64 // turns that were queued when the plugin closed
	Late    uint64 // turns whose instance was stuck and answered after all; the answer was ignored
	Skipped uint64 // deliveries that a shadow was not shown, since it was behind
}

// Faults counts faults by kind.
type Faults struct{ Trap, Timeout, Malformed, Output uint64 }

// Total is the number of faults of all kinds.
func (f Faults) Total() uint64 { return f.Trap + f.Timeout + f.Malformed + f.Output }

// counters are the figures of one mailbox, written by the actors that serve it.
type counters struct {
	turns, deliveries, folds, lost, redelivered, restarts, late, skipped atomic.Uint64
	verdicts                                                             [7]atomic.Uint64
	faults                                                               [4]atomic.Uint64
	busy, memory                                                         atomic.Int64
	took                                                                 [octaves]atomic.Uint64
}

// octaves are from 1 µs to beyond a week.
const octaves = 40

// spend counts the time of a step of n deliveries.
func (c *counters) spend(took time.Duration, n int) {
	c.busy.Add(int64(took))
	if n > 0 {
		each := uint64(max(took, 0)/time.Microsecond) / uint64(n)
		c.took[min(bits.Len64(each), octaves-1)].Add(uint64(n))
	}
}

var kinds = [...]FaultKind{FaultTrap, FaultTimeout, FaultMalformed, FaultOutput}

func (c *counters) fault(kind FaultKind) {
	for i, k := range kinds {
		if k == kind {
			c.faults[i].Add(1)
			return
		}
	}
	c.faults[0].Add(1)
}

// settle counts a turn that goes back to the loop, and marks a plain one. It tells how many of its deliveries were errors.
func (c *counters) settle(t *Turn) (wrong int) {
	c.turns.Add(1)
	c.deliveries.Add(uint64(len(t.Deliveries)))
	if t.Plain {
		c.verdicts[pelton.DecisionAck].Add(uint64(len(t.Deliveries)))
		return 0
	}
	var verdicts [len(c.verdicts)]uint64
	for i := range t.Outcomes {
		if o := &t.Outcomes[i]; o.Fault != nil {
			c.fault(o.Fault.Kind)
		} else {
			verdicts[o.Verdict.Decision]++
			if o.Verdict.Decision == pelton.DecisionAck {
				continue
			}
		}
		if t.wrong(i) {
			wrong++
		}
	}
	for d, n := range verdicts {
		if n > 0 {
			c.verdicts[d].Add(n)
		}
	}
	t.Plain = verdicts[pelton.DecisionAck] == uint64(len(t.Outcomes)) && len(t.Emits)+len(t.Settlements) == 0
	return wrong
}

// fold counts a batch of calls, and tells how many were errors.
func (c *counters) fold(f *fold) (wrong int) {
	c.folds.Add(uint64(len(f.calls)))
	for i := range f.calls {
		if fault := f.fault(i); fault != nil {
			c.fault(fault.Kind)
		}
		if f.wrong(i) {
			wrong++
		}
	}
	return wrong
}

// Stats is a copy of the figures; it may be called at any time, from any goroutine.
func (p *Plugin) Stats() Stats {
	v := p.live.Load()
	s := Stats{Revision: v.Revision, Digest: v.Digest, State: *p.state.Load(), Mailbox: make([]int, len(p.slots))}
	p.mu.Lock()
	if p.idle && s.State == StateLive {
		s.State = StatePaused
	}
	p.mu.Unlock()
	s.Took = make([]uint64, octaves)
	for i, slot := range p.slots {
		c := &slot.counters
		for sum, n := range map[*uint64]*atomic.Uint64{
			&s.Turns: &c.turns, &s.Deliveries: &c.deliveries, &s.Folds: &c.folds, &s.Lost: &c.lost, &s.Redelivered: &c.redelivered,
			&s.Restarts: &c.restarts, &s.Late: &c.late, &s.Skipped: &c.skipped, &s.Faults.Trap: &c.faults[0], &s.Faults.Timeout: &c.faults[1],
			&s.Faults.Malformed: &c.faults[2], &s.Faults.Output: &c.faults[3],
		} {
			*sum += n.Load()
		}
		s.Busy += time.Duration(c.busy.Load())
		for i := range c.took {
			s.Took[i] += c.took[i].Load()
		}
		s.Memory += c.memory.Load()
		s.Stuck += int(slot.stuck.Load())
		s.Mailbox[i] = len(slot.mailbox)
		for d := range pelton.DecisionAwait + 1 {
			s.Verdicts[d] += c.verdicts[d].Load()
		}
	}
	for len(s.Took) > 0 && s.Took[len(s.Took)-1] == 0 {
		s.Took = s.Took[:len(s.Took)-1]
	}
	return s
}
