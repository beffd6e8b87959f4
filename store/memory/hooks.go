package memory

import (
	"fmt"

	"github.com/peltonhq/pelton/store"
	"github.com/peltonhq/pelton/store/internal/intake"
)

// hooks are what tests set; under Store.mu.
type hooks struct {
	held    bool
	steps   int // appends that go although held
	next    error
	broken  error
	crashed error
	full    string
	room    chan struct{} // closed when full is lifted
}

// Hold keeps appends and claims from becoming durable until Release or Step; they wait, in order.
func (s *Store) Hold() { s.set(func(h *hooks) { h.held = true }) }

// Release ends Hold.
func (s *Store) Release() { s.set(func(h *hooks) { h.held, h.steps = false, 0 }) }

// Step lets the next n held appends or claims become durable.
func (s *Store) Step(n int) { s.set(func(h *hooks) { h.steps += n }) }

// FailNext makes the next append fail with err, once; nothing of it becomes durable.
func (s *Store) FailNext(err error) { s.set(func(h *hooks) { h.next = err }) }

// Break fails the store for good, as a failed fsync does.
func (s *Store) Break() {
	s.set(func(h *hooks) { h.broken = fmt.Errorf("store in memory: %w: broken by a test", store.ErrFailed) })
}

// Fill makes the store full for this reason; the empty reason makes room again.
func (s *Store) Fill(reason string) {
	s.set(func(h *hooks) {
		h.full = reason
		switch {
		case reason != "" && h.room == nil:
			h.room = make(chan struct{})
		case reason == "" && h.room != nil:
			close(h.room)
			h.room = nil
		}
	})
}

// Full implements [store.Store].
func (s *Store) Full() (reason string, room <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hooks.full, s.hooks.room
}

// Crash ends the store as kill -9 does: what is not durable is lost, its callers get [store.ErrClosed]. The disk can
// be opened again when it returns.
func (s *Store) Crash() {
	s.set(func(h *hooks) { h.crashed = fmt.Errorf("crashed by a test: %w", store.ErrClosed) })
	if s.queue.Close() {
		s.end()
		return
	}
	<-s.ended
}

func (s *Store) set(change func(*hooks)) {
	s.mu.Lock()
	change(&s.hooks)
	s.mu.Unlock()
	select {
	case s.moved <- struct{}{}:
	default:
	}
}

// wait blocks the committer while the store is held, then says how the request shall end.
func (s *Store) wait(r *intake.Request) (full string, failed error) {
	for {
		full, held, failed := s.outcome(r)
		if !held {
			return full, failed
		}
		<-s.moved
	}
}

// outcome says how the request shall end, unless it is held.
func (s *Store) outcome(r *intake.Request) (full string, held bool, failed error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := &s.hooks
	if h.crashed == nil && h.held && h.steps == 0 {
		return "", true, nil
	}
	full, failed = h.outcome(r)
	return full, false, failed
}

func (h *hooks) outcome(r *intake.Request) (full string, failed error) {
	h.steps = max(0, h.steps-1)
	switch {
	case h.crashed != nil:
		return "", h.crashed
	case h.broken != nil:
		return "", h.broken
	case h.next != nil && r.Claimed == nil:
		failed, h.next = h.next, nil
		return "", failed
	}
	return h.full, nil
}
