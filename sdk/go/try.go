package pelton

import (
	"bytes"
	"fmt"
	"maps"
	"strings"
	"time"
)

// Sample is a message for a test of a handler. The zero value of each field is what a message without it has;
// Attempt 0 counts as 1.
type Sample struct {
	Key, Payload []byte
	Fields       map[string]Value // what the decode layer would have located
	Headers      map[string]string
	Attempt      int
	Defers       int
	Time         time.Time
	FirstSeen    time.Time
	Position     uint64
	Response     *Response // to the request that the message made before
	ID           string    // also the hold token, with "/" and the attempt behind it
}

// Result is what a handler did with one sample.
type Result struct {
	Verdict     Verdict
	Request     *Request          // with [Out.Fetch]; nil for none
	State       map[string]string // the plugin's [KV] after it, by key
	Emits       []Emitted
	Settlements []Settled
}

// Emitted is one emit of a handler; owned.
type Emitted struct {
	Output, ContentType string
	Key, Payload        []byte
}

// Settled is one decision on a held message.
type Settled struct {
	Token   string
	Verdict Verdict
	Emits   []Emitted
}

// Number is a located field that holds a number, for a [Sample].
func Number(digits string) Value { return Value{Kind: KindNumber, Raw: []byte(digits)} }

// Text is a located field that holds a string, for a [Sample].
func Text(s string) Value { return Value{Kind: KindString, Raw: []byte(s)} }

// Try starts the registered plugin with this config (a JSON object, "" for none) and gives it the samples one by
// one. It is for tests: it runs natively, without a wheel. An emit to an undeclared output is an error, as it is in
// the wheel. Key order, limits and policies are the wheel's and not part of it.
func Try(config string, samples ...Sample) ([]Result, error) {
	r := &recorder{}
	if err := r.start(config); err != nil {
		return nil, err
	}
	if registered.handler == nil {
		return nil, fmt.Errorf("pelton.Try: no handler is registered; use pelton.TryReduce for a reducer")
	}
	for i := range samples {
		r.results = append(r.results, Result{})
		s := r.prepare(&samples[i])
		m, out := s.message(r), Out{wheel: r}
		r.results[i].Verdict = registered.handler(&m, &out)
		r.results[i].Request, r.request = r.request, nil
		r.results[i].State = r.keep(r.results[i].Verdict)
		if r.err != nil {
			return r.results, fmt.Errorf("sample %d: %w", i, r.err)
		}
	}
	return r.results, nil
}

// TryReduce starts the registered reducer with this config and folds the emits of one key from no state. It returns
// the state after each emit.
func TryReduce(config, key string, emits ...[]byte) ([][]byte, error) {
	r := &recorder{}
	if err := r.start(config); err != nil {
		return nil, err
	}
	if registered.reducer == nil {
		return nil, fmt.Errorf("pelton.TryReduce: no reducer is registered; use pelton.Try for a handler")
	}
	var states [][]byte
	var state []byte
	for i, emit := range emits {
		next, err := registered.reducer([]byte(key), state, emit)
		if err != nil {
			return states, fmt.Errorf("emit %d: %w", i, err)
		}
		state = bytes.Clone(next)
		states = append(states, state)
	}
	return states, nil
}

// recorder is the wheel of a test.
type recorder struct {
	outputs []string
	names   []string
	sample  *Sample
	results []Result
	err     error
	request *Request
	durable map[string][]byte // the plugin's state
	changed map[string][]byte // as the sample sees it; nil until it is used
}

// state is the plugin's state as the sample sees it.
func (r *recorder) state() map[string][]byte {
	if r.changed == nil {
		r.changed = map[string][]byte{}
		maps.Copy(r.changed, r.durable)
	}
	return r.changed
}

// keep ends a sample: its changes take effect if it is acked.
func (r *recorder) keep(v Verdict) map[string]string {
	if r.changed != nil && v.decision == ack {
		r.durable = r.changed
	}
	r.changed = nil
	text := map[string]string{}
	for key, value := range r.durable {
		text[key] = string(value)
	}
	return text
}

func (r *recorder) start(config string) error {
	if config == "" {
		config = "{}"
	}
	return registered.initialize(r, []byte(config))
}

// prepare makes a copy of the sample the current one.
func (r *recorder) prepare(s *Sample) *Sample {
	c := *s
	c.Attempt = max(c.Attempt, 1)
	r.sample = &c
	return r.sample
}

func (s *Sample) message(r *recorder) Message {
	return Message{
		payload: s.Payload, key: s.Key, attempt: uint32(s.Attempt), defers: uint32(s.Defers),
		time: nanos(s.Time), seen: nanos(s.FirstSeen), position: s.Position,
		index: int32(len(r.results) - 1), wheel: r, answered: s.Response != nil,
	}
}

func nanos(t time.Time) int64 {
	if t.IsZero() {
		return noTime
	}
	return t.UnixNano()
}

func (r *recorder) declare(name, _ string) int32 {
	r.outputs = append(r.outputs, name)
	return int32(len(r.outputs) - 1)
}

func (r *recorder) output(name string) int32 {
	r.err = fmt.Errorf("emit to output %q, which the plugin does not declare (it declares %s)", name, strings.Join(r.outputs, ", "))
	return -1
}

func (r *recorder) field(name string) int32 {
	r.names = append(r.names, name)
	return int32(len(r.names) - 1)
}

// locate finds the field's text in the payload, of which a located field is always a part.
func (r *recorder) locate(_, field int32) location {
	v, ok := r.sample.Fields[r.names[field]]
	if !ok {
		return location{}
	}
	at := bytes.Index(r.sample.Payload, v.Raw)
	if at < 0 {
		r.err = fmt.Errorf("field %q: its value %q is not part of the payload", r.names[field], v.Raw)
		return location{}
	}
	return location{uint32(at), uint32(len(v.Raw)), v.Kind}
}

func (r *recorder) emit(delivery, output int32, e emission) {
	if output < 0 {
		return
	}
	owned := Emitted{r.outputs[output], e.contentType, bytes.Clone(e.key), bytes.Clone(e.payload)}
	result := &r.results[len(r.results)-1]
	if delivery < 0 {
		s := &result.Settlements[-2-delivery]
		s.Emits = append(s.Emits, owned)
		return
	}
	result.Emits = append(result.Emits, owned)
}

func (r *recorder) settle(_ int32, token string, v Verdict) int32 {
	result := &r.results[len(r.results)-1]
	result.Settlements = append(result.Settlements, Settled{Token: token, Verdict: v})
	return int32(-1 - len(result.Settlements))
}

func (r *recorder) text(_, what int32) string {
	switch what {
	case textToken:
		return fmt.Sprintf("%s/%d", r.sample.ID, r.sample.Attempt)
	case textID:
		return r.sample.ID
	default:
		return ""
	}
}

func (r *recorder) header(_ int32, name string) (string, bool) {
	v, ok := r.sample.Headers[name]
	return v, ok
}

func (r *recorder) log(Level, string) {}
func (r *recorder) now() int64        { return time.Now().UnixNano() }
