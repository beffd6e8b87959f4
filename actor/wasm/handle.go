package wasm

import (
	"context"
	"math"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
)

// Handle runs one turn that was begun, in as many calls as its deliveries need windows. limits.time bounds
// each delivery.
func (n *Instance) Handle(ctx context.Context, t *actor.Turn) error {
	if n.calls.handle == nil || n.declared.reducer {
		return malformed("the plugin is a reducer and handles no messages")
	}
	if cap(n.chunk.place) < len(t.Deliveries) {
		n.chunk.place = make([]int32, len(t.Deliveries))
	}
	n.chunk.place = n.chunk.place[:len(t.Deliveries)]
	if fault := n.begin(ctx, time.Duration(n.env.Limits.Time)); fault != nil {
		return fault
	}
	n.turn = t
	fault := n.handle(t)
	n.turn = nil
	return n.finish(fault)
}

// finish closes a turn.
func (n *Instance) finish(fault *actor.Fault) error {
	n.end()
	if fault == nil {
		return nil // a nil *Fault in an error would not be nil
	}
	return fault
}

func (n *Instance) handle(t *actor.Turn) *actor.Fault {
	for first := 0; first < len(t.Deliveries); {
		next, need := n.chunk.fill(n, t, first, n.declared.fields) // a field that the guest asks for now is in the next chunk
		if need > 0 {
			if fault := n.open(need); fault != nil {
				return fault
			}
			continue
		}
		first = next
		if len(n.chunk.order) == 0 {
			continue
		}
		if fault := n.run(t); fault != nil {
			return fault
		}
	}
	return nil
}

// run makes one call with one chunk and takes its verdicts.
func (n *Instance) run(t *actor.Turn) *actor.Fault {
	bytes := n.lent(len(n.chunk.order) * deliverySize)
	n.deadline.enter(bytes, deliverySize, decisionAt)
	if n.chunk.bytes.shown > 0 {
		n.window.overlay.enter()
	}
	status, fault := n.call(n.calls.handle, uint64(n.window.at), uint64(len(n.chunk.order)), 0)
	if n.env.Window != nil {
		n.leave(&n.chunk, fault != nil)
	}
	switch {
	case fault != nil:
		return fault
	case n.wrong.turn != nil:
		return n.wrong.turn
	case status != 0:
		return malformed("%s answered %d, want 0", exportHandle, status)
	}
	if len(n.chunk.order) == len(t.Deliveries) && !n.chunk.seen && acked(bytes) {
		fault = n.settled.settle(t)
		t.Acked(len(t.Deliveries))
		return fault
	}
	for place, i := range n.chunk.order {
		if fault := n.decide(t, int(i), (*descriptor)(bytes[place*deliverySize:])); fault != nil {
			return fault
		}
	}
	return n.settled.settle(t)
}

// acked reports whether every delivery of a whole turn was acked, as in most. Then nothing else needs to be looked at, nor who
// comes after whom.
func acked(table []byte) bool {
	for ; len(table) >= deliverySize; table = table[deliverySize:] {
		ref := (*descriptor)(table)
		if ref.get64(decisionAt) != uint64(pelton.DecisionAck) || ref.get32(84) != 0 { // decision, flags; a reason
			return false
		}
	}
	return true
}

// decide takes the verdict on delivery i out of its descriptor.
func (n *Instance) decide(t *actor.Turn, i int, ref *descriptor) *actor.Fault {
	decision, flags := ref.get32(decisionAt), ref.get32(68)
	if seen := t.Outcomes[i].Verdict.Decision; seen != 0 && uint32(seen) != decision { // seen by an import during the call
		return malformed("the plugin decided a message, used kv for another, and then decided it differently")
	}
	if !t.Ready(i) {
		if decision != 0 {
			return malformed("the plugin decided a message whose predecessor of the same key is not acked or dead")
		}
		return nil
	}
	v, fault := n.verdict(decision, flags, int64(ref.get64(72)), ref.get32(80), ref.get32(84))
	t.Outcomes[i].Verdict = v
	return fault
}

const (
	flagPass    = 1
	reasonLimit = 4 << 10 // bytes of a reason; the rest of it is cut
)

// verdict checks and translates what the guest decided.
func (n *Instance) verdict(decision, flags uint32, nanos int64, reason, size uint32) (pelton.Verdict, *actor.Fault) {
	v := pelton.Verdict{Decision: pelton.Decision(decision), Pass: flags == flagPass}
	switch {
	case decision > uint32(pelton.DecisionAwait):
		return v, malformed("decision %d is not one of the ABI's", decision)
	case decision == 0:
		return v, malformed("the plugin gave no verdict")
	case flags > flagPass:
		return v, malformed("flags %#x of a verdict are not of the ABI", flags)
	}
	switch v.Decision {
	case pelton.DecisionRetry, pelton.DecisionHold:
		if nanos < 0 {
			return v, malformed("%s asks for a negative time", v.Decision)
		}
		v.After = time.Duration(nanos)
	case pelton.DecisionDefer:
		v.Until = time.Unix(0, nanos).UTC()
	}
	if size > 0 {
		text, ok := n.read(reason, min(size, reasonLimit))
		if !ok {
			return v, malformed("the reason of a verdict is outside the module's memory")
		}
		v.Reason = clean(text)
	}
	return v, nil
}

// read is a part of the guest's memory, borrowed until its next call.
func (n *Instance) read(at, size uint32) ([]byte, bool) {
	if size == 0 {
		return nil, true
	}
	if size > math.MaxInt32 {
		return nil, false
	}
	return n.module.Memory().Read(at, size)
}
