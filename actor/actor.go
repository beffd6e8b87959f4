package actor

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"
)

// actor is the goroutine that serves a mailbox and owns the instances at it: the one that works and, during a probe,
// the paused one of the old version.
type actor struct {
	slot    *slot
	current *seat
	paused  *seat // of the old version; nil outside a probe
	probe   *probe
	running *seat         // whose instance runs a turn
	turn    atomic.Uint64 // odd while a turn runs; stuck once another actor took over
	limit   *deadline
	job     *job // reused for turns from the mailbox
}

const stuck = ^uint64(0)

func newActor(s *slot) *actor {
	a := &actor{slot: s, job: new(job)}
	a.limit = newDeadline(a.takeover)
	return a
}

// serve runs until the plugin closes, or until a turn of this actor was given up as stuck.
func (a *actor) serve() {
	for {
		j := a.next()
		if j == nil {
			a.quit()
			return
		}
		if !a.work(j) {
			a.surrender(j)
			return
		}
		if j.done() {
			j.finish(a.slot)
		} else {
			j.abandon(a.slot)
		}
	}
}

// next waits for the next job; nil when the plugin closes.
func (a *actor) next() *job {
	s := a.slot
	for {
		if a.ready() == nil {
			return nil
		}
		if j := s.unfinished(); j != nil {
			return j
		}
		select { // of one channel it is cheap, of three it is not
		case t := <-s.mailbox:
			a.job.turn, a.job.fold = t, nil
			return a.job.start()
		default:
		}
		select {
		case t := <-s.mailbox:
			a.job.turn, a.job.fold = t, nil
			return a.job.start()
		case f := <-s.plugin.folds:
			a.job.turn, a.job.fold = nil, f
			return a.job.start()
		case <-s.wake:
		}
	}
}

// work runs a job to its end; false when the actor was given up on the way.
func (a *actor) work(j *job) bool {
	for !j.done() {
		s := a.seatFor(j)
		if s == nil {
			return true // the plugin closes: what is left stays undecided
		}
		if !a.step(j, s) {
			return false
		}
	}
	return true
}

// seatFor gives the seat that runs the job's next step: what failed in a probe is run by the old version.
func (a *actor) seatFor(j *job) *seat {
	for {
		s := a.ready()
		if s == nil || j.phase != phaseRedo || a.paused == nil {
			return s
		}
		if a.paused.instance != nil {
			return a.paused
		}
		a.replace(a.paused)
	}
}

// ready does what is to be done between two turns (W1) and gives the seat that works, with an instance; nil when the
// plugin closes.
func (a *actor) ready() *seat {
	for {
		if a.boundary() {
			return nil
		}
		if a.current.instance != nil {
			return a.current
		}
		a.replace(a.current)
	}
}

// boundary takes over a new version, ends a decided probe, and reports whether the plugin closes.
func (a *actor) boundary() (closing bool) {
	a.settle()
	s := a.slot
	if !s.attention.Load() {
		return false
	}
	s.attention.Store(false)
	s.plugin.mu.Lock()
	handovers := s.handovers
	s.handovers = nil
	closing = s.plugin.closed
	s.plugin.mu.Unlock()
	for _, h := range handovers {
		a.settle()
		a.paused, a.current, a.probe = a.current, h.seat, h.probe
	}
	a.settle()
	if closing {
		s.attention.Store(true) // closing is for good
	}
	return closing
}

// settle ends a probe that is decided: the paused instance resumes as it was, or is closed.
func (a *actor) settle() {
	if a.probe == nil {
		return
	}
	gone := a.paused
	switch a.probe.decision.Load() {
	case undecided:
		return
	case revoked:
		gone, a.current = a.current, a.paused
	}
	a.paused, a.probe = nil, nil
	a.slot.plugin.dispose(gone.version, gone.instance)
	gone.instance = nil
}

// replace starts a new instance for a seat whose own broke. It gives up when the actor is called; its caller then
// looks at what changed and comes back.
func (a *actor) replace(s *seat) {
	if s.pause != nil {
		select {
		case <-s.pause.C:
			s.pause = nil
		case <-a.slot.wake:
			return
		}
	}
	p := a.slot.plugin
	i, woken, err := p.begin(context.Background(), s.version).wait(a.slot.wake)
	switch {
	case woken:
	case err != nil:
		s.fail()
		p.tell(StateFailed, s.version, a.slot.index, err.Error())
	default:
		state, why := StateRestarted, s.full
		if why != "" {
			state = StateRecycled
		}
		s.seat(i)
		a.slot.counters.restarts.Add(1)
		p.tell(state, s.version, a.slot.index, why)
	}
}

// recycle gives up an instance that holds more memory than it should, since a guest's memory never shrinks. Its state in
// that memory is lost, as with any restart.
func (a *actor) recycle(s *seat) {
	l := s.version.Limits
	held := s.instance.Memory()
	if held <= s.mark(l) {
		return
	}
	a.slot.plugin.dispose(s.version, s.instance)
	s.instance, s.full = nil, fmt.Sprintf("it held %d bytes of memory, more than limits.recycle of %d", held, l.Recycle)
}

// step runs one turn of an instance; false when it was given up before it returned.
func (a *actor) step(j *job, s *seat) bool {
	p := a.slot.plugin
	a.running = s
	if a.probe != nil && j.turn != nil {
		j.turn.Brief = false // the probe looks at each outcome
	}
	if j.phase == phaseRedo {
		a.slot.counters.redelivered.Add(1)
	}
	n := a.turn.Add(1)
	a.limit.arm(n, time.Duration(s.version.Limits.Time))
	err := j.run(a.limit, s)
	took := a.limit.disarm()
	a.slot.counters.busy.Add(int64(took))
	if !a.turn.CompareAndSwap(n, n+1) {
		j.apply(errStuck, s, a.probe, true)
		return false
	}
	a.account(s, err)
	if j.apply(err, s, a.probe, s != a.current) {
		p.callAll()
	}
	return true
}

// account replaces a broken instance and notes the memory of a whole one.
func (a *actor) account(s *seat, err *Fault) {
	if err != nil && err.Broken {
		a.slot.plugin.dispose(s.version, s.instance)
		s.fail()
		a.slot.counters.memory.Store(0)
		return
	}
	if err == nil {
		s.succeed()
	}
	if s == a.current {
		a.slot.counters.memory.Store(s.instance.Memory())
		a.recycle(s)
	}
}

// quit answers what is queued and closes the instances.
func (a *actor) quit() {
	s, p := a.slot, a.slot.plugin
	for s.offering.Load() > 0 { // an Offer that saw the plugin open is about to put its turn into the mailbox
		runtime.Gosched()
	}
	for {
		select {
		case t := <-s.mailbox:
			s.lose(t)
			continue
		default:
		}
		break
	}
	for j := s.unfinished(); j != nil; j = s.unfinished() {
		j.abandon(s)
	}
	for _, seat := range []*seat{a.paused, a.current} {
		if seat != nil {
			p.dispose(seat.version, seat.instance)
		}
	}
}
