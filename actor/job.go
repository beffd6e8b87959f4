package actor

import (
	"context"
	"errors"
	"slices"
)

// phase is how a job is run next.
type phase uint8

const (
	phaseBatch  phase = iota // all of it in one turn
	phaseSingle              // one by one, since the batch failed: the one at fault is found without trusting the guest
	phaseRedo                // those that failed in a probe, one by one, by the old version
	phaseDone
)

// errStuck is the fault of a turn whose instance did not come back in time.
var errStuck = &Fault{Kind: FaultTimeout, Broken: true, Err: errors.New("the turn went over limits.time and could not be stopped")}

// job is a turn or a fold on its way through an actor: a small state machine, so that it can stop between two steps
// for a swap, and go on with another actor when the first one is stuck.
type job struct {
	turn   *Turn // one of turn and fold is set
	fold   *fold
	phase  phase
	at     int      // of phaseSingle and phaseRedo: the delivery that the next step runs
	probes []*probe // that its steps were part of; more than one if swaps follow fast
	sub    Turn     // of one delivery, for phaseSingle and phaseRedo
}

// work is what a job does with its turn or fold.
type work interface {
	size() int
	clear(limit int64)
	ready(i int) bool
	batch(ctx context.Context, s *seat, limit int64) error
	single(ctx context.Context, s *seat, i int, limit int64, sub *Turn) error
	blame(i int, f *Fault, revision int)
	fault(i int) *Fault // of delivery i
	open(i int) bool    // delivery i was not decided
	wrong(i int) bool   // delivery i counts as an error for the health of its version
	revision(i int) int // that answered or failed
}

func (j *job) work() work {
	if j.turn != nil {
		return j.turn
	}
	return j.fold
}

func (j *job) start() *job {
	j.phase, j.at, j.probes = phaseBatch, 0, j.probes[:0]
	return j
}

func (j *job) done() bool { return j.phase == phaseDone }

// run is one turn of the instance; a fault is an answer like any other.
func (j *job) run(ctx context.Context, s *seat) *Fault {
	w, limit := j.work(), s.version.Limits.Output
	var err error
	if j.phase == phaseBatch {
		w.clear(limit)
		err = w.batch(ctx, s, limit)
	} else {
		err = w.single(ctx, s, j.at, limit, &j.sub)
	}
	if err == nil {
		return nil
	}
	if f, ok := errors.AsType[*Fault](err); ok {
		return f
	}
	return &Fault{Kind: FaultMalformed, Broken: true, Err: err}
}

// apply notes the result of a step and chooses the next one. mute keeps the result from the probe: the old version
// answered, or the fault was recorded before. It reports whether the result revoked the version.
func (j *job) apply(f *Fault, s *seat, p *probe, mute bool) (revoked bool) {
	w := j.work()
	if p != nil && s.version == p.version && !slices.Contains(j.probes, p) {
		j.probes = append(j.probes, p)
	}
	if mute {
		p = nil
	}
	if j.phase == phaseBatch {
		return j.applyBatch(w, f, s, p)
	}
	if f != nil {
		w.blame(j.at, f, s.version.Revision)
	}
	if p != nil {
		revoked = p.record(w.wrong(j.at), f)
	}
	j.at++
	j.advance(w)
	return revoked
}

func (j *job) applyBatch(w work, f *Fault, s *seat, p *probe) (revoked bool) {
	switch {
	case f == nil && p != nil:
		for i := range w.size() {
			if !w.open(i) {
				revoked = p.record(w.wrong(i), nil) || revoked
			}
		}
		fallthrough
	case f == nil:
		j.phase = phaseDone
		return revoked
	case w.size() == 0:
		j.phase = phaseDone // nobody to blame
		return false
	case w.size() > 1:
		w.clear(0)
		j.phase, j.at = phaseSingle, 0
	default:
		w.clear(0)
		w.blame(0, f, s.version.Revision)
		if p != nil {
			revoked = p.record(true, f)
		}
		j.phase, j.at = phaseSingle, 1
	}
	j.advance(w)
	return revoked
}

// advance moves at to the next delivery that is to be run, from phase to phase.
func (j *job) advance(w work) {
	for {
		for ; j.at < w.size(); j.at++ {
			if j.due(w, j.at) {
				return
			}
		}
		if j.phase == phaseRedo || len(j.probes) == 0 {
			j.phase = phaseDone
			return
		}
		j.phase, j.at = phaseRedo, 0
	}
}

func (j *job) due(w work, i int) bool {
	if !w.ready(i) {
		return false
	}
	if j.phase == phaseSingle {
		return true
	}
	if w.fault(i) == nil {
		return w.open(i) // it came after one that failed
	}
	p := j.probed(w, i)
	return p != nil && p.decision.Load() != upheld
}

// probed gives the probe that delivery i failed in; nil if it did not fail in one.
func (j *job) probed(w work, i int) *probe {
	if w.fault(i) == nil {
		return nil
	}
	for _, p := range j.probes {
		if p.version.Revision == w.revision(i) {
			return p
		}
	}
	return nil
}

// finish hands the job back to whoever offered it.
func (j *job) finish(s *slot) {
	if j.turn != nil {
		t := j.turn
		j.turn = nil
		t.settle()
		t.await()
		t.keep(s.plugin.options.Env.KV)
		s.counters.settle(t)
		t.Reply(t)
		return
	}
	f := j.fold
	j.fold = nil
	s.counters.fold(f)
	close(f.done)
}

// abandon hands back a job that the plugin closed over: deliveries that were decided stay so, but a fault of a probe is
// none, since the old version did not get to run it.
func (j *job) abandon(s *slot) {
	switch {
	case j.fold != nil:
		j.fold.err = ErrClosed
		close(j.fold.done)
		j.fold = nil
	case j.phase == phaseBatch:
		s.lose(j.turn)
		j.turn = nil
	default:
		for i := range j.turn.Outcomes {
			if j.probed(j.turn, i) != nil {
				j.turn.Outcomes[i] = Outcome{}
			}
		}
		j.finish(s)
	}
}
