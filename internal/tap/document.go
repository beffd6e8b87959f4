package tap

import (
	"encoding/json"
	"time"
	"unicode/utf8"

	"github.com/peltonhq/pelton"
)

// Document is a sample's JSON shape, one line of `pelton tap --json`.
type Document struct {
	Node      string          `json:"node"`
	ID        string          `json:"id"`
	Seen      time.Time       `json:"seen"`
	Time      time.Time       `json:"time"`
	Key       *string         `json:"key,omitempty"`
	Headers   []pelton.Header `json:"headers,omitempty"`
	Size      int             `json:"size"`
	Truncated bool            `json:"truncated,omitempty"` // the payload is its beginning, in base64
	Body
	*Decision
}

// Decision is what a plugin made of the message.
type Decision struct {
	Verdict  string         `json:"verdict,omitempty"`
	Reason   string         `json:"reason,omitempty"`
	After    time.Duration  `json:"after_ns,omitempty"`
	Until    time.Time      `json:"until,omitzero"`
	Fault    string         `json:"fault,omitempty"`
	Attempt  uint32         `json:"attempt"`
	Revision int            `json:"revision"`
	Emits    []DocumentEmit `json:"emits"`
	Took     time.Duration  `json:"took_ns"`
	Turn     int            `json:"turn"`
}

// DocumentEmit is one emit.
type DocumentEmit struct {
	Output    string  `json:"output"`
	Key       *string `json:"key,omitempty"`
	Size      int     `json:"size"`
	Truncated bool    `json:"truncated,omitempty"`
	Body
}

// DocumentOf is a sample's JSON shape. It shares the sample's bytes.
func DocumentOf(node string, s *Sample) Document {
	t := Document{
		Node: node, ID: s.ID, Seen: s.Seen, Time: s.Time, Key: textOf(s.HasKey, s.Key), Headers: s.Headers,
		Size: s.Size, Truncated: len(s.Payload) < s.Size, Body: bodyOf(s.Payload),
	}
	d := s.Decided
	if d == nil {
		return t
	}
	t.Decision = &Decision{
		Verdict: d.Verdict, Reason: d.Reason, After: d.After, Until: d.Until, Fault: d.Fault, Attempt: d.Attempt, Revision: d.Revision,
		Emits: make([]DocumentEmit, len(d.Emits)), Took: d.Took, Turn: d.Turn,
	}
	for i := range d.Emits {
		e := &d.Emits[i]
		t.Emits[i] = DocumentEmit{
			Output: e.Output, Key: textOf(e.HasKey, e.Key), Size: e.Size, Truncated: len(e.Payload) < e.Size, Body: bodyOf(e.Payload),
		}
	}
	return t
}

// bodyOf is the JSON shape of a payload whose type nobody told: JSON when it is valid.
func bodyOf(payload []byte) Body {
	if json.Valid(payload) && utf8.Valid(payload) {
		return Body{Payload: payload}
	}
	return Body{Base64: payload}
}

func textOf(has bool, text []byte) *string {
	if !has {
		return nil
	}
	s := string(text)
	return &s
}

// Body is a payload in JSON: as it is when it is JSON, else in base64.
type Body struct {
	Payload json.RawMessage `json:"payload,omitempty"`
	Base64  []byte          `json:"payload_base64,omitempty"`
}
