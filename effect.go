package pelton

import "time"

// Emit is what a plugin puts out during one delivery; owned. It takes effect only if the delivery is acked (E1).
type Emit struct {
	Output      string // a declared output; empty means "default"
	Key         []byte // nil when it has none
	Payload     []byte
	ContentType string // empty means the output's declared type
}

// DefaultOutput is the output of an emit that names none, and what `from: [plugin]` subscribes to.
const DefaultOutput = "default"

// Output is one declared output of a plugin.
type Output struct {
	Name        string
	ContentType string // of emits that name none; empty means "application/json"
}

// Effect is an emit on its way to one target; owned, so a target may keep it until it completes it. Who builds it
// sets every field; nobody changes one afterwards.
type Effect struct {
	ID          EffectID
	Token       uint64 // the sender's own handle, given back in [Completer.Complete]
	Key         []byte
	Payload     []byte
	ContentType string
	Revision    int       // of the plugin that emitted it; 0 when none did
	Time        time.Time // of the message that caused it
	Trace       string
	// Mark is the store key that makes the effect happen once: a target that writes to the store puts Mark in the
	// same atomic batch as the effect itself (S2), by store.Marks, where those of a batch share a record. A target that
	// cannot has no use for it.
	Mark []byte
}

// Size is the bytes of memory the effect is charged with in a bounded buffer.
func (e *Effect) Size() int { return len(e.Key) + len(e.Payload) + len(e.Mark) + effectOverhead }

const effectOverhead = 256 // struct and id strings, rounded up

// Completer takes the outcomes of effects that a target accepted. Its methods may be called from any goroutine, never
// block, and are never called from inside the target's Offer.
type Completer interface {
	// Complete reports one accepted effect: nil once it is durable, an error if it never will be (permanent). A
	// target retries transient failures itself, without end (E2).
	Complete(token uint64, err error)
	// Room reports, once after each Offer that took fewer effects than offered, that there is room again.
	Room()
}

// Offerer is a target that takes effects: the workers of a session name, or a sink.
type Offerer interface {
	// Offer hands over effects in order and returns how many of them, from the front, were taken. It never blocks.
	// Each one taken is reported to c exactly once, unless the target is closed first.
	Offer(effects []Effect, c Completer) int
}
