package loop

import (
	"time"

	"github.com/peltonhq/pelton"
)

// Tracer is told what happens to messages whose trace context is sampled. Its methods are called on the loop and must not
// block.
type Tracer interface {
	// Begin is the trace context of a message that came with none: a W3C traceparent, or empty when it is not sampled. It is
	// the same each time for the same message, so that one that is read again stays in its trace.
	Begin(id pelton.MessageID) string
	// Step tells of one thing that is over.
	Step(s Step)
}

// Step is one part of a message's way: it was received, a plugin decided on it, or one of its effects was completed.
type Step struct {
	Op         Op
	Trace      string           // context that it belongs to
	Message    pelton.MessageID // what it was done with
	Target     pelton.Target    // whose turn, or whose effect; of OpReceive it is zero
	Start, End time.Time        // of a turn, that is the time of its whole batch

	Revision int // of the plugin that decided, or emitted what was written; 0 when none did

	// Of OpHandle.

	Attempt uint32
	Verdict pelton.Decision // none when the message was not reached, or Failure is set

	Failure string // what went wrong; empty when nothing did
}

// Op says what a [Step] was.
type Op uint8

// The steps.
const (
	OpReceive Op = iota + 1 // the message was read
	OpHandle                // a plugin decided on it
	OpWrite                 // a session or sink has an effect of it, or refused it
)

// flight is an effect of a traced message that its target has not completed.
type flight struct {
	id    pelton.EffectID
	trace string
	made  int // revision that emitted it
	since time.Time
}

// sampled reports whether a traceparent, 00-TRACE-SPAN-FLAGS, has its flag "sampled" set.
func sampled(trace string) bool {
	const length = 55
	if len(trace) != length {
		return false
	}
	switch last := trace[length-1]; {
	case last >= '0' && last <= '9':
		return (last-'0')&1 == 1
	case last >= 'a' && last <= 'f':
		return (last-'a')&1 == 1
	}
	return false
}

// traceReceived gives a message that came without a trace one of its own, if it is sampled. Nobody else has seen the
// message yet, so its Meta may change.
func (l *Loop) traceReceived(m *pelton.Meta) {
	if m.Trace == "" {
		m.Trace = l.o.Tracer.Begin(m.MessageID())
	}
	if sampled(m.Trace) {
		l.o.Tracer.Step(Step{Op: OpReceive, Trace: m.Trace, Message: m.MessageID(), Start: l.now, End: l.now})
	}
}

// traceTurn tells of each traced delivery of a turn that came back.
func (l *Loop) traceTurn(t *turn) {
	if t.Lost {
		return
	}
	for i := range t.Deliveries {
		v := &t.Deliveries[i].View
		m := v.Meta()
		if !sampled(m.Trace) {
			continue
		}
		s := Step{
			Op: OpHandle, Trace: m.Trace, Message: m.MessageID(), Start: t.at, End: l.now,
			Target: pelton.Target{Kind: pelton.TargetPlugin, Name: l.o.Graph.Plugins[t.plugin].Name}, Attempt: v.Attempt(), Revision: t.Revision,
			Verdict: pelton.DecisionAck,
		}
		if !t.Plain {
			o := &t.Outcomes[i]
			s.Verdict = o.Verdict.Decision
			if o.Revision != 0 {
				s.Revision = o.Revision
			}
			switch {
			case o.Fault != nil:
				s.Verdict, s.Failure = pelton.DecisionNone, o.Fault.Error()
			case s.Verdict == pelton.DecisionDead:
				s.Failure = o.Verdict.Reason
			}
		}
		l.o.Tracer.Step(s)
	}
}

// traceOffered remembers the traced ones of the effects that a target took.
func (l *Loop) traceOffered(g *gate, taken []pelton.Effect) {
	for i := range taken {
		if e := &taken[i]; sampled(e.Trace) {
			if g.traced == nil {
				g.traced = map[uint64]flight{}
			}
			g.traced[e.Token] = flight{id: e.ID, trace: e.Trace, made: e.Revision, since: l.now}
		}
	}
}

// traceCompleted tells of a traced effect that its target completed.
func (l *Loop) traceCompleted(g *gate, token uint64, refused error) {
	f, ok := g.traced[token]
	if !ok {
		return
	}
	delete(g.traced, token)
	s := Step{Op: OpWrite, Trace: f.trace, Message: f.id.Message, Target: f.id.Target, Revision: f.made, Start: f.since, End: l.now}
	if refused != nil {
		s.Failure = refused.Error()
	}
	l.o.Tracer.Step(s)
}
