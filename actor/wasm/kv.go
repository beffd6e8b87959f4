package wasm

import (
	"errors"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
)

// asker is the turn's index of the delivery on whose behalf the guest uses kv. What it sees depends on how those before it
// were decided, so their answers must be there.
func (n *Instance) asker(place int32) (i int, ok bool) {
	if n.delivery(place) == nil {
		return 0, false
	}
	refs, inside := n.module.Memory().Read(n.window.at, uint32(len(n.chunk.order)*deliverySize))
	if !inside {
		n.blame(malformed("the window is not in the module's memory"))
		return 0, false
	}
	n.chunk.seen = true
	for before, i := range n.chunk.order[:place] {
		d := pelton.Decision(get32(refs[before*deliverySize:], decisionAt))
		if d == pelton.DecisionNone && n.turn.Ready(int(i)) {
			n.blame(malformed("kv is used for delivery %d before delivery %d is decided", place, before))
			return 0, false
		}
		n.turn.Outcomes[i].Verdict.Decision = d // decide holds the guest to it
	}
	return int(n.chunk.order[place]), true
}

// deny keeps what the turn said of a use of kv.
func (n *Instance) deny(err error) {
	if f, ok := errors.AsType[*actor.Fault](err); ok {
		n.blame(f)
	}
}

// kv_get(delivery, key, into, size) -> length, which may be more than size, or -1
func (n *Instance) kvGet(stack []uint64) {
	i, ok := n.asker(int32(uint32(stack[0])))
	key, inside := n.bytes(stack, 1)
	if !ok || !inside {
		result(stack, -1)
		return
	}
	value, found, err := n.turn.Get(n.env.KV, i, key)
	if err != nil || !found {
		n.deny(err)
		result(stack, -1)
		return
	}
	n.fill(stack, 3, value)
}

// fill copies b to the guest's buffer at stack[i], as much as fits, and answers its length.
func (n *Instance) fill(stack []uint64, i int, b []byte) {
	if into, ok := n.bytes(stack, i); ok {
		copy(into, b)
	}
	result(stack, int32(len(b)))
}

// kv_put(delivery, key, value) -> 0, or 1 if it was refused, which fails the turn
func (n *Instance) kvPut(stack []uint64) {
	i, ok := n.asker(int32(uint32(stack[0])))
	key, inside := n.bytes(stack, 1)
	value, inside2 := n.bytes(stack, 3)
	n.changed(stack, ok && inside && inside2, func() error { return n.turn.Put(n.env.KV, i, key, value) })
}

// kv_delete(delivery, key) -> 0, or 1 if it was refused, which fails the turn
func (n *Instance) kvDelete(stack []uint64) {
	i, ok := n.asker(int32(uint32(stack[0])))
	key, inside := n.bytes(stack, 1)
	n.changed(stack, ok && inside, func() error { return n.turn.Delete(n.env.KV, i, key) })
}

func (n *Instance) changed(stack []uint64, ok bool, change func() error) {
	result(stack, 1)
	if !ok || n.wrong.turn != nil {
		return
	}
	if err := change(); err != nil {
		n.deny(err)
		return
	}
	result(stack, 0)
}

// kv_next(delivery, prefix, after, into, size) -> length, which may be more than size, or -1
func (n *Instance) kvNext(stack []uint64) {
	i, ok := n.asker(int32(uint32(stack[0])))
	prefix, inside := n.bytes(stack, 1)
	after, inside2 := n.bytes(stack, 3)
	if !ok || !inside || !inside2 {
		result(stack, -1)
		return
	}
	if len(after) == 0 { // no key is empty
		after = nil
	}
	key, found, err := n.turn.Next(n.env.KV, i, prefix, after)
	if err != nil || !found {
		n.deny(err)
		result(stack, -1)
		return
	}
	n.fill(stack, 5, key)
}
