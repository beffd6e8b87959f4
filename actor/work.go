package actor

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor/launch"
	"github.com/peltonhq/pelton/actor/rollout"
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

// part runs some deliveries as a turn of their own and takes their outcomes over. Emits are moved, not copied: chunks are
// never reused.
func (t *Turn) part(ctx context.Context, s *seat, group []int, limit int64, sub *Turn) error {
	defer sub.Reset() // an actor keeps nothing of a turn
	for _, i := range group {
		d := t.Deliveries[i]
		d.After = -1
		if at, together := slices.BinarySearch(group, t.after(i)); together {
			d.After = int32(at)
		}
		sub.Deliveries = append(sub.Deliveries, d)
	}
	sub.Begin(limit)
	sub.before, sub.Revision = t, s.version.Revision
	err := s.instance.Handle(ctx, sub)
	if err == nil {
		err = sub.check(s.version.outputs)
	}
	if err != nil {
		return err
	}
	for i := range t.Outcomes { // what was decided before was by t.Revision
		if o := &t.Outcomes[i]; o.Revision == 0 && !t.open(i) {
			o.Revision = t.Revision
		}
	}
	t.Revision = s.version.Revision
	for k, i := range group {
		t.Outcomes[i] = sub.Outcomes[k]
		t.Outcomes[i].Revision = t.Revision
	}
	for _, e := range sub.Emits {
		e.Delivery = group[e.Delivery]
		t.Emits = append(t.Emits, e)
	}
	for _, e := range sub.Settlements {
		e.Delivery = group[e.Delivery]
		t.Settlements = append(t.Settlements, e)
	}
	for _, c := range sub.Changes {
		c.Delivery = group[c.Delivery]
		t.Changes = append(t.Changes, c)
	}
	for _, r := range sub.Requests {
		r.Delivery = group[r.Delivery]
		t.Requests = append(t.Requests, r)
	}
	return nil
}

func (t *Turn) after(i int) int { return int(t.Deliveries[i].After) }

// undo drops all that was made of delivery i.
func (t *Turn) undo(i int) {
	t.Outcomes[i] = Outcome{}
	t.Emits = slices.DeleteFunc(t.Emits, func(e Emitted) bool { return e.Delivery == i })
	t.Settlements = slices.DeleteFunc(t.Settlements, func(s Settlement) bool { return s.Delivery == i })
	t.Changes = slices.DeleteFunc(t.Changes, func(c Changed) bool { return c.Delivery == i })
	t.Requests = slices.DeleteFunc(t.Requests, func(r Asked) bool { return r.Delivery == i })
}

func (t *Turn) routed(i int, r *rollout.Route) bool {
	v := &t.Deliveries[i].View
	return r.Takes(v.Key(), v.Position())
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
	if !launch.Declares(outputs, e.Output) {
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
		f.undo(i)
	}
}

func (f *fold) ready(int) bool { return true }

func (f *fold) after(int) int { return -1 }

func (f *fold) routed(i int, r *rollout.Route) bool { return r.Takes(f.calls[i].Key, 0) }

func (f *fold) undo(i int) {
	c := &f.calls[i]
	c.Next, c.Err, c.ContentType, f.revisions[i] = nil, nil, "", 0
}

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
	if err := reduce(ctx, s, f.calls, limit); err != nil {
		return err
	}
	for i := range f.revisions {
		f.revisions[i] = s.version.Revision
	}
	return nil
}

func (f *fold) part(ctx context.Context, s *seat, group []int, limit int64, _ *Turn) error {
	calls := make([]Call, len(group))
	for k, i := range group {
		calls[k] = Call{Key: f.calls[i].Key, State: f.calls[i].State, Emit: f.calls[i].Emit}
	}
	if err := reduce(ctx, s, calls, limit); err != nil {
		return err
	}
	for k, i := range group {
		f.calls[i], f.revisions[i] = calls[k], s.version.Revision
	}
	return nil
}

func reduce(ctx context.Context, s *seat, calls []Call, limit int64) error {
	if err := s.instance.Reduce(ctx, calls); err != nil {
		return err
	}
	for i := range calls {
		if int64(len(calls[i].Next)) > limit {
			return &Fault{Kind: FaultOutput, Err: fmt.Errorf("a state of %d bytes exceeds limits.output", len(calls[i].Next))}
		}
	}
	return nil
}
