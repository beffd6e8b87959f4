package model

import (
	"encoding/json"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/internal/tap"
)

// TapFrame is a part of a tap.
type TapFrame struct {
	Node                 string
	Samples              []TapSample
	Taken, Limited, Full uint64
}

// TapSample is one message as it passed a node.
type TapSample struct {
	*tap.Sample

	Key           *string
	Headers       []pelton.Header
	Payload       json.RawMessage
	PayloadBase64 *string
	Decided       *TapDecision
}

// TapDecision is what a plugin made of a message.
type TapDecision struct {
	*tap.Decided

	Attempt int
	Until   time.Time
	Emits   []TapEmit
}

// TapEmit is one emit.
type TapEmit struct {
	*tap.Emit

	Key           *string
	Payload       json.RawMessage
	PayloadBase64 *string
}

// TapFrameOf is f for the schema.
func TapFrameOf(f *api.TapFrame) TapFrame {
	out := TapFrame{Node: f.Node, Samples: make([]TapSample, len(f.Samples)), Taken: f.Counts.Taken, Limited: f.Counts.Limited, Full: f.Counts.Full}
	for i := range f.Samples {
		s := &f.Samples[i]
		out.Samples[i] = TapSample{Sample: s, Key: keyOf(s.HasKey, s.Key), Headers: s.Headers, Decided: decisionOf(s.Decided)}
		out.Samples[i].Payload, out.Samples[i].PayloadBase64 = body(s.Payload, "")
	}
	return out
}

func decisionOf(d *tap.Decided) *TapDecision {
	if d == nil {
		return nil
	}
	out := &TapDecision{Decided: d, Attempt: int(d.Attempt), Until: d.Until, Emits: make([]TapEmit, len(d.Emits))}
	for i := range d.Emits {
		e := &d.Emits[i]
		out.Emits[i] = TapEmit{Emit: e, Key: keyOf(e.HasKey, e.Key)}
		out.Emits[i].Payload, out.Emits[i].PayloadBase64 = body(e.Payload, "")
	}
	return out
}

func keyOf(has bool, key []byte) *string {
	if !has {
		return nil
	}
	text := string(key)
	return &text
}
