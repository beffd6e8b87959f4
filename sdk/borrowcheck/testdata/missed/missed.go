// Package missed is what docs/borrowcheck.md says can't be found. Whoever finds one of these moves it to package escape,
// and changes the page.
package missed

import (
	"fmt"
	"unsafe"

	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/actor/native"
)

type state struct {
	bytes []byte
	call  func([]byte)
	words words
	text  text
	turn  *actor.Turn
	err   error
}

type words struct{ all []uint64 }

type text struct{ s string }

var keep func([]byte)

func (s *state) Init() {
	keep = func(b []byte) { s.bytes = b }
}

// A variable that holds a function literal of another function.
func (s *state) literal(m *native.Message) { keep(m.Payload()) }

// A function from elsewhere.
func (s *state) elsewhere(m *native.Message) { s.call(m.Payload()) }

// Not bytes any more, in a struct.
func (s *state) unsafe(m *native.Message) {
	b := m.Payload()
	w := words{all: *(*[]uint64)(unsafe.Pointer(&b))}
	s.words = w
	t := text{s: unsafe.String(&b[0], len(b))}
	s.text = t
}

type badError struct{ payload []byte }

func (e *badError) Error() string { return string(e.payload) }

// An error in an error.
func (s *state) wrapped(m *native.Message) {
	s.err = fmt.Errorf("bad: %w", &badError{m.Payload()})
}

// A reducer's arguments are owned, but must not be changed.
func (s *state) Reduce(key, state, emit []byte) ([]byte, error) {
	s.bytes = state
	return append(state[:0], emit...), nil
}

// A turn that is kept.
func (s *state) keeps(t *actor.Turn) { s.turn = t }

type setter interface{ set(b []byte) }

type generic[T any] struct{ all [][]byte }

func (g *generic[T]) set(b []byte) { g.all = append(g.all, b) }

// An interface that only a generic type implements.
func throughInterface(g setter, m *native.Message) { g.set(m.Payload()) }
