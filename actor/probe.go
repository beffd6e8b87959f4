package actor

import (
	"fmt"
	"sync/atomic"
)

// probe watches the first deliveries of a new version (W2). Actors record into it without a lock; whoever finds the
// breach decides, and every actor reads the decision before its next turn.
type probe struct {
	version  *version
	old      *version
	health   Health
	samples  atomic.Int64
	errors   atomic.Int64
	streak   atomic.Int64 // faults in a row
	decision atomic.Int32
	steady   atomic.Bool
	reason   string        // set before decided is closed
	decided  chan struct{} // closed with the decision
	early    chan struct{} // closed when the samples speak well of the version before the window ends
	answered chan struct{} // closed when a caller of Swap may be answered
	ended    chan struct{} // closed when everything that follows from the decision is done
}

const (
	undecided int32 = iota
	upheld
	revoked
)

const streakLimit = 3 // faults in a row that revoke a version whatever its rate

func newProbe(v, old *version, h Health) *probe {
	return &probe{
		version: v, old: old, health: h, decided: make(chan struct{}), early: make(chan struct{}),
		answered: make(chan struct{}), ended: make(chan struct{}),
	}
}

// record notes one decided delivery; wrong says it was an error, fault that it was one without a verdict. It reports
// whether this very delivery revoked the version.
func (p *probe) record(wrong bool, fault *Fault) bool {
	if p.decision.Load() != undecided {
		return false
	}
	n := p.samples.Add(1)
	errors := p.errors.Load()
	if wrong {
		errors = p.errors.Add(1)
	}
	if fault == nil {
		p.streak.Store(0)
	} else {
		streak := p.streak.Add(1)
		switch {
		case n == 1:
			return p.decide(revoked, fmt.Sprintf("the first delivery failed: %v", fault))
		case streak >= streakLimit:
			return p.decide(revoked, fmt.Sprintf("%d deliveries in a row failed: %v", streak, fault))
		}
	}
	allowed := max(p.health.MaxErrorRate, 0) * float64(n)
	if n < int64(p.health.MinSamples) {
		return false
	}
	if float64(errors) > allowed {
		return p.decide(revoked, p.rate(errors, n, fault))
	}
	if 2*float64(errors) <= allowed && p.steady.CompareAndSwap(false, true) {
		close(p.early)
	}
	return false
}

func (p *probe) rate(errors, n int64, fault *Fault) string {
	reason := fmt.Sprintf("%d of %d deliveries were errors, more than max_error_rate %v", errors, n, p.health.MaxErrorRate)
	if fault != nil {
		reason += "; the last: " + fault.Error()
	}
	return reason
}

// decide ends the probe; only the first decision counts.
func (p *probe) decide(d int32, reason string) bool {
	if !p.decision.CompareAndSwap(undecided, d) {
		return false
	}
	p.reason = reason
	close(p.decided)
	return true
}
