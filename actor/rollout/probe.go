package rollout

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/peltonhq/pelton/actor/health"
	"github.com/peltonhq/pelton/actor/shadow"
)

// Decision is what becomes of a version.
type Decision int32

// The decisions of a [Probe].
const (
	Undecided Decision = iota
	Upheld
	Revoked
)

// Probe watches a new version (W2).
type Probe struct {
	Revision int
	Strategy Strategy
	Route    *Route           // of a canary; it stays when that has all keys, since turns of before may be under way
	Recorder *shadow.Recorder // of a shadow
	Decided  chan struct{}    // closed with the decision
	Early    chan struct{}    // closed when the samples speak well of the version before the window ends

	decision atomic.Int32
	reason   string // set before Decided is closed

	mu sync.Mutex // taken once for a turn of a watched version
	account
}

// account is what a probe has seen.
type account struct {
	judge  health.Judge
	sides  [2]side
	begun  bool // the new version has run a turn, or runs it
	late   int  // looks behind the end at which it had not answered one
	streak int  // faults in a row of the new version
	steady bool
	state  State
	step   int // of a canary, from 0
	until  time.Time
}

// Side is one of the two versions.
type Side uint8

// The sides.
const (
	OldSide Side = iota
	NewSide
)

type side struct {
	health.Sample

	memory map[int]int64 // by instance
}

func (s *side) hold(instance int, bytes int64) {
	if s.memory == nil {
		s.memory = map[int]int64{}
	}
	s.memory[instance] = bytes
	s.Memory, s.Largest, s.Instances = 0, 0, len(s.memory)
	for _, n := range s.memory {
		s.Memory, s.Largest = s.Memory+n, max(s.Largest, n)
	}
}

// Turn is what a version did in one turn.
type Turn struct {
	Instance, Deliveries, Errors int
	Memory                       int64
	Took                         time.Duration
	Fault                        error // of the one delivery of the turn, when it was an error without a verdict
	Trap, Timeout                bool  // what the fault is
}

const streakLimit = 3 // faults in a row that revoke a version whatever its rate

// New makes the probe of a revision that begins in a state: [StateShadow], or another for a version that is to do work.
func New(revision int, s Strategy, p health.Policy, state State) *Probe {
	b := &Probe{
		Revision: revision, Strategy: s, Decided: make(chan struct{}), Early: make(chan struct{}),
		account: account{judge: health.Judge{Policy: p}, state: state},
	}
	switch {
	case state == StateShadow:
		b.Recorder = new(shadow.Recorder)
	case s.Kind == Canary:
		b.Route, b.state = newRoute(&s), StateCanary
	}
	return b
}

// Record notes a turn. It reports whether this very turn revoked the version.
func (p *Probe) Record(of Side, t *Turn) bool {
	if p.Decision() != Undecided {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	s := &p.sides[of]
	s.hold(t.Instance, t.Memory)
	s.Add(t.Deliveries, t.Errors, t.Took)
	if t.Trap || t.Timeout {
		s.Fault(t.Timeout)
	}
	if of == OldSide || t.Deliveries == 0 {
		return false
	}
	if t.Fault == nil {
		p.streak = 0
	} else {
		p.streak++
		switch {
		case s.Deliveries == 1:
			return p.Decide(Revoked, fmt.Sprintf("the first delivery failed: %v", t.Fault))
		case p.streak >= streakLimit:
			return p.Decide(Revoked, fmt.Sprintf("%d deliveries in a row failed: %v", p.streak, t.Fault))
		}
	}
	if reason := p.judge.Rate(&s.Sample); reason != "" {
		if t.Fault != nil {
			reason += "; the last: " + t.Fault.Error()
		}
		return p.Decide(Revoked, reason)
	}
	if !p.steady && p.judge.Steady(&s.Sample) {
		p.steady = true
		close(p.Early)
	}
	return false
}

// Begin notes that the new version runs a turn.
func (p *Probe) Begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.begun = true
}

// Pending reports, at the end of a state or step, whether the new version is still at its first delivery: nothing speaks for
// it yet, as where it hangs and its time is longer than the window. After so many looks it is revoked.
func (p *Probe) Pending(looks int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.begun || p.sides[NewSide].Deliveries > 0 || p.Decision() != Undecided {
		return false
	}
	if p.late++; p.late > looks {
		p.Decide(Revoked, "it did not answer its first delivery")
		return false
	}
	return true
}

// Baseline adds what an instance of the old version did before.
func (p *Probe) Baseline(s *health.Sample, instance int, bytes int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sides[OldSide].Merge(s)
	p.sides[OldSide].hold(instance, bytes)
}

// Look compares the versions; a breach revokes the new one. last says that no other look follows.
func (p *Probe) Look(last bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if reason := p.judge.Look(&p.sides[OldSide].Sample, &p.sides[NewSide].Sample, last); reason != "" {
		p.Decide(Revoked, reason)
	}
}

// Span is how long the state or step is.
func (p *Probe) Span() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch p.state {
	case StateShadow:
		return p.Strategy.For
	case StateCanary:
		return p.Strategy.Hold
	}
	return p.judge.Window
}

// Until notes when the state or step ends.
func (p *Probe) Until(t time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.until = t
}

// Next begins the next step of a canary; false after the last, when the version has all keys.
func (p *Probe) Next() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.step++
	if p.step < len(p.Strategy.Percent) {
		p.Route.widen(p.Strategy.Percent[p.step])
		return true
	}
	p.state = StateProbing
	p.Route.all.Store(true)
	return false
}

// State is loading's successor that the version is in.
func (p *Probe) State() State {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state
}

// Comparing reports whether the versions are side by side.
func (p *Probe) Comparing() bool { return p.State() != StateProbing }

// Figures are those so far.
func (p *Probe) Figures() *Figures {
	p.mu.Lock()
	defer p.mu.Unlock()
	f := &Figures{Old: p.sides[OldSide].Sample, New: p.sides[NewSide].Sample}
	if p.Recorder != nil {
		report := p.Recorder.Report()
		f.Shadow = &report
	}
	return f
}

// Progress tells how far it has come.
func (p *Probe) Progress() *Progress {
	r := &Progress{Strategy: p.Strategy.Kind, Revision: p.Revision, Figures: *p.Figures()}
	p.mu.Lock()
	defer p.mu.Unlock()
	r.State, r.Until = p.state, p.until
	if r.State == StateCanary {
		r.Step, r.Percent = p.step+1, p.Strategy.Percent[p.step]
	}
	return r
}

// Words tell of the state, for people; empty when there is nothing to tell.
func (p *Probe) Words() string {
	switch r := p.Progress(); {
	case r.State == StateShadow:
		return fmt.Sprintf("for %v", p.Strategy.For)
	case r.State != StateCanary:
		return ""
	case len(p.Strategy.Keys) > 0:
		return fmt.Sprintf("%d named keys for %v", len(p.Strategy.Keys), p.Strategy.Hold)
	default:
		return fmt.Sprintf("step %d of %d: %v %% of the keys for %v", r.Step, len(p.Strategy.Percent), r.Percent, p.Strategy.Hold)
	}
}

// Decision is what was decided.
func (p *Probe) Decision() Decision { return Decision(p.decision.Load()) }

// Decide ends the probe; only the first decision counts.
func (p *Probe) Decide(d Decision, reason string) bool {
	if !p.decision.CompareAndSwap(int32(Undecided), int32(d)) {
		return false
	}
	p.reason = reason
	close(p.Decided)
	return true
}

// Reason is why, once Decided is closed.
func (p *Probe) Reason() string {
	<-p.Decided
	return p.reason
}

// Passed says why a version does not come in after its shadow; nil: it may. The shadow is decided.
func (p *Probe) Passed(r *shadow.Report) error {
	told := fmt.Sprintf("%d of %d compared messages were answered differently (%d verdicts, %d emits, %d errors; %d messages skipped)",
		r.Different, r.Compared, r.Verdicts, r.Emits, r.Errors, r.Skipped)
	switch {
	case p.Decision() == Revoked:
		return fmt.Errorf("in its shadow: %s; %s", p.Reason(), told)
	case !p.Strategy.Promote:
		return fmt.Errorf("dropped after its shadow, as then: drop says; %s", told)
	case r.Compared < uint64(max(p.judge.MinSamples, 1)):
		return fmt.Errorf("its shadow saw too little: min_samples is %d; %s", p.judge.MinSamples, told)
	case r.Rate() > p.Strategy.MaxDiff:
		return fmt.Errorf("%s, more than max_diff %v", told, p.Strategy.MaxDiff)
	}
	return nil
}
