package actor

import (
	"context"
	"errors"
	"fmt"

	"github.com/peltonhq/pelton"
)

// The methods of work on a turn.

func (t *Turn) size() int { return len(t.Deliveries) }

func (t *Turn) clear(limit int64) { t.Begin(limit) }

func (t *Turn) ready(i int) bool { return t.Ready(i) }

func (t *Turn) fault(i int) *Fault { return t.Outcomes[i].Fault }

func (t *Turn) open(i int) bool {
	return t.Outcomes[i].Fault == nil && t.Outcomes[i].Verdict.Decision == pelton.DecisionNone
}

// wrong follows the design's words: a fault, dead, or a retry at the first attempt is an error; defer and hold are not.
func (t *Turn) wrong(i int) bool {
	o := &t.Outcomes[i]
	switch o.Verdict.Decision {
	case pelton.DecisionDead:
		return true
	case pelton.DecisionRetry:
		return o.Fault != nil || t.Deliveries[i].View.Attempt() <= 1
	default:
		return o.Fault != nil
	}
}

func (t *Turn) revision(i int) int {
	if r := t.Outcomes[i].Revision; r != 0 {
		return r
	}
	return t.Revision
}

func (t *Turn) blame(i int, f *Fault, revision int) {
	t.Outcomes[i] = Outcome{Fault: f, Revision: revision}
	t.Revision = revision
}

func (t *Turn) batch(ctx context.Context, s *seat, _ int64) error {
	t.Revision = s.version.Revision
	if err := s.instance.Handle(ctx, t); err != nil {
		return err
	}
	return t.check(s.version.outputs)
}

// single runs delivery i as a turn of its own and takes its outcome over. Emits are moved, not copied: chunks are never
// reused.
func (t *Turn) single(ctx context.Context, s *seat, i int, limit int64, sub *Turn) error {
	defer sub.Reset() // an actor keeps nothing of a turn
	sub.Deliveries = append(sub.Deliveries, t.Deliveries[i])
	sub.Deliveries[0].After = -1
	sub.Begin(limit)
	sub.before, sub.Revision = t, s.version.Revision
	err := s.instance.Handle(ctx, sub)
	if err == nil {
		err = sub.check(s.version.outputs)
	}
	if err != nil {
		return err
	}
	t.Revision = s.version.Revision
	t.Outcomes[i] = sub.Outcomes[0]
	t.Outcomes[i].Revision = t.Revision
	for _, e := range sub.Emits {
		e.Delivery = i
		t.Emits = append(t.Emits, e)
	}
	for _, e := range sub.Settlements {
		e.Delivery = i
		t.Settlements = append(t.Settlements, e)
	}
	for _, c := range sub.Changes {
		c.Delivery = i
		t.Changes = append(t.Changes, c)
	}
	for _, r := range sub.Requests {
		r.Delivery = i
		t.Requests = append(t.Requests, r)
	}
	return nil
}

// check is the last guard of the contract, whatever the runtime let pass. An error is a *Fault; it stands for the
// whole run, as any other fault does.
func (t *Turn) check(outputs []pelton.Output) error {
	if t.Plain {
		return nil
	}
	for i := range t.Outcomes {
		d := t.Outcomes[i].Verdict.Decision
		if d == pelton.DecisionAck && t.Deliveries[i].After < 0 {
			continue
		}
		switch {
		case d > pelton.DecisionAwait:
			return malformed("verdict %d is not one of the contract", d)
		case d == pelton.DecisionNone && t.Ready(i):
			return malformed("a message has no verdict")
		case d != pelton.DecisionNone && !t.Ready(i):
			return malformed("a message was decided before the one of the same key that it waits for")
		}
	}
	for i := range t.Emits {
		e := &t.Emits[i]
		if e.Delivery < 0 || e.Delivery >= len(t.Deliveries) {
			return malformed("an emit names delivery %d of %d", e.Delivery, len(t.Deliveries))
		}
		if err := declared(&e.Emit, outputs); err != nil {
			return err
		}
	}
	for i := range t.Changes {
		if c := &t.Changes[i]; c.Delivery < 0 || c.Delivery >= len(t.Deliveries) {
			return malformed("a change of kv names delivery %d of %d", c.Delivery, len(t.Deliveries))
		}
	}
	if err := t.checkRequests(); err != nil {
		return err
	}
	for i := range t.Settlements {
		s := &t.Settlements[i]
		if s.Verdict.Decision == pelton.DecisionNone || s.Verdict.Decision > pelton.DecisionHold {
			return malformed("verdict %d of a settlement is not one of the contract", s.Verdict.Decision)
		}
		for k := range s.Emits {
			if err := declared(&s.Emits[k], outputs); err != nil {
				return err
			}
		}
	}
	return nil
}

func declared(e *pelton.Emit, outputs []pelton.Output) error {
	if e.Output == "" {
		e.Output = pelton.DefaultOutput
	}
	if !declares(outputs, e.Output) {
		return &Fault{Kind: FaultOutput, Err: fmt.Errorf("emit to output %q, which Init did not declare", e.Output)}
	}
	return nil
}

func malformed(format string, args ...any) *Fault {
	return &Fault{Kind: FaultMalformed, Err: fmt.Errorf(format, args...)}
}

// settle drops the settlements of deliveries that were not acked (E1).
func (t *Turn) settle() {
	kept := t.Settlements[:0]
	for _, s := range t.Settlements {
		if o := &t.Outcomes[s.Delivery]; o.Fault == nil && o.Verdict.Decision == pelton.DecisionAck {
			kept = append(kept, s)
		}
	}
	t.Settlements = kept
}

// fold is a batch of calls of a reducer on its way through an actor. The calls are a copy: the caller may give up
// waiting while a reducer still runs.
type fold struct {
	calls     []Call
	revisions []int
	err       error
	done      chan struct{}
}

func (f *fold) size() int { return len(f.calls) }

func (f *fold) clear(int64) {
	for i := range f.calls {
		c := &f.calls[i]
		c.Next, c.Err, c.ContentType = nil, nil, ""
	}
	clear(f.revisions)
}

func (f *fold) ready(int) bool { return true }

func (f *fold) open(i int) bool { return f.revisions[i] == 0 }

func (f *fold) wrong(i int) bool { return f.calls[i].Err != nil }

func (f *fold) revision(i int) int { return f.revisions[i] }

func (f *fold) fault(i int) *Fault {
	fault, _ := errors.AsType[*Fault](f.calls[i].Err)
	return fault
}

func (f *fold) blame(i int, fault *Fault, revision int) {
	f.calls[i].Next, f.calls[i].Err, f.revisions[i] = nil, fault, revision
}

func (f *fold) batch(ctx context.Context, s *seat, limit int64) error {
	return f.run(ctx, s, 0, len(f.calls), limit)
}

func (f *fold) single(ctx context.Context, s *seat, i int, limit int64, _ *Turn) error {
	return f.run(ctx, s, i, i+1, limit)
}

func (f *fold) run(ctx context.Context, s *seat, from, to int, limit int64) error {
	calls := f.calls[from:to]
	for i := range calls {
		calls[i].Err = nil
	}
	if err := s.instance.Reduce(ctx, calls); err != nil {
		return err
	}
	for i := range calls {
		if int64(len(calls[i].Next)) > limit {
			return &Fault{Kind: FaultOutput, Err: fmt.Errorf("a state of %d bytes exceeds limits.output", len(calls[i].Next))}
		}
		f.revisions[from+i] = s.version.Revision
	}
	return nil
}
