package actor

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/peltonhq/pelton/actor/guard"
	"github.com/peltonhq/pelton/actor/health"
	"github.com/peltonhq/pelton/actor/rollout"
)

// actor is the goroutine that serves a mailbox and owns the instances at it: the one that works and, during a probe,
// that of the old version, which is paused or, in a canary, has its share.
type actor struct {
	slot    *slot
	current *seat
	paused  *seat // of the old version; nil outside a probe
	probe   *probe
	shade   *shade        // of a shadow under way
	idle    bool          // the plugin is paused
	running *seat         // whose instance runs a turn
	turn    atomic.Uint64 // odd while a turn runs; stuck once another actor took over
	limit   *guard.Guard
	job     *job // reused for turns from the mailbox
}

const stuck = ^uint64(0)

func newActor(s *slot) *actor {
	a := &actor{slot: s, job: new(job)}
	a.limit = guard.New(a.takeover)
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
		if !j.done() {
			j.abandon(a.slot)
		} else if wrong := j.finish(a.slot, a.shade); wrong > 0 && a.probe == nil && a.shade == nil {
			a.current.recent.Wrong(wrong)
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
		if a.idle {
			<-s.wake
			continue
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
		case f := <-s.folds:
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

// seatFor gives the seat that runs the job's next step, with an instance; nil when the plugin closes.
func (a *actor) seatFor(j *job) *seat {
	for {
		if a.boundary() {
			return nil
		}
		s := a.pick(j)
		if s.instance != nil {
			return s
		}
		a.replace(s)
	}
}

// pick divides a job in a canary; what failed in a probe is run by the old version.
func (a *actor) pick(j *job) *seat {
	if j.phase == phaseBatch && a.probe != nil && a.probe.Route != nil {
		j.divide(a.probe.Route, a.current.version.Limits.Output)
	}
	switch {
	case a.paused == nil:
	case j.phase == phaseRedo, j.route != nil && j.route == a.probe.Route && j.old():
		return a.paused
	}
	return a.current
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
	arrivals := s.arrivals
	s.arrivals = nil
	a.idle = s.plugin.idle
	closing = s.plugin.closed || s.over
	shade, lift := s.cast, s.lift
	s.cast, s.lift = nil, false
	s.plugin.mu.Unlock()
	for _, h := range arrivals {
		a.settle()
		a.takeIn(h)
	}
	a.settle()
	if lift {
		a.shade = nil
	}
	if shade != nil {
		a.follow(shade)
	}
	if closing {
		s.attention.Store(true) // closing is for good
	}
	return closing
}

// takeIn changes over to a new version, which is given the state of the old one if it is to have it.
func (a *actor) takeIn(h arrival) {
	sample := a.current.recent.Sample()
	if h.probe.Route != nil {
		sample = health.Sample{} // the old version goes on beside it
	}
	h.probe.Baseline(&sample, a.slot.index, a.current.memory())
	a.paused, a.current, a.probe = a.current, h.seat, h.probe
	if err := a.transfer(a.paused, a.current); err != nil {
		a.slot.plugin.fallback(h.probe, a.slot.index, err)
	}
}

// settle ends a probe that is decided: the paused instance resumes as it was, or is closed.
func (a *actor) settle() {
	if a.probe == nil {
		return
	}
	gone := a.paused
	switch a.probe.Decision() {
	case rollout.Undecided:
		return
	case rollout.Revoked:
		gone, a.current = a.current, a.paused
	}
	a.paused, a.probe = nil, nil
	a.slot.plugin.dispose(gone.version, gone.instance)
	gone.instance = nil
}

// replace starts a new instance for a seat whose own broke. It gives up when the actor is called.
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
	ctx, cancel := context.WithTimeout(context.Background(), a.grace(s))
	defer cancel()
	i, woken, err := p.begin(ctx, s.version, a.slot.env).Wait(a.slot.wake)
	switch {
	case woken:
	case err != nil:
		s.fail()
		if probe := a.judges(s); probe != nil && probe.Decide(rollout.Revoked, fmt.Sprintf("it did not start again: %v", err)) {
			p.callAll()
		}
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

// grace is how long a start may take. The old version could do a watched one's work: that has not much longer than at first.
func (a *actor) grace(s *seat) time.Duration {
	limit := a.slot.plugin.options.SwapTimeout
	if a.judges(s) != nil {
		return min(limit, max(time.Second, 10*s.version.took))
	}
	return limit
}

// judges gives the probe by which the version of a seat is judged; nil when it is not new.
func (a *actor) judges(s *seat) *probe {
	switch {
	case s != a.current:
		return nil
	case a.slot.of != nil:
		return a.slot.of.probe
	}
	return a.probe
}

// step runs one turn of an instance; false when it was given up before it returned.
func (a *actor) step(j *job, s *seat) bool {
	p := a.slot.plugin
	a.running = s
	redo := j.phase == phaseRedo
	if redo {
		a.slot.counters.redelivered.Add(1)
	}
	if a.probe != nil && j.turn != nil {
		j.turn.Brief = false // the probe looks at each outcome
	}
	if probe := a.judges(s); probe != nil {
		probe.Begin()
	}
	n := a.turn.Add(1)
	a.limit.Arm(n, time.Duration(s.version.Limits.Time))
	err := j.run(a.limit, s)
	took, at := a.limit.Disarm()
	a.slot.counters.spend(took, j.load())
	if j.turn != nil {
		j.turn.Took += took
	}
	if !a.turn.CompareAndSwap(n, n+1) {
		j.forget()
		j.result(errStuck, s, a.probe)
		j.move()
		return false
	}
	var fault *Fault
	if j.result(err, s, a.probe) {
		fault = err
	}
	if !redo && a.record(j, s, fault, took) {
		p.callAll()
	}
	s.recent.Add(at, p.terms.Load().health.Window, j.load(), 0, took)
	a.account(s, err)
	j.move()
	return true
}

// record notes a step for the health of a version that is watched; it reports whether that revoked the new one.
func (a *actor) record(j *job, s *seat, fault *Fault, took time.Duration) bool {
	probe, side := a.judges(s), rollout.NewSide
	switch {
	case probe != nil:
	case a.shade != nil:
		probe, side = a.shade.probe, rollout.OldSide
	case s == a.paused && a.probe.Route != nil:
		probe, side = a.probe, rollout.OldSide
	default:
		return false
	}
	n, wrong := j.count()
	s.recent.Wrong(wrong)
	t := told(fault, a.slot.index, n, wrong, took)
	t.Memory = s.memory()
	return probe.Record(side, t)
}

// told is a turn for a probe; fault is that of its one delivery.
func told(fault *Fault, instance, n, wrong int, took time.Duration) *rollout.Turn {
	t := &rollout.Turn{Instance: instance, Deliveries: n, Errors: wrong, Took: took}
	if fault != nil {
		t.Fault, t.Trap, t.Timeout = fault, fault.Kind == FaultTrap, fault.Kind == FaultTimeout
	}
	return t
}

// account replaces a broken instance and notes the memory of a whole one.
func (a *actor) account(s *seat, err *Fault) {
	if err != nil && (err.Kind == FaultTrap || err.Kind == FaultTimeout) {
		s.recent.Fault(err.Kind == FaultTimeout)
	}
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
	}
	if s == a.current || a.probe.Route != nil {
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
