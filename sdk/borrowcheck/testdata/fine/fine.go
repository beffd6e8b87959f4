// Package fine is plugins that keep nothing borrowed, however near they come. Nothing in it is reported.
package fine

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unsafe"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor/native"
	"github.com/peltonhq/pelton/sdk/borrowcheck/testdata/keep"
)

var pool = sync.Pool{New: func() any { return new(flight) }}

type state struct {
	bytes   []byte
	text    string
	message pelton.Message
	meta    pelton.Meta
	headers []pelton.Header
	value   pelton.Value
	byKey   map[string][]byte
	count   map[string]int
	queue   chan pelton.Message
	any     any
	number  [8]byte
	delay   int64
	scratch []byte
	flight  flight
	box     keep.Box
	err     error
}

type flight struct {
	Origin string
	Raw    json.RawMessage
}

// Handle copies what it keeps, in all the ways there are.
func (s *state) Handle(m *native.Message, out *native.Out) pelton.Verdict {
	s.message = m.Own()
	s.queue <- m.Own()
	s.bytes = bytes.Clone(m.Payload())
	s.bytes = slices.Clone(m.Key())
	s.bytes = append([]byte(nil), m.Payload()...)
	s.bytes = append(s.bytes[:0], m.Payload()...)
	s.bytes = []byte(string(m.Payload()))
	s.text = string(m.Key())
	s.byKey[string(m.Key())] = bytes.ToUpper(m.Payload())
	s.count[string(m.Payload())]++
	s.number = [8]byte(m.Payload())
	s.meta = m.Meta()
	s.headers = m.Meta().Headers
	copy(s.scratch, m.Payload())
	s.any = m.HoldToken()
	s.bytes = keep.Copy(m.Payload())
	s.delay = int64(keep.Size(m.Payload()) + s.box.Count(m.Key()))
	if v, ok := m.Field("delay"); ok {
		s.text = v.String()
		s.delay, s.err = v.Int()
		v.Raw = bytes.Clone(v.Raw)
		s.value = v
	}
	out.Emit("late", m.Key(), m.Payload())
	return s.decide(m)
}

func (s *state) decide(m *native.Message) pelton.Verdict {
	if err := json.Unmarshal(m.Payload(), &s.flight); err != nil {
		s.err = fmt.Errorf("%q is no flight: %w", m.Payload(), err)
		return pelton.Dead(s.err.Error())
	}
	if bytes.HasPrefix(m.Key(), []byte("X")) {
		return pelton.Dead("key " + strconv.Quote(string(m.Key())))
	}
	slog.Info("handled", "key", m.Key(), "payload", string(m.Payload()))
	return pelton.Ack()
}

// Variables of the turn may hold what they want.
func (s *state) inTheTurn(m *native.Message, out *native.Out) pelton.Verdict {
	parts := bytes.Split(m.Payload(), []byte(","))
	byName := map[string][]byte{"key": m.Key()}
	list := [][]byte{m.Key()}
	list = append(list, parts...)
	local := struct {
		s *state
		m *native.Message
		b []byte
	}{s, m, nil}
	local.b = local.m.Payload()
	local.s.text = string(local.b)
	views := make([]*pelton.View, 0, 1)
	views = append(views, m.View)
	slices.SortFunc(list, bytes.Compare)
	keep.Now(func() { out.Emit("", byName["key"], list[0]) })
	func() {
		for _, p := range parts {
			out.Emit("", nil, p)
		}
	}()
	defer func() { s.delay = int64(len(local.b)) }()
	text := unsafe.String(&m.Payload()[0], 1)
	s.bytes = []byte(text)
	scratch := pool.Get().(*flight)
	scratch.Raw = m.Payload()
	out.Settle("a/1", pelton.Ack(), pelton.Emit{Key: m.Key(), Payload: m.Payload()})
	emit := out.Emit
	emit("", views[0].Key(), m.Payload())
	pair := keep.NewPair(m.Key(), m.Payload())
	s.text = strings.ToUpper(string(pair.Left))
	var box keep.Box
	box.Put(m)
	return pelton.Ack()
}

// own is what a helper that takes a view is for.
func own(v *pelton.View) (pelton.Message, error) {
	if len(v.Payload()) == 0 {
		return pelton.Message{}, errors.New("empty")
	}
	return v.Own(), nil
}

// clone makes a value its own.
func clone(v pelton.Value) pelton.Value { return pelton.Value{Kind: v.Kind, Raw: bytes.Clone(v.Raw)} }

// trim works on any bytes: what it gives is as borrowed as what it got.
func trim(b []byte) []byte { return bytes.TrimSpace(b[1:]) }

func (s *state) trims(m *native.Message) { s.text = string(trim(m.Payload())) }

func none() (v pelton.View, err error) { return pelton.View{}, errors.New("none") }

// accumulate keeps what belongs to s, beside what is borrowed.
func (s *state) accumulate(m *native.Message) {
	var list [][]byte
	list = append(list, s.bytes)
	list = append(list, m.Payload())
	s.delay = int64(len(list))
}
