package actor

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/peltonhq/pelton"
)

// Delivery is one message offered to one plugin in one turn.
//
//pelton:lends it carries the view to the plugin
type Delivery struct {
	View  pelton.View // lent for the turn
	Token uint64      // the loop's handle
	// After is the index in the turn of the delivery of the same key that comes before this one, or -1. If that one
	// is not acked or dead, this one must not be offered: its verdict stays DecisionNone (D3).
	After int32
	// Response is the answer to the request that this delivery awaited, made by the version of revision Asker; nil
	// for none. Runtimes ask [Turn.Response].
	Response *pelton.Response
	Asker    int
}

// Outcome is what became of one delivery.
type Outcome struct {
	Verdict pelton.Verdict
	Fault   *Fault // set if this very delivery made the plugin fail; the verdict is then meaningless
	// Revision is of the version that decided or failed; 0 means Turn.Revision.
	Revision int
}

// Emitted is one emit of a turn, in the order in which the plugin made them.
type Emitted struct {
	pelton.Emit

	Delivery int // index in Turn.Deliveries
}

// Settlement is a plugin's late decision on a delivery that it held earlier, by its token ("delivery/attempt"). It is
// an effect of the delivery during which it was made: an actor hands on those of acked deliveries only (E1).
type Settlement struct {
	Delivery int // index in Turn.Deliveries of the delivery that settled
	Token    string
	Verdict  pelton.Verdict
	Emits    []pelton.Emit
}

// Turn is a batch of deliveries on its way through an actor. The loop owns it, lends it to the actor with Offer and
// has it back in Reply; it is reused, so an actor keeps nothing of it. Emits are owned copies (E1).
type Turn struct {
	uses

	Deliveries  []Delivery //pelton:lends the loop lends them anew for each offer
	Outcomes    []Outcome  // same length as Deliveries
	Emits       []Emitted
	Settlements []Settlement
	Lost        bool          // the actor was closed before it ran the turn: nothing of it was decided
	Plain       bool          // every delivery was acked, and nothing was put out: nothing else needs to be looked at
	Brief       bool          // set by who offers it: a plain turn needs no outcomes
	Revision    int           // of the version that answered
	Took        time.Duration // in the plugin, all its steps together
	Reply       func(t *Turn) // called once on the actor's goroutine; must not block
	buffer      []byte
	budget      []int64 // bytes each delivery may still emit; empty before the first emit
	limit       int64   // of the budget
	blank       bool    // no outcome was set
}

// Reset empties the turn for another batch; emits handed out before stay valid, since their bytes are not reused.
func (t *Turn) Reset() {
	clear(t.Deliveries)
	t.Deliveries, t.Lost, t.before = t.Deliveries[:0], false, nil
	t.Begin(0)
}

// Begin prepares the outcomes for a run of the turn's deliveries, dropping what an earlier run left; limit is
// Limits.Output. A run over the same turn starts anew with Begin.
func (t *Turn) Begin(limit int64) {
	if !t.blank {
		clear(t.Outcomes)
	}
	n := len(t.Deliveries)
	if cap(t.Outcomes) < n {
		t.Outcomes = make([]Outcome, n)
	}
	t.Outcomes, t.budget, t.limit = t.Outcomes[:n], t.budget[:0], limit
	clear(t.Emits)
	t.Emits, t.Settlements, t.Plain, t.blank = t.Emits[:0], nil, false, false
	t.uses.begin()
}

// Acked notes that the first n deliveries were acked, for a runtime that tells of many at once: those of a plain turn that
// is brief cost nothing then.
func (t *Turn) Acked(n int) {
	if t.Brief && n == len(t.Deliveries) && len(t.Emits)+len(t.Settlements)+len(t.Changes)+len(t.Requests) == 0 {
		t.Plain, t.blank = true, true
		return
	}
	for i := range n {
		t.Outcomes[i].Verdict.Decision = pelton.DecisionAck // Begin cleared the rest
	}
}

// Ready reports whether delivery i may be offered: the delivery it comes after is acked or dead (D3).
func (t *Turn) Ready(i int) bool {
	after := t.Deliveries[i].After
	if after < 0 {
		return true
	}
	o := t.Outcomes[after]
	return o.Fault == nil && (o.Verdict.Decision == pelton.DecisionAck || o.Verdict.Decision == pelton.DecisionDead)
}

// Emit copies one emit of delivery i into the turn's outbox. The error, a *Fault, says that the outbox is full, or that
// there is no such delivery.
func (t *Turn) Emit(i int, e pelton.Emit) error {
	if err := t.charge(i, emitCost+len(e.Key)+len(e.Payload)+len(e.ContentType)); err != nil {
		return err
	}
	e.Key, e.Payload = t.own(e.Key), t.own(e.Payload)
	t.Emits = append(t.Emits, Emitted{Delivery: i, Emit: e})
	return nil
}

// Settle copies one settlement into the turn, within the same bound as the emits of its delivery.
func (t *Turn) Settle(s Settlement) error {
	size := emitCost + len(s.Token) + len(s.Verdict.Reason)
	for _, e := range s.Emits {
		size += emitCost + len(e.Key) + len(e.Payload) + len(e.ContentType)
	}
	if err := t.charge(s.Delivery, size); err != nil {
		return err
	}
	emits := slices.Clone(s.Emits)
	for i := range emits {
		emits[i].Key, emits[i].Payload = t.own(emits[i].Key), t.own(emits[i].Payload)
	}
	s.Emits = emits
	t.Settlements = append(t.Settlements, s)
	return nil
}

// charge takes size from what delivery i may still emit. The outbox stays full once it was: a smaller emit after one
// that did not fit would change their order.
func (t *Turn) charge(i, size int) error {
	if n := len(t.Outcomes); len(t.budget) < n {
		t.budget = slices.Grow(t.budget, n)[:n]
		for k := range t.budget {
			t.budget[k] = t.limit
		}
	}
	if i < 0 || i >= len(t.budget) {
		return &Fault{Kind: FaultMalformed, Err: fmt.Errorf("an emit names delivery %d of %d", i, len(t.budget))}
	}
	if t.budget[i] < 0 || t.budget[i] < int64(size) {
		t.budget[i] = -1
		return errOutput
	}
	t.budget[i] -= int64(size)
	return nil
}

// emitCost is charged to each emit beside its bytes, so that empty ones are bounded too (A2).
const emitCost = 32

var errOutput = &Fault{Kind: FaultOutput, Err: errors.New("emits of one message exceed limits.output")}

// own copies b into the current chunk. Chunks are never reused: what was emitted stays valid as long as somebody
// holds it, and costs one allocation per chunk rather than one per emit.
func (t *Turn) own(b []byte) []byte {
	if b == nil {
		return nil
	}
	if cap(t.buffer)-len(t.buffer) < len(b) {
		t.buffer = make([]byte, 0, max(chunk, len(b)))
	}
	start := len(t.buffer)
	t.buffer = append(t.buffer, b...)
	return t.buffer[start:len(t.buffer):len(t.buffer)]
}

const chunk = 16 << 10

// HoldToken names a delivery to plugin for a settlement after a verdict Hold: "delivery/attempt".
func HoldToken(plugin string, v *pelton.View) string {
	m := v.Meta()
	return m.MessageID().To(pelton.Target{Kind: pelton.TargetPlugin, Name: plugin}).String() + "/" + strconv.FormatUint(uint64(m.Attempt), 10)
}
