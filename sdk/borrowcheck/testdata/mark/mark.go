// Package mark shows the one way to say that something may hold what is borrowed.
package mark

import (
	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor/native"
)

// turn holds a message for the time of Handle.
//
//pelton:lends it is made anew for each message
type turn struct {
	m      *native.Message
	origin []byte
}

func (t *turn) locate() {
	v, _ := t.m.Field("origin")
	t.origin = v.Raw
}

// where may return what is borrowed, since it is a method of a lender.
func (t *turn) where() []byte { return t.origin }

type state struct {
	last  []byte
	first []byte //pelton:lends Handle clears it before it returns
	turn  *turn
}

// origin gives a part of the payload.
//
//pelton:lends it is used at once
func origin(m *native.Message) []byte {
	v, _ := m.Field("origin")
	return v.Raw
}

func (s *state) Handle(m *native.Message, _ *native.Out) pelton.Verdict {
	s.first = m.Payload()
	t := &turn{m: m}
	t.locate()
	s.last = t.where() // want `borrowed m.where\(\) is stored in field last of state`
	s.turn = t         // want `borrowed m is stored in field turn`
	s.last = origin(m) // want `borrowed origin\(m\) is stored in field last`
	s.last = m.Key()   //pelton:lends this very line is excused
	//pelton:lends the next line is excused
	s.last = m.Key()
	s.first = nil
	return pelton.Ack()
}

var memory []byte

// slot is a part of memory that somebody will overwrite.
//
//pelton:lends until the next call
func slot(i int) []byte { return memory[i:] }

// look lends into a view that the caller has.
//
//pelton:lends until the next call
func look(i int, v *pelton.View) error {
	v.Lend(&pelton.Loan{Payload: memory[i:]}, 1, 0, 0)
	return nil
}

func (s *state) lent() {
	s.last = slot(1) // want `borrowed slot\(…\) is stored in field last`
	var v pelton.View
	if look(1, &v) == nil {
		s.last = v.Key() // want `borrowed v.Key\(\) is stored in field last`
	}
	var empty pelton.View
	s.last = empty.Key()
}

//pelton:lends // want `needs a reason: write why noReason may hold what is borrowed`
func noReason(m *native.Message) []byte { return m.Key() }

//pelton:lends beside nothing // want `excuses nothing on this line or the next: remove it`
var nothing = 1

// fold is a function that is lent its arguments.
//
//pelton:lends until it returns
type fold func(key, state []byte) ([]byte, error)

func register(fold) {}

type sum struct{ state []byte }

func (s *sum) fold(key, state []byte) ([]byte, error) {
	s.state = key // want `borrowed key is stored in field state of sum`
	return state, nil
}

func add(_, state []byte) ([]byte, error) {
	global = state // want `borrowed state is stored in variable global`
	return state, nil
}

func other(_, state []byte) ([]byte, error) {
	global = state // it is no fold
	return nil, nil
}

var global []byte

func init() {
	register(add)
	register((&sum{}).fold)
	register(func(key, _ []byte) ([]byte, error) {
		global = key // want `borrowed key is stored in variable global`
		return key, nil
	})
	_, _ = other(nil, nil)
}
