package sink_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/peltonhq/pelton"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// place is a sink in memory that does what a test says.
type place struct {
	mu     sync.Mutex
	lines  []string
	calls  int
	answer func(call int, effects []pelton.Effect) error // nil accepts; called without the lock
	closed bool
	last   error
}

// Write asks answer, then takes what it says.
func (p *place) Write(_ context.Context, effects []pelton.Effect) error {
	p.mu.Lock()
	call := p.calls
	p.calls++
	p.mu.Unlock()
	var err error
	if p.answer != nil {
		err = p.answer(call, effects)
	}
	n := 0
	switch r := rejected(err); {
	case err == nil:
		n = len(effects)
	case r != nil:
		n = max(0, min(r.Index, len(effects)))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range effects[:n] {
		p.lines = append(p.lines, string(effects[i].Payload))
	}
	return err
}

// Close notes that it was called.
func (p *place) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	return p.last
}

func (p *place) got() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.lines...)
}

// sender collects what it is told.
type sender struct {
	mu    sync.Mutex
	order []uint64
	errs  map[uint64]error
	rooms int
	room  func()
}

// Complete notes an outcome.
func (s *sender) Complete(token uint64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.errs == nil {
		s.errs = map[uint64]error{}
	}
	if _, twice := s.errs[token]; twice {
		panic(fmt.Sprintf("token %d completed twice", token))
	}
	s.order = append(s.order, token)
	s.errs[token] = err
}

// Room notes that there is room.
func (s *sender) Room() {
	s.mu.Lock()
	s.rooms++
	room := s.room
	s.mu.Unlock()
	if room != nil {
		room()
	}
}

func (s *sender) told() (completed, rooms int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.order), s.rooms
}

// effects are those with the tokens from..to; the payload is the token.
func effects(from, to uint64) []pelton.Effect {
	var all []pelton.Effect
	for token := from; token <= to; token++ {
		all = append(all, pelton.Effect{Token: token, Payload: fmt.Append(nil, token)})
	}
	return all
}

func lines(from, to uint64) []string {
	var all []string
	for _, e := range effects(from, to) {
		all = append(all, string(e.Payload))
	}
	return all
}
