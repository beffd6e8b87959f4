package dev

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/peltonhq/pelton/engine"
	"github.com/peltonhq/pelton/engine/config"
	"github.com/peltonhq/pelton/engine/config/rollout"
	"github.com/peltonhq/pelton/engine/trial"
)

// Options of a run. Load and Events are required.
type Options struct {
	Load   func() (config.Config, error) // reads the config anew
	File   string                        // that Load reads, to be watched
	Engine engine.Options                // of the wheel; Events is told its events
	Events func(Event)                   // what happens to the plugins, in order
	Sample []trial.Message               // of a source: what plugins that read one are compared on; nil: live messages
}

// Event is one thing that happened. Kind is one of
//
//	waiting   err: the wheel does not start; the next change is awaited
//	watching  paths
//	config    err: the new config is not good, the wheel goes on with the old one
//	applied   lines: the wheel goes on with the new config
//	restarts  lines: what of the new config can't change while the wheel runs
//	broken    plugin, err: it does not build, the old version goes on
//	same      plugin: it was built, and is what runs
//	live      plugin, revision, took
//	refused   plugin, revision, err: the new version was rolled back
//	compared  plugin, change: what it changed
type Event struct {
	Kind     string        `json:"event"`
	Plugin   string        `json:"plugin,omitempty"`
	Revision int           `json:"revision,omitempty"`
	Took     time.Duration `json:"took_ns,omitempty"`  // since the first change was seen
	Built    time.Duration `json:"built_ns,omitempty"` // of Took, what the compiler took
	Paths    []string      `json:"paths,omitempty"`    // what is watched; of an error: where the source lies
	Lines    []string      `json:"lines,omitempty"`    // of a config: each change, with what it does
	Change   *Change       `json:"change,omitempty"`
	Err      error         `json:"-"`
	Reason   string        `json:"reason,omitempty"` // of Err
}

// tell gives an event to whoever listens.
func (s *session) tell(e Event) {
	if e.Err != nil {
		e.Reason = e.Err.Error()
		for _, p := range subjects(&s.c) {
			if e.Plugin == "" || p.name == e.Plugin {
				e.Paths = append(e.Paths, p.roots...)
			}
		}
	}
	s.o.Events(e)
}

// The bounds of how a new version is judged: by its first message, or at once when none comes.
const (
	window  = 250 * time.Millisecond
	samples = 1
)

// session is one run.
type session struct {
	o       Options
	c       config.Config
	watcher *watcher
	wheel   *running // nil while it does not start
	code    map[string]artifact
	taps    sync.WaitGroup
}

// Run runs until ctx ends, or until the wheel ends by itself with an error.
func Run(ctx context.Context, o Options) error {
	w, err := newWatcher()
	if err != nil {
		return err
	}
	s := &session{o: o, watcher: w}
	defer w.close()
	if err := s.reload(ctx); err != nil {
		return err
	}
	for {
		var ended <-chan struct{}
		if s.wheel != nil {
			ended = s.wheel.ended
		}
		select {
		case <-ctx.Done():
			return s.stop()
		case <-ended:
			return s.stop()
		case first := <-w.changed:
			if err := s.take(ctx, first); err != nil {
				return errors.Join(err, s.stop())
			}
		}
	}
}

// take carries out what has changed.
func (s *session) take(ctx context.Context, first edit) error {
	began := time.Now()
	plugins, file := s.watcher.gather(ctx, first)
	if ctx.Err() != nil {
		return nil //nolint:nilerr // Run looks at it
	}
	if s.wheel == nil {
		return s.reload(ctx)
	}
	if file {
		if done, err := s.apply(ctx, plugins); done || err != nil {
			return err
		}
	}
	for _, name := range s.c.PluginNames() {
		if slices.Contains(plugins, name) {
			s.swap(ctx, name, began)
		}
	}
	for _, name := range s.c.SessionNames() {
		if name = config.ReducerName(name); slices.Contains(plugins, name) {
			s.swap(ctx, name, began)
		}
	}
	return nil
}

// reload starts the wheel, anew if it runs. What does not start is told, and tried again after the next change.
func (s *session) reload(ctx context.Context) error {
	if err := s.stop(); err != nil {
		return err
	}
	c, err := s.o.Load()
	if err != nil {
		if s.c.Sources == nil { // it never was good: that is for who called to see
			return err
		}
		s.tell(Event{Kind: "waiting", Err: err})
		return nil
	}
	s.c = eager(c)
	paths := s.watcher.watch(s.o.File, subjects(&s.c))
	if err := s.start(ctx); err != nil {
		if ctx.Err() != nil {
			return nil //nolint:nilerr // the run was ended before it began
		}
		if errors.Is(err, engine.ErrEnvironment) {
			return err
		}
		s.tell(Event{Kind: "waiting", Err: err})
		return nil
	}
	s.tell(Event{Kind: "watching", Paths: paths})
	return nil
}

const room = 64 // taps: a limit can't change while the wheel runs, but how many plugins there are can

// eager is the config with versions judged at once, and room for the taps of dev itself.
func eager(c config.Config) config.Config {
	// A plugin that fails goes back; one that gives messages up may well be meant to: the comparison tells.
	health := config.Health{Window: config.Duration(window), MinSamples: samples, MaxErrorRate: 1}
	plugins, sessions, taps := map[string]config.Plugin{}, map[string]config.Session{}, 0
	for name, p := range c.Plugins {
		p.Health, p.Strategy = health, rollout.Immediate
		plugins[name] = p
		taps++
	}
	for name, t := range c.Sessions {
		if t.Reduce != nil {
			r := *t.Reduce
			r.Health, r.Strategy = health, rollout.Immediate
			t.Reduce = &r
			taps += len(t.From)
		}
		sessions[name] = t
	}
	c.Plugins, c.Sessions = plugins, sessions
	c.Limits.Taps += (taps + room - 1) / room * room
	return c
}
