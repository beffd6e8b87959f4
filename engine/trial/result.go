package trial

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/engine/config"
)

// Results that are no verdict of a plugin.
const (
	VerdictFault   = "fault"   // it trapped, took too long or answered nonsense
	VerdictBad     = "bad"     // the message did not decode; the plugin never saw it
	VerdictRefused = "refused" // a reducer refused the emit
)

// Result is what came of one message. It is a line of a golden file.
type Result struct {
	Key     string `json:"key,omitempty"`
	Verdict string `json:"verdict"` // ack, retry, defer, dead, hold, await, or one of the above
	Reason  string `json:"reason,omitempty"`
	After   string `json:"after,omitempty"`   // of retry and hold
	Request string `json:"request,omitempty"` // of await: method and URL
	Emits   []Emit `json:"emits,omitempty"`   // in order; of ack
	State   *Body  `json:"state,omitempty"`   // of a reducer: the new state
}

// Emit is one emit.
type Emit struct {
	Output string  `json:"output"`
	Key    *string `json:"key,omitempty"`
	Body
}

// Body is a payload: JSON, else text, else bytes.
type Body struct {
	Payload json.RawMessage `json:"payload,omitempty"`
	Text    *string         `json:"text,omitempty"`
	Base64  []byte          `json:"payload_base64,omitempty"`
}

// BodyOf is a payload's body.
func BodyOf(payload []byte) Body {
	var out bytes.Buffer
	switch {
	case !utf8.Valid(payload):
		return Body{Base64: payload}
	case json.Compact(&out, payload) == nil:
		return Body{Payload: out.Bytes()}
	}
	text := string(payload)
	return Body{Text: &text}
}

// String is the payload on one line.
func (b Body) String() string {
	switch {
	case b.Payload != nil:
		return string(b.Payload)
	case b.Text != nil:
		quoted, _ := json.Marshal(*b.Text) //nolint:errchkjson // a text
		return "text " + string(quoted)
	}
	bytes, _ := json.Marshal(b.Base64) //nolint:errchkjson // bytes
	return "base64 " + string(bytes)
}

// resultOf is what became of the one delivery of a turn.
func resultOf(t *actor.Turn, key string) Result {
	o := &t.Outcomes[0]
	r := Result{Key: key, Verdict: o.Verdict.Decision.String(), Reason: o.Verdict.Reason}
	if o.Fault != nil {
		r.Verdict, r.Reason = VerdictFault, firstLine(o.Fault.Error())
		return r
	}
	switch o.Verdict.Decision {
	case pelton.DecisionRetry, pelton.DecisionHold:
		if o.Verdict.After > 0 {
			r.After = config.Duration(o.Verdict.After).String()
		}
	case pelton.DecisionAwait:
		for _, asked := range t.Requests {
			method := asked.Method
			if method == "" {
				method = "GET"
			}
			r.Request = method + " " + asked.URL
		}
	case pelton.DecisionAck:
		for i := range t.Emits {
			r.Emits = append(r.Emits, emitOf(&t.Emits[i].Emit))
		}
	default: // the verdict says all
	}
	return r
}

func emitOf(e *pelton.Emit) Emit {
	emit := Emit{Output: e.Output, Body: BodyOf(e.Payload)}
	if emit.Output == "" {
		emit.Output = pelton.DefaultOutput
	}
	if e.Key != nil {
		key := string(e.Key)
		emit.Key = &key
	}
	return emit
}
