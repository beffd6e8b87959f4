package dev

import (
	"context"
	"slices"

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

	ctx     context.Context //nolint:containedctx // of its life: what is kept is kept as long
	reload  chan struct{}   // has it read its file
	applied chan engine.Event
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
	w := &running{
		cancel: cancel, ended: make(chan struct{}), kept: map[string]*ring{}, ctx: ctx, reload: make(chan struct{}), applied: make(chan engine.Event, 1),
	}
	listening := make(chan string, 1)
	o := s.o.Engine
	told := o.Events
	o.Reload, o.Adapt = w.reload, eager
	o.Events = func(e engine.Event) {
		switch e.Event {
		case "listening":
			listening <- e.HTTP
		case "apply":
			select {
			case w.applied <- e:
			default: // nobody waits for one
			}
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
	s.keepAll()
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

// keepAll keeps the newest messages of each plugin, or for a reducer the newest emits that it folds, from now on. What was
// kept of those that read the same stays.
func (s *session) keepAll() {
	w, before := s.wheel, s.wheel.kept
	w.kept = map[string]*ring{}
	for _, p := range subjects(&s.c) {
		nodes := []string{"plugin/" + p.name}
		for _, session := range s.c.SessionNames() {
			if config.ReducerName(session) == p.name {
				nodes = nodesOf(&s.c, s.c.Sessions[session].From)
			}
		}
		if old := before[p.name]; old != nil && slices.Equal(old.nodes, nodes) {
			w.kept[p.name] = old
			delete(before, p.name)
			continue
		}
		ctx, stop := context.WithCancel(w.ctx)
		kept := &ring{nodes: nodes, stop: stop}
		w.kept[p.name] = kept
		for _, node := range nodes {
			s.taps.Go(func() { kept.fill(ctx, w.client, node) })
		}
	}
	for _, gone := range before {
		gone.stop()
	}
}
