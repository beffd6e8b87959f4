package loop

import (
	"bytes"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/internal/tap"
)

// What is tapped is copied here, on the loop and before anything is released: a sample aliases no arena (S3).

// tapMessage shows a message that came from the source.
func (l *Loop) tapMessage(loan *pelton.Loan) {
	l.o.Tap.At(tap.Source, l.o.ID.Source, func(t *tap.Tap) {
		if t.Takes(loan.Key, l.now) {
			t.Put(l.sampled(&loan.Meta, loan.Key, loan.Payload, t.Payload()))
		}
	})
}

// sampled copies a message, its payload up to most bytes.
func (l *Loop) sampled(m *pelton.Meta, key, payload []byte, most int) tap.Sample {
	return tap.Sample{
		ID: m.MessageID().String(), Seen: l.now.UTC(), Time: m.Time, HasKey: key != nil, Key: bytes.Clone(key), Headers: m.Headers,
		Payload: tap.Cut(payload, most), Size: len(payload),
	}
}

// tapTurn shows the deliveries of a turn that came back, or what they put out.
func (l *Loop) tapTurn(t *turn) {
	if t.Lost {
		return
	}
	l.o.Tap.At(tap.Plugin, l.o.Graph.Plugins[t.plugin].Name, func(at *tap.Tap) {
		if at.Output() != "" {
			l.tapOutput(t, at)
			return
		}
		for i := range t.Deliveries {
			v := &t.Deliveries[i].View
			if (t.Plain || t.decided(i)) && at.Takes(v.Key(), l.now) {
				m := v.Meta()
				s := l.sampled(&m, v.Key(), v.Payload(), at.Payload())
				s.Decided = t.decision(i, at.Payload())
				at.Put(s)
			}
		}
	})
}

// decided reports whether the plugin got to a delivery.
func (t *turn) decided(i int) bool {
	o := &t.Outcomes[i]
	return o.Fault != nil || o.Verdict.Decision != pelton.DecisionNone
}

// decision copies what the plugin decided on a delivery.
func (t *turn) decision(i, most int) *tap.Decided {
	n := len(t.Deliveries)
	d := &tap.Decided{
		Verdict: pelton.DecisionAck.String(), Attempt: t.Deliveries[i].View.Attempt(), Revision: t.Revision,
		Took: t.Took / time.Duration(n), Turn: n,
	}
	if t.Plain {
		return d
	}
	o := &t.Outcomes[i]
	if o.Revision != 0 {
		d.Revision = o.Revision
	}
	if o.Fault != nil {
		d.Verdict, d.Fault = "", o.Fault.Error()
		return d
	}
	d.Verdict, d.Reason, d.After, d.Until = o.Verdict.Decision.String(), o.Verdict.Reason, o.Verdict.After, o.Verdict.Until
	for k := range t.Emits {
		if e := &t.Emits[k]; e.Delivery == i {
			d.Emits = append(d.Emits, emitted(e, most))
		}
	}
	return d
}

func emitted(e *actor.Emitted, most int) tap.Emit {
	s := tap.Emit{Output: e.Output, HasKey: e.Key != nil, Key: bytes.Clone(e.Key), Payload: tap.Cut(e.Payload, most), Size: len(e.Payload)}
	if s.Output == "" {
		s.Output = pelton.DefaultOutput
	}
	return s
}

// tapOutput shows the emits of acked deliveries to one output.
func (l *Loop) tapOutput(t *turn, at *tap.Tap) {
	plugin := l.o.Graph.Plugins[t.plugin].Name
	ordinals := make([]int, len(t.Deliveries))
	for k := range t.Emits {
		e := &t.Emits[k]
		ordinal := ordinals[e.Delivery]
		ordinals[e.Delivery]++
		o := &t.Outcomes[e.Delivery]
		if o.Fault != nil || o.Verdict.Decision != pelton.DecisionAck {
			continue
		}
		if name := emitted(e, 0).Output; name != at.Output() || !at.Takes(e.Key, l.now) {
			continue
		}
		m := t.Deliveries[e.Delivery].View.Meta()
		s := l.sampled(&m, e.Key, e.Payload, at.Payload())
		s.ID, s.Headers = m.MessageID().Emitted(plugin, ordinal).String(), nil
		at.Put(s)
	}
}

// tapEffects shows effects that a target took.
func (l *Loop) tapEffects(target int, taken []pelton.Effect) {
	to := l.o.Graph.Targets[target]
	kind := tap.Sink
	if to.Kind == pelton.TargetSession {
		kind = tap.Session
	}
	l.o.Tap.At(kind, to.Name, func(t *tap.Tap) {
		for i := range taken {
			if e := &taken[i]; t.Takes(e.Key, l.now) {
				s := l.sampled(&pelton.Meta{Time: e.Time}, e.Key, e.Payload, t.Payload())
				s.ID = e.ID.String()
				t.Put(s)
			}
		}
	})
}
