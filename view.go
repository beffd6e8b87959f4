package pelton

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// View is a borrowed message: it is valid only inside the turn it was lent for. Neither the View nor any slice
// that it returns may be kept, sent to another goroutine or returned; [View.Own] copies it into a [Message].
// The zero View has no bytes and no Meta.
type View struct {
	payload []byte
	key     []byte
	meta    *Meta
	attempt uint32
	defers  uint32
	seen    time.Time
	fields  []Field
	names   []string
}

// Borrow builds a View over bytes that the caller lends. names[i] is the name of fields[i], both in the order of the
// decode layer's configuration; offsets are relative to payload. Package arena calls it, and tests.
func Borrow(payload, key []byte, meta *Meta, fields []Field, names []string) View {
	return View{payload: payload, key: key, meta: meta, attempt: meta.Attempt, defers: meta.Defers, seen: meta.FirstSeen, fields: fields, names: names}
}

// Borrow makes v what the function [Borrow] returns. On a path that looks at each message it saves the copying of
// the struct, about half of the time of a look.
func (v *View) Borrow(payload, key []byte, meta *Meta, fields []Field, names []string) {
	v.payload, v.key, v.meta, v.fields, v.names = payload, key, meta, fields, names
	v.attempt, v.defers, v.seen = meta.Attempt, meta.Defers, meta.FirstSeen
}

// WithAttempt is the view as one delivery sees it: attempt from 1, defers so far, first offer.
func (v View) WithAttempt(attempt, defers uint32, first time.Time) View {
	v.attempt, v.defers, v.seen = attempt, defers, first
	return v
}

// Payload is the message's bytes, borrowed.
func (v *View) Payload() []byte { return v.payload }

// Key is the message's key, borrowed; nil when it has none.
func (v *View) Key() []byte { return v.key }

// Attempt is 1 for the first offer of this message to this plugin.
func (v *View) Attempt() uint32 { return v.attempt }

// Meta is a copy of what is known of the message; its strings and headers are shared, not borrowed.
func (v *View) Meta() Meta {
	if v.meta == nil {
		return Meta{}
	}
	m := *v.meta
	m.Attempt, m.Defers, m.FirstSeen = v.attempt, v.defers, v.seen
	return m
}

// Field is the value that the decode layer located under this name, without parsing again. ok is false when the
// name is not configured or the message does not have it. The value is borrowed.
func (v *View) Field(name string) (value Value, ok bool) {
	for i, n := range v.names {
		if n == name && i < len(v.fields) {
			return v.At(i)
		}
	}
	return Value{}, false
}

// At is the i-th configured field; see [View.Field].
func (v *View) At(i int) (value Value, ok bool) {
	if i < 0 || i >= len(v.fields) || v.fields[i].Kind == KindMissing {
		return Value{}, false
	}
	f := v.fields[i]
	return Value{Kind: f.Kind, Raw: v.payload[f.Offset : f.Offset+f.Length]}, true
}

// Own copies the message out of the arena.
func (v *View) Own() Message {
	return Message{Meta: v.Meta(), Key: slices.Clone(v.key), Payload: slices.Clone(v.payload)}
}

// Message is an owned message.
type Message struct {
	Meta    Meta
	Key     []byte // nil when it has none
	Payload []byte
}

// Kind is what a located field holds.
type Kind uint8

// The kinds of a field. KindMissing is the zero value: the message does not have it.
const (
	KindMissing Kind = iota
	KindString       // Raw is the text between the quotes, without escapes
	KindEscaped      // Raw is the text between the quotes of a JSON string that has escapes
	KindNumber
	KindBool
	KindNull
	KindJSON   // an object or array, as it stands
	KindQuoted // Raw is the text between the quotes of a CSV field in which quotes are doubled
)

// Field locates a value inside a payload.
type Field struct {
	Offset, Length uint32 // bytes, relative to the payload
	Kind           Kind
}

// Value is one located field. Raw is borrowed.
type Value struct {
	Kind Kind
	Raw  []byte
}

// String is the value as text, unescaped; it allocates.
func (v Value) String() string {
	if v.Kind == KindEscaped {
		var s string
		if json.Unmarshal([]byte(`"`+string(v.Raw)+`"`), &s) == nil {
			return s
		}
	}
	if v.Kind == KindQuoted {
		return strings.ReplaceAll(string(v.Raw), `""`, `"`)
	}
	return string(v.Raw)
}

// Int is the value as a whole number.
func (v Value) Int() (int64, error) { return strconv.ParseInt(string(v.Raw), 10, 64) }

// Float is the value as a number.
func (v Value) Float() (float64, error) { return strconv.ParseFloat(string(v.Raw), 64) }
