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
//
//pelton:lends it is what an arena lends for a turn
type View struct {
	loan    *Loan
	attempt uint32
	defers  uint32
	seen    int64 // Unix nanoseconds, 0 for none: a view is made for each delivery, so it is small
}

// Loan is what a [View] shows of a message that is lent. Package arena keeps one beside each message, so that all who
// look at it share it: the views of sixteen plugins are sixteen pointers. Who lends fills it before, and nobody changes
// it until the message is back.
//
//pelton:lends it shows the bytes where the arena has them
type Loan struct {
	Payload []byte
	Key     []byte   // nil when it has none
	Fields  []Field  // offsets are relative to Payload
	Names   []string // of Fields, in the order of the decode layer's configuration
	Meta    Meta
}

// Borrow builds a View over bytes that the caller lends; see [Loan]. It is for tests: an arena has its loans already.
//
//pelton:lends the bytes stay the caller's
func Borrow(payload, key []byte, meta *Meta, fields []Field, names []string) View {
	l := &Loan{Payload: payload, Key: key, Fields: fields, Names: names, Meta: *meta}
	return l.View()
}

// View looks at the message.
func (l *Loan) View() View {
	return View{loan: l}.WithAttempt(l.Meta.Attempt, l.Meta.Defers, l.Meta.FirstSeen)
}

// Lend makes v the view of one delivery: attempt from 1, defers so far, first offer in Unix nanoseconds or 0.
func (v *View) Lend(l *Loan, attempt, defers uint32, first int64) {
	v.loan, v.attempt, v.defers, v.seen = l, attempt, defers, first
}

// WithAttempt is the view as one delivery sees it: attempt from 1, defers so far, first offer.
func (v View) WithAttempt(attempt, defers uint32, first time.Time) View {
	v.attempt, v.defers, v.seen = attempt, defers, 0
	if !first.IsZero() {
		v.seen = first.UnixNano()
	}
	return v
}

// Payload is the message's bytes, borrowed.
func (v *View) Payload() []byte {
	if v.loan == nil {
		return nil
	}
	return v.loan.Payload
}

// Key is the message's key, borrowed; nil when it has none.
func (v *View) Key() []byte {
	if v.loan == nil {
		return nil
	}
	return v.loan.Key
}

// Attempt is 1 for the first offer of this message to this plugin.
func (v *View) Attempt() uint32 { return v.attempt }

// Defers is how often this plugin deferred the message.
func (v *View) Defers() uint32 { return v.defers }

// Position identifies the message in its lane; see [Meta]. This, Time and Seen are what Meta has, without a copy of all.
func (v *View) Position() uint64 {
	if v.loan == nil {
		return 0
	}
	return v.loan.Meta.Position
}

// Time is the message's own time, UTC.
func (v *View) Time() time.Time {
	if v.loan == nil {
		return time.Time{}
	}
	return v.loan.Meta.Time
}

// Seen is the first offer to this plugin in Unix nanoseconds; 0 for none.
func (v *View) Seen() int64 { return v.seen }

// Meta is a copy of what is known of the message; its strings and headers are shared, not borrowed.
func (v *View) Meta() Meta {
	if v.loan == nil {
		return Meta{}
	}
	m := v.loan.Meta
	m.Attempt, m.Defers, m.FirstSeen = v.attempt, v.defers, time.Time{}
	if v.seen != 0 {
		m.FirstSeen = time.Unix(0, v.seen).UTC()
	}
	return m
}

// Field is the value that the decode layer located under this name, without parsing again. ok is false when the
// name is not configured or the message does not have it. The value is borrowed.
func (v *View) Field(name string) (value Value, ok bool) {
	if v.loan == nil {
		return Value{}, false
	}
	for i, n := range v.loan.Names {
		if n == name {
			return v.At(i)
		}
	}
	return Value{}, false
}

// At is the i-th configured field; see [View.Field].
func (v *View) At(i int) (value Value, ok bool) {
	if v.loan == nil || i < 0 || i >= len(v.loan.Fields) || v.loan.Fields[i].Kind == KindMissing {
		return Value{}, false
	}
	f := &v.loan.Fields[i]
	return Value{Kind: f.Kind, Raw: v.loan.Payload[f.Offset : f.Offset+f.Length]}, true
}

// Own copies the message out of the arena.
func (v *View) Own() Message {
	return Message{Meta: v.Meta(), Key: slices.Clone(v.Key()), Payload: slices.Clone(v.Payload())}
}

// Clone is a view of a copy, which is nobody's but the caller's: it stays valid, unlike v.
func (v *View) Clone() View {
	c := *v
	if v.loan != nil {
		l := *v.loan
		l.Payload, l.Key, l.Fields = slices.Clone(l.Payload), slices.Clone(l.Key), slices.Clone(l.Fields)
		c.loan = &l
	}
	return c
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
//
//pelton:lends Raw is a part of the message's payload
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
