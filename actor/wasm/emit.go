package wasm

import (
	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
)

// emit(delivery, output, key, payload, content type) -> 0, or 1 if it was refused. The bytes are copied once, from
// the guest's memory into the turn. An emit that is refused fails the turn.
func (n *Instance) emit(stack []uint64) {
	delivery, output := int32(uint32(stack[0])), int32(uint32(stack[1]))
	e, ok := n.emission(stack[2:])
	result(stack, 1)
	switch {
	case !ok || n.wrong.turn != nil:
		return
	case output < 0 || int(output) >= len(n.declared.outputs):
		n.blame(overflow("emit to output %q, which the plugin does not declare", n.declared.missing))
		return
	}
	e.Output = n.declared.outputs[output].Name
	if delivery < 0 {
		if fault := n.settled.emit(-2-delivery, e); fault != nil {
			n.blame(fault)
			return
		}
		result(stack, 0)
		return
	}
	if n.delivery(delivery) == nil {
		return
	}
	if err := n.turn.Emit(int(n.chunk.order[delivery]), e); err != nil {
		n.blame(overflow("the emits of one message are more than limits.output of %s", bytesize(n.env.Limits.Output)))
		return
	}
	result(stack, 0)
}

// emission reads key, payload and content type, all borrowed from the guest but the last.
func (n *Instance) emission(stack []uint64) (e pelton.Emit, ok bool) {
	if uint32(stack[1]) != absent { //nolint:gocritic // an i32 of the guest in a 64-bit cell
		if e.Key, ok = n.bytes(stack, 0); !ok {
			return e, false
		}
		if e.Key == nil {
			e.Key = []byte{} // an empty key, unlike none
		}
	}
	if e.Payload, ok = n.bytes(stack, 2); !ok {
		return e, false
	}
	ctype, ok := n.bytes(stack, 4)
	if len(ctype) > contentTypeLimit {
		n.blame(malformed("a content type of %d bytes; at most %d", len(ctype), contentTypeLimit))
		return e, false
	}
	e.ContentType = n.contentType(ctype)
	return e, ok
}

// contentType is b as a string. A plugin uses the same few again and again, so the last one is kept.
func (n *Instance) contentType(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if n.declared.ctype != string(b) {
		n.declared.ctype = clean(b)
	}
	return n.declared.ctype
}

// settle(delivery, token, decision, flags, nanos, reason) -> the delivery number for its emits
func (n *Instance) settle(stack []uint64) {
	delivery := int32(uint32(stack[0]))
	token, ok := n.bytes(stack, 1)
	v, fault := n.verdict(uint32(stack[3]), uint32(stack[4]), int64(stack[5]), uint32(stack[6]), uint32(stack[7]))
	result(stack, -1)
	if !ok || n.wrong.turn != nil || n.delivery(delivery) == nil {
		return
	}
	if fault == nil && v.Decision == pelton.DecisionAwait {
		fault = malformed("a settlement can't await")
	}
	if fault != nil {
		n.blame(fault)
		return
	}
	s := actor.Settlement{Delivery: int(n.chunk.order[delivery]), Token: clean(token[:min(len(token), tokenLimit)]), Verdict: v}
	i, fault := n.settled.add(s, n.env.Limits.Output)
	if fault != nil {
		n.blame(fault)
		return
	}
	result(stack, -2-i)
}

const tokenLimit = 4 << 10 // bytes of a hold token; the rest is cut, and the token then names nothing

// held collects the settlements of a call, since the guest adds their emits one by one.
type held struct {
	settlements []actor.Settlement
	room        int64 // bytes that may still be collected
}

// settlementCost is charged beside the bytes, so that empty ones are bounded too (A2).
const settlementCost = 128

func (h *held) reset() { h.settlements, h.room = nil, 0 }

// add collects one, and returns its index. All settlements of a call share one limits.output here; the turn charges
// each to its delivery once more.
func (h *held) add(s actor.Settlement, limit int64) (int32, *actor.Fault) {
	if len(h.settlements) == 0 {
		h.room = limit
	}
	if fault := h.charge(len(s.Token) + len(s.Verdict.Reason)); fault != nil {
		return 0, fault
	}
	h.settlements = append(h.settlements, s)
	return int32(len(h.settlements) - 1), nil
}

func (h *held) charge(size int) *actor.Fault {
	if h.room -= settlementCost + int64(size); h.room < 0 {
		return overflow("the settlements of one call are more than limits.output")
	}
	return nil
}

// emit adds an emit to settlement i; what it borrows is copied.
func (h *held) emit(i int32, e pelton.Emit) *actor.Fault {
	if i < 0 || int(i) >= len(h.settlements) {
		return malformed("emit: no settlement has the number %d", i)
	}
	if fault := h.charge(len(e.Key) + len(e.Payload)); fault != nil {
		return fault
	}
	if e.Key != nil {
		e.Key = append([]byte{}, e.Key...)
	}
	e.Payload = append([]byte{}, e.Payload...)
	s := &h.settlements[i]
	s.Emits = append(s.Emits, e)
	return nil
}

// settle hands the collected ones to the turn.
func (h *held) settle(t *actor.Turn) *actor.Fault {
	if h.settlements == nil {
		return nil
	}
	for _, s := range h.settlements {
		if err := t.Settle(s); err != nil {
			return overflow("the settlements of one message are more than limits.output")
		}
	}
	h.reset()
	return nil
}
