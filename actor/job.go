package actor

import (
	"context"
	"errors"
	"slices"

	"github.com/peltonhq/pelton/actor/rollout"
)

// phase is how a job is run next.
type phase uint8

const (
	phaseBatch  phase = iota // all of it in one turn
	phaseOld                 // in a canary: what the old version has, in one turn
	phaseNew                 // and what the new one has
	phaseSingle              // one by one, since a turn failed: the one at fault is found without trusting the guest
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
	at     int            // of phaseSingle and phaseRedo: the delivery that the next step runs
	failed bool           // a turn of several deliveries failed
	probes []*probe       // that its steps were part of; more than one if swaps follow fast
	route  *rollout.Route // of the canary that divides it; nil: none does
	fresh  []bool         // by delivery: the new version of that canary has it, to the end of the job
	group  []int          // of phaseOld and phaseNew: the deliveries of the next step
	sub    Turn           // of a part of the turn
}

// work is what a job does with its turn or fold.
type work interface {
	size() int
	clear(limit int64)
	ready(i int) bool
	after(i int) int // the delivery that i waits for, or -1
	batch(ctx context.Context, s *seat, limit int64) error
	part(ctx context.Context, s *seat, group []int, limit int64, sub *Turn) error
	blame(i int, f *Fault, revision int)
	undo(i int)         // nothing was decided on delivery i
	fault(i int) *Fault // of delivery i
	open(i int) bool    // delivery i was not decided
	wrong(i int) bool   // delivery i counts as an error for the health of its version
	revision(i int) int // that answered or failed
	routed(i int, r *rollout.Route) bool
}

func (j *job) work() work {
	if j.turn != nil {
		return j.turn
	}
	return j.fold
}

func (j *job) start() *job {
	j.phase, j.at, j.probes, j.route, j.failed = phaseBatch, 0, j.probes[:0], nil, false
	if j.turn != nil {
		j.turn.Took = 0
	}
	return j
}

func (j *job) done() bool { return j.phase == phaseDone }

// divide has a canary's two versions run their parts of the job.
func (j *job) divide(r *rollout.Route, limit int64) {
	w := j.work()
	w.clear(limit)
	j.route, j.fresh, j.phase = r, j.fresh[:0], phaseOld
	for i := range w.size() {
		j.fresh = append(j.fresh, w.routed(i, r))
	}
	j.choose(w)
}

// choose takes the deliveries of the next part; without any, the phase after it is next.
func (j *job) choose(w work) {
	for ; j.phase == phaseOld || j.phase == phaseNew; j.phase++ {
		j.group = j.group[:0]
		for i := range w.size() {
			if j.fresh[i] != (j.phase == phaseNew) || !w.open(i) {
				continue
			}
			if _, together := slices.BinarySearch(j.group, w.after(i)); together || w.ready(i) {
				j.group = append(j.group, i)
			}
		}
		if len(j.group) > 0 {
			return
		}
	}
	j.at = 0
	j.advance(w)
}

// old reports whether the next step is the old version's, in the canary that divides the job.
func (j *job) old() bool { return j.phase == phaseOld || j.phase == phaseSingle && !j.fresh[j.at] }

// run is one turn of the instance; a fault is an answer like any other.
func (j *job) run(ctx context.Context, s *seat) *Fault {
	w, limit := j.work(), s.version.Limits.Output
	var err error
	switch j.phase {
	case phaseBatch:
		w.clear(limit)
		err = w.batch(ctx, s, limit)
	case phaseOld, phaseNew:
		err = w.part(ctx, s, j.group, limit, &j.sub)
	default:
		j.group = append(j.group[:0], j.at)
		err = w.part(ctx, s, j.group, limit, &j.sub)
	}
	if err == nil {
		return nil
	}
	if f, ok := errors.AsType[*Fault](err); ok {
		return f
	}
	return &Fault{Kind: FaultMalformed, Broken: true, Err: err}
}

// forget drops what a step made that does not count; of a batch, result clears all.
func (j *job) forget() {
	for k := 0; j.phase != phaseBatch && k < len(j.group); k++ {
		j.work().undo(j.group[k])
	}
}

// result notes how a step ended, and whether a delivery is to blame for its fault.
func (j *job) result(f *Fault, s *seat, p *probe) (blamed bool) {
	if p != nil && s.version == p.version && !slices.Contains(j.probes, p) {
		j.probes = append(j.probes, p)
	}
	j.failed = false
	if f == nil {
		return false
	}
	w := j.work()
	if j.phase == phaseBatch {
		w.clear(0)
		j.group = append(j.group[:0], 0)
		if w.size() != 1 {
			j.failed = w.size() > 0 // else nobody is to blame
			return false
		}
	}
	if len(j.group) > 1 {
		j.failed = true
		return false
	}
	w.blame(j.group[0], f, s.version.Revision)
	return true
}

// count is how many deliveries the step decided, and how many of them were errors.
func (j *job) count() (n, wrong int) {
	w := j.work()
	for k := range j.load() {
		i := k
		switch {
		case j.failed:
			return 0, 0
		case j.phase != phaseBatch:
			i = j.group[k]
		case j.turn != nil && j.turn.Plain:
			return w.size(), 0
		}
		if w.wrong(i) {
			wrong++
		} else if w.open(i) {
			continue
		}
		n++
	}
	return n, wrong
}

// load is how many deliveries the step ran.
func (j *job) load() int {
	if j.phase == phaseBatch {
		return j.work().size()
	}
	return len(j.group)
}

// move chooses the step after the one that just ended.
func (j *job) move() {
	w := j.work()
	switch {
	case j.failed && w.size() > 0:
		j.phase, j.at = phaseSingle, 0
	case j.phase == phaseBatch:
		j.phase, j.at = phaseSingle, w.size()
	case j.phase == phaseOld || j.phase == phaseNew:
		j.phase++
		j.choose(w)
		return
	default:
		j.at++
	}
	j.advance(w)
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
		return w.open(i)
	}
	if p := j.probed(w, i); p != nil && p.Decision() != rollout.Upheld {
		w.undo(i)
	}
	return w.open(i)
}

// probed gives the probe that delivery i failed in, or that revoked its version: its error has had no effect yet.
func (j *job) probed(w work, i int) *probe {
	if !w.wrong(i) {
		return nil
	}
	for _, p := range j.probes {
		if p.version.Revision == w.revision(i) && (w.fault(i) != nil || p.Decision() == rollout.Revoked && !followed(w, i)) {
			return p
		}
	}
	return nil
}

// followed reports whether a delivery that comes after i is decided: i must not be run again then (D3).
func followed(w work, i int) bool {
	for k := i + 1; k < w.size(); k++ {
		if w.after(k) == i && !w.open(k) {
			return true
		}
	}
	return false
}

// finish hands the job back to whoever offered it, and tells how many of its deliveries were errors.
func (j *job) finish(s *slot, h *shade) (wrong int) {
	if j.turn != nil {
		t := j.turn
		j.turn = nil
		t.settle()
		t.await()
		wrong = s.counters.settle(t)
		if h != nil {
			h.take(t)
		}
		t.keep(s.env.KV)
		t.Reply(t)
		return wrong
	}
	f := j.fold
	j.fold = nil
	wrong = s.counters.fold(f)
	close(f.done)
	return wrong
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
			if j.turn.fault(i) != nil && j.probed(j.turn, i) != nil {
				j.turn.Outcomes[i] = Outcome{}
			}
		}
		j.finish(s, nil)
	}
}
