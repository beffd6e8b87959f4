package sinktest

import (
	"sync"
	"testing"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/sink"
)

// wheel is a sink with its worker, between two restarts.
type wheel struct {
	worker *sink.Worker
	retry  chan struct{} // after the first failed attempt
	closed bool
}

func (k *Kit) start(t *testing.T) *wheel {
	t.Helper()
	s, err := k.Open()
	if err != nil {
		t.Fatal(err)
	}
	w := &wheel{retry: make(chan struct{})}
	var once sync.Once
	w.worker = sink.Start(sink.Options{Name: "kit", Sink: s, Buffer: 64 << 10, Batch: 16, OnRetry: func(error, time.Duration) {
		once.Do(func() { close(w.retry) })
	}})
	t.Cleanup(func() { w.stop(t) })
	return w
}

// stop closes the worker. A sink that crashed may say so.
func (w *wheel) stop(t *testing.T) {
	t.Helper()
	if w.closed {
		return
	}
	w.closed = true
	if err := w.worker.Close(t.Context()); err != nil && w.worker.Stats().Retries == 0 {
		t.Error(err)
	}
}

// sender is one loop: it offers its effects as there is room, and collects their outcomes.
type sender struct {
	room chan struct{}
	done chan struct{} // everything is completed

	mu    sync.Mutex // the worker tells on its goroutine
	left  int
	order []uint64
	errs  map[uint64]error
}

// send offers everything; it returns once all is taken, or once a write has failed and the buffer is full.
func (w *wheel) send(t *testing.T, all []pelton.Effect) *sender {
	t.Helper()
	s := &sender{room: make(chan struct{}, 1), done: make(chan struct{}), left: len(all), errs: map[uint64]error{}}
	for len(all) > 0 {
		n := w.worker.Offer(all, s)
		if all = all[n:]; len(all) > 0 {
			<-s.room
		}
	}
	return s
}

// Complete notes an outcome.
func (s *sender) Complete(token uint64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.order = append(s.order, token)
	if err != nil {
		s.errs[token] = err
	}
	if s.left--; s.left == 0 {
		close(s.done)
	}
}

// Room lets send go on.
func (s *sender) Room() {
	select {
	case s.room <- struct{}{}:
	default:
	}
}

// all waits until everything is completed and fails the test unless that was in order and without an error.
func (s *sender) all(t *testing.T, want []pelton.Effect) {
	t.Helper()
	<-s.done
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.errs) > 0 {
		t.Errorf("effects completed with errors: %v", s.errs)
	}
	for i := range want {
		if s.order[i] != want[i].Token {
			t.Errorf("completion %d is of effect %d, want %d", i, s.order[i], want[i].Token)
			return
		}
	}
}
