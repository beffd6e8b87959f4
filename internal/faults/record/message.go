package record

import (
	"bytes"
	"fmt"
	"strconv"
)

// Message is one message, known by its number. What a plugin does with it follows from the number too.
type Message uint64

// Lanes is how many senders there are; a message's sender is its number modulo Lanes, and no key has two senders, so that
// the messages of a key have one order.
const Lanes = 4

const keys = 250 // of each sender

// Key is the message's key.
func (m Message) Key() string {
	sender, n := uint64(m)%Lanes, uint64(m)/Lanes
	return fmt.Sprintf("k%d-%d", sender, n*2654435761%(1<<32)%keys)
}

// Do is what the plugin does with it first: "" acks.
func (m Message) Do() string {
	switch n := uint64(m) / Lanes; {
	case n%20011 == 2500:
		return Park
	case n%211 == 3:
		return Defer
	case n%307 == 5:
		return Retry
	}
	return ""
}

// What a plugin does first. A parked message is deferred for so long that it does not wait in memory.
const (
	Defer = "defer"
	Park  = "park"
	Retry = "retry"
)

// Poison reports whether the plugin fails at the message, where it is told that there is poison: one in a hundred or so.
func (m Message) Poison() bool { return uint64(m)/Lanes%101 == 50 }

// AppendTo appends the message as one line of JSON without its end.
func (m Message) AppendTo(b []byte) []byte {
	b = append(b, `{"id":`...)
	b = strconv.AppendUint(b, uint64(m), 10)
	b = append(b, `,"key":"`...)
	b = append(b, m.Key()...)
	b = append(b, `","do":"`...)
	b = append(b, m.Do()...)
	return append(b, `","pad":"0123456789012345678901234567890123456789"}`...)
}

// Parse is the inverse of AppendTo.
func Parse(text []byte) (Message, error) {
	rest, ok := bytes.CutPrefix(text, []byte(`{"id":`))
	end := bytes.IndexByte(rest, ',')
	if !ok || end < 0 {
		return 0, fmt.Errorf("not a message: %.100q", text)
	}
	n, err := strconv.ParseUint(string(rest[:end]), 10, 64)
	if m := Message(n); err != nil || !bytes.Equal(m.AppendTo(nil), text) {
		return 0, fmt.Errorf("not a message: %.100q", text)
	}
	return Message(n), nil
}
