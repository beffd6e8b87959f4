package dev

import (
	"context"

	"github.com/peltonhq/pelton/api/client"
	"github.com/peltonhq/pelton/engine"
	"github.com/peltonhq/pelton/engine/config"
)

// running is a wheel, with a client of it.
type running struct {
	client *client.Client
	cancel context.CancelFunc
	ended  chan struct{} // closed when it is over
	err    error         // set before
	kept   map[string]*ring
}

// start runs the wheel and waits until it listens.
func (s *session) start(ctx context.Context) error {
	s.code = map[string]artifact{}
	for _, p := range subjects(&s.c) { // before the wheel does it: what runs is what is compared with
		a, err := s.build(ctx, p.name)
		if err != nil {
			return err
		}
		s.code[p.name] = a
	}
	ctx, cancel := context.WithCancel(ctx)
	w := &running{cancel: cancel, ended: make(chan struct{}), kept: map[string]*ring{}}
	listening := make(chan string, 1)
	o := s.o.Engine
	told := o.Events
	o.Events = func(e engine.Event) {
		if e.Event == "listening" {
			listening <- e.HTTP
		}
		if told != nil {
			told(e)
		}
	}
	go func() {
		defer close(w.ended)
		w.err = engine.Run(ctx, s.c, o)
	}()
	select {
	case addr := <-listening:
		w.client = client.New(addr)
	case <-w.ended:
		cancel()
		return w.err
	}
	s.wheel = w
	for _, p := range subjects(&s.c) {
		s.keep(ctx, p.name)
	}
	return nil
}

// stop ends the wheel, and is its error.
func (s *session) stop() error {
	w := s.wheel
	if w == nil {
		return nil
	}
	s.wheel = nil
	w.cancel()
	<-w.ended
	s.taps.Wait()
	w.client.Close()
	return w.err
}

// keep keeps the newest messages of a plugin, or for a reducer the newest emits that it folds.
func (s *session) keep(ctx context.Context, name string) {
	kept := &ring{}
	s.wheel.kept[name] = kept
	nodes := []string{"plugin/" + name}
	for _, session := range s.c.SessionNames() {
		if config.ReducerName(session) == name {
			nodes = nodesOf(&s.c, s.c.Sessions[session].From)
		}
	}
	w := s.wheel
	for _, node := range nodes {
		s.taps.Go(func() { kept.fill(ctx, w.client, node) })
	}
}
