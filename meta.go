package pelton

import "time"

// Meta is what is known of a message beside its bytes. Inside an arena it is borrowed with the message: strings
// and headers are shared by every copy of the struct and must not be changed.
type Meta struct {
	Lane      *LaneID   // shared by all messages of the lane, never nil for a message that came from a source
	Position  uint64    // identifies the message in its lane; strictly increasing (file: byte offset of its start)
	Next      uint64    // where reading resumes after it: the watermark's value once it is settled
	Path      string    // plugin#ordinal per edge, joined by "/", for a message that a plugin emitted; else empty
	Time      time.Time // the message's own time, UTC; arrival time when it has none
	Attempt   uint32    // 1 for the first offer to this plugin; 0 outside a delivery
	Defers    uint32    // how often this plugin deferred it
	FirstSeen time.Time // first offer to this plugin, UTC, survives parking and restarts
	Trace     string    // W3C traceparent, empty when there is none
	Headers   []Header  // upstream headers in their order
}

// Header is one upstream header. In JSON headers are a list, because names repeat and have an order.
type Header struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// MessageID identifies a message for good: "source/incarnation/lane/position", then "/plugin#ordinal" per edge.
func (m *Meta) MessageID() MessageID {
	id := MessageID{Position: m.Position, Path: m.Path}
	if m.Lane != nil {
		id.Lane = *m.Lane
	}
	return id
}
