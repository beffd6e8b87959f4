package pelton

import (
	"math"
	"time"
)

// Message is one message offered to the plugin; borrowed until the handler returns.
//
//pelton:lends the next message overwrites it
type Message struct {
	payload  []byte
	key      []byte
	attempt  uint32
	defers   uint32
	time     int64
	seen     int64
	position uint64
	answered bool       // a response is there
	fields   []location // located by the wheel, in the order of plugin.fields
	index    int32
	wheel    wheel
}

// location is where a field is in a payload.
type location struct {
	offset, length uint32
	kind           Kind
}

// noTime stands for "has no time" where times cross the boundary as nanoseconds.
const noTime = math.MinInt64

// Payload is the message's bytes, borrowed.
func (m *Message) Payload() []byte { return m.payload }

// Key is the message's key, borrowed; nil when it has none.
func (m *Message) Key() []byte { return m.key }

// Attempt is 1 for the first offer of this message to this plugin.
func (m *Message) Attempt() int { return int(m.attempt) }

// Defers is how often this plugin deferred the message.
func (m *Message) Defers() int { return int(m.defers) }

// Time is the message's own time, UTC; its arrival time when it has none.
func (m *Message) Time() time.Time { return unix(m.time) }

// FirstSeen is when this plugin was first offered the message, UTC.
func (m *Message) FirstSeen() time.Time { return unix(m.seen) }

// Position is the message's place in its lane, strictly increasing.
func (m *Message) Position() uint64 { return m.position }

// HoldToken is what settles this message later, after [Hold]: through the API, or by [Out.Settle] in the handler of
// a later message.
func (m *Message) HoldToken() string { return m.wheel.text(m.index, textToken) }

// ID identifies the message for good: the same after a crash, a redelivery or a swap.
func (m *Message) ID() string { return m.wheel.text(m.index, textID) }

// Trace is the message's W3C traceparent; empty when it has none.
func (m *Message) Trace() string { return m.wheel.text(m.index, textTrace) }

// Source is the name of the source it came from.
func (m *Message) Source() string { return m.wheel.text(m.index, textSource) }

// Lane is the name of the lane within the source.
func (m *Message) Lane() string { return m.wheel.text(m.index, textLane) }

// Header is the first upstream header of that name.
func (m *Message) Header(name string) (value string, ok bool) { return m.wheel.header(m.index, name) }

// Field is the value that the source's decode located under this name (`decode.fields` in the config), without
// parsing again. ok is false when the name is not configured there or the message does not have it. The value is
// borrowed.
func (m *Message) Field(name string) (value Value, ok bool) {
	i := registered.field(m.wheel, name)
	if i < 0 {
		return Value{}, false
	}
	var at location
	if int(i) < len(m.fields) {
		at = m.fields[i]
	} else {
		at = m.wheel.locate(m.index, i)
	}
	end := uint64(at.offset) + uint64(at.length)
	if at.kind == KindMissing || end > uint64(len(m.payload)) {
		return Value{}, false
	}
	return Value{Kind: at.kind, Raw: m.payload[at.offset:end:end]}, true
}

func unix(nanos int64) time.Time {
	if nanos == noTime {
		return time.Time{}
	}
	return time.Unix(0, nanos).UTC()
}
