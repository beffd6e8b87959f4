package delta

import "time"

// Event is something that happened to the wheel.
type Event struct {
	Seq      uint64    `json:"seq"` // counts from the start of the wheel
	Time     time.Time `json:"time"`
	Kind     string    `json:"kind"`  // swapped, paused, failed …
	Level    string    `json:"level"` // info, warn or error
	Source   string    `json:"source,omitempty"`
	Plugin   string    `json:"plugin,omitempty"`
	Revision int       `json:"revision,omitempty"`
	Text     string    `json:"text"` // in words, whole
}

// EventStats are the figures of events.
type EventStats struct {
	Count uint64 `json:"count"` // since the start
	Bytes uint64 `json:"bytes"` // of those that are kept, up to limits.events
}
