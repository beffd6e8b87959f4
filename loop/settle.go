package loop

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/delivery"
	"github.com/peltonhq/pelton/delivery/lot"
	"github.com/peltonhq/pelton/store"
)

// ErrNotHeld says that a token settles nothing: the delivery was settled, its lease ended, or it never was.
var ErrNotHeld = errors.New("the token holds no delivery")

// settle is a decision from outside on a held delivery, on its way to the lot's reader.
type settle struct {
	id       pelton.EffectID
	attempt  uint32
	decision delivery.Decision
	answer   chan<- error
}

// Settle ends a held delivery of this lane by its token (D1). It waits until an ack or a dead letter is durable; a retry
// or another wait counts from now. The error is [ErrNotHeld] when the token is not, or no longer, the delivery's, and
// [ErrClosed].
func (l *Loop) Settle(ctx context.Context, id pelton.EffectID, attempt uint32, d delivery.Decision) error {
	answer := make(chan error, 1)
	s := settle{id: id, attempt: attempt, decision: d, answer: answer}
	if !l.Do(func() { l.parked.request(s) }) { // by the loop: what was decided before is on its way to the store then
		return l.closed()
	}
	return l.await(ctx, answer)
}

func (l *Loop) closed() error { return fmt.Errorf("lane %s: %w", l.o.ID, ErrClosed) }

func (l *Loop) await(ctx context.Context, answer <-chan error) error {
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-l.broken:
	case <-l.done:
	}
	select {
	case err := <-answer: // it came before the end
		return err
	default:
		return l.closed()
	}
}

func (p *parked) request(s settle) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		s.answer <- p.loop.closed()
		return
	}
	p.settles = append(p.settles, s)
	p.ask()
}

// wait keeps a settlement until the write of its record that is on its way is durable; false when there is none.
func (p *parked) wait(s *settle) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, writing := p.writing[s.id]
	if writing = writing || p.out[s.id] == byChange; writing {
		p.settles = append(p.settles, *s)
	}
	return writing
}

// end answers what nobody will look at any more.
func (p *parked) end() {
	p.mu.Lock()
	p.ended = true
	settles := p.settles
	p.settles = nil
	p.mu.Unlock()
	p.refuse(settles)
}

func (p *parked) refuse(settles []settle) {
	for i := range settles {
		settles[i].answer <- p.loop.closed()
	}
}

// settle looks a held record up and sends it to the loop with its decision.
func (p *parked) settle(ctx context.Context, s *settle) error {
	if p.wait(s) { // before the look, since what lands after it is not missed then
		return nil
	}
	e, err := p.pick(s.id)
	if err != nil {
		s.answer <- err
		return err
	}
	if e == nil && p.wait(s) {
		return nil
	}
	if e == nil || e.Kind != delivery.KindHold || e.Attempt != s.attempt || !p.loop.configured(s.id.Target) {
		if e != nil {
			p.putBack(s.id)
		}
		s.answer <- fmt.Errorf("%s attempt %d: %w", s.id, s.attempt, ErrNotHeld)
		return nil
	}
	d := &s.decision
	d.Time, d.Trace = e.Time, e.Trace
	final := d.Verdict.Decision == pelton.DecisionAck || d.Verdict.Decision == pelton.DecisionDead
	if final {
		p.mu.Lock()
		p.answers[s.id] = s.answer
		p.mu.Unlock()
	}
	if err := p.bring(ctx, e, d); err != nil {
		if !final {
			s.answer <- p.loop.closed()
		}
		return err
	}
	if !final {
		s.answer <- nil
	}
	return nil
}

func (l *Loop) configured(t pelton.Target) bool {
	return slices.ContainsFunc(l.o.Graph.Plugins, func(p delivery.Plugin) bool { return t.Kind == pelton.TargetPlugin && p.Name == t.Name })
}

// Act changes the lot or the dead letters of this lane from outside: change is called on the loop and what it returns is
// made durable in the journal's order. out tells it whether a record is out of the lot at that moment; one that is not
// stays in until the change is durable.
func (l *Loop) Act(ctx context.Context, change func(out func(pelton.EffectID) bool) ([]store.Record, error)) error {
	answer := make(chan error, 1)
	if !l.Do(func() { l.act(change, answer) }) {
		return l.closed()
	}
	return l.await(ctx, answer)
}

func (l *Loop) act(change func(func(pelton.EffectID) bool) ([]store.Record, error), answer chan<- error) {
	var kept []pelton.EffectID
	now := time.Now() // what change makes due is not due before
	records, err := change(func(id pelton.EffectID) bool {
		if slices.Contains(kept, id) {
			return false
		}
		if !l.parked.take(id, byChange) {
			return true
		}
		kept = append(kept, id)
		return false
	})
	end := func() {
		for _, id := range kept {
			if _, err := lot.Get(l.o.Store, id); errors.Is(err, store.ErrNotFound) {
				l.ledger.Dropped(id)
			}
		}
		l.parked.putBack(kept...)
		l.parked.entered(now)
		l.parked.ask()
		answer <- err
	}
	if err != nil || len(records) == 0 {
		end()
		return
	}
	l.journal.append(records, end)
}
