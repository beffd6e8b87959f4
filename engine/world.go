package engine

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/arena"
	"github.com/peltonhq/pelton/engine/config"
	"github.com/peltonhq/pelton/engine/feed"
	"github.com/peltonhq/pelton/engine/grant"
	"github.com/peltonhq/pelton/engine/plan"
	"github.com/peltonhq/pelton/engine/target"
	"github.com/peltonhq/pelton/loop"
	"github.com/peltonhq/pelton/sink"
)

// world is what a wheel is made of at a time: its config and everything that the config names, open. Nobody changes it
// once it is shown; an apply puts another in its place, which shares what did not change.
type world struct {
	c     config.Config
	plan  *plan.Plan
	boxes []*box // plugins in config order, reducers behind
	halls map[string]*target.Hall
	sinks map[string]*sink.Worker
	nests map[string]*target.Nest // of plugins that other plugins read
	feeds []*feed.Feed            // in config order
}

func newWorld(c *config.Config) *world {
	return &world{c: *c, plan: plan.New(c), halls: map[string]*target.Hall{}, sinks: map[string]*sink.Worker{}, nests: map[string]*target.Nest{}}
}

// now is the world of this moment.
func (w *wheel) now() *world { return w.world.Load() }

func (s *world) box(name string) *box {
	i := slices.IndexFunc(s.boxes, func(b *box) bool { return b.name == name })
	if i < 0 {
		return nil
	}
	return s.boxes[i]
}

func (s *world) feed(name string) *feed.Feed {
	i := slices.IndexFunc(s.feeds, func(f *feed.Feed) bool { return f.Name == name })
	if i < 0 {
		return nil
	}
	return s.feeds[i]
}

// lane finds the loop that bears a lane's name now, of whatever incarnation.
func (w *wheel) lane(id pelton.LaneID) *loop.Loop {
	if f := w.now().feed(id.Source); f != nil {
		return f.Lane(id.Lane)
	}
	return nil
}

// loops are those of all sources.
func (w *wheel) loops() (all []*loop.Loop) {
	for _, f := range w.now().feeds {
		for _, r := range f.Loops() {
			all = append(all, r.Loop)
		}
	}
	return all
}

// wiring is what the lanes of a source are run with.
func (s *world) wiring(source string) *feed.Wiring {
	w := &feed.Wiring{Graph: s.plan.Of(source), Paused: s.paused}
	for i := range s.plan.Plugins {
		name := s.plan.Plugins[i].Name
		b := s.box(name)
		w.Plugins, w.Grants = append(w.Plugins, b.plugin), append(w.Grants, b.granted.Lane())
		var out *arena.Arena
		if n := s.nests[name]; n != nil {
			out = n.Arena
		}
		w.Outputs = append(w.Outputs, out)
	}
	for _, t := range s.plan.Targets {
		if t.Kind == pelton.TargetSession {
			w.Targets = append(w.Targets, s.halls[t.Name])
		} else {
			w.Targets = append(w.Targets, s.sinks[t.Name])
		}
	}
	return w
}

// openBoxes opens the plugins that are not open yet, and compares what all declare with who reads it.
func (w *wheel) openBoxes(ctx context.Context, s *world, want func(*box) bool) error {
	for _, b := range s.boxes {
		if b.plugin != nil || !want(b) {
			continue
		}
		var err error
		if b.granted, err = grant.Open(ctx, w.store, b.name, b.c.Plugins[b.name].Capabilities); err != nil { // a reducer has none
			return err
		}
		if b.granted.State != nil {
			b.opts.Env.KV = b.granted.State
		}
		b.opts.Env.HTTP = b.granted.Requests != nil
		if err := w.openBox(ctx, b); err != nil {
			return err
		}
	}
	return nil
}

// outputs are what the plugins that are open declare.
func (s *world) outputs() map[string][]string {
	outputs := map[string][]string{}
	for _, b := range s.boxes {
		if b.plugin != nil {
			outputs[b.name] = names(b.plugin.Outputs())
		}
	}
	return outputs
}

// warn tells of what is allowed in a config and probably not meant.
func (w *wheel) warn(c *config.Config, more []config.Warning) {
	for _, warning := range append(c.Warnings(), more...) {
		w.event(Event{Event: "warning", Reason: warning.String()})
	}
}

// reduces reports whether it is a reducer, which answers to sessions and not to lanes.
func (b *box) reduces() bool { return strings.HasPrefix(b.name, config.ReducerName("")) }

// openHall opens the sessions of a name, unless they are.
// flow lets no follower hold a session up until done is called: lanes that are to end must not wait for one.
func (s *world) flow() (done func()) {
	var all []func()
	for _, h := range s.halls {
		all = append(all, h.Flow())
	}
	return func() {
		for _, done := range all {
			done()
		}
	}
}

func (w *wheel) openHall(ctx context.Context, s *world, name string) error {
	if s.halls[name] != nil {
		return nil
	}
	var plugin *actor.Plugin
	if b := s.box(config.ReducerName(name)); b != nil {
		plugin = b.plugin
	}
	h, err := target.OpenHall(ctx, w.store, name, s.c.Sessions[name], plugin, w.fail, func(text string) { w.event(Event{Event: "warning", Reason: text}) })
	if err == nil {
		s.halls[name] = h
	}
	return err
}

// openSink opens a sink, unless it is.
func (w *wheel) openSink(ctx context.Context, s *world, name string) error {
	if s.sinks[name] != nil {
		return nil
	}
	opened, err := target.OpenSink(ctx, w.store, name, s.c.Sinks[name], w.o.Stdout, func(text string) {
		w.event(Event{Event: "warning", Reason: text})
	})
	if err == nil {
		s.sinks[name] = opened
	}
	return err
}

// openNest makes the output arena of a plugin that other plugins read.
func (w *wheel) openNest(s *world, name string) error {
	n, err := target.OpenNest(name, w.nestSize(&s.c, name))
	if err == nil {
		s.nests[name] = n
	}
	return err
}

// nestSize is that of the arena for a plugin's emits.
func (w *wheel) nestSize(c *config.Config, plugin string) target.NestSize {
	return target.NestSizeOf(c, plugin, w.feeds.LanesMost(c.Sources))
}

// close ends a plugin, then what it was granted.
func (b *box) close(ctx context.Context) error {
	if b.plugin == nil {
		return b.granted.Close(ctx)
	}
	return errors.Join(b.plugin.Close(ctx), b.granted.Close(ctx))
}

// close closes everything that is open, the newest first: lanes, sinks, sessions, plugins.
func (s *world) close(ctx context.Context) error {
	var errs []error
	for _, f := range slices.Backward(s.feeds) {
		errs = append(errs, f.Close(ctx))
	}
	for _, n := range s.nests {
		errs = append(errs, n.Shut())
	}
	for _, name := range slices.Backward(sorted(s.sinks)) {
		errs = append(errs, s.sinks[name].Close(ctx))
	}
	for _, name := range slices.Backward(sorted(s.halls)) {
		errs = append(errs, s.halls[name].Shut(ctx))
	}
	for _, b := range slices.Backward(s.boxes) {
		errs = append(errs, b.close(ctx))
	}
	return errors.Join(errs...)
}

// clone is a world that can be changed before it is shown.
func (s *world) clone() *world {
	next := *s
	next.boxes, next.feeds = slices.Clone(s.boxes), slices.Clone(s.feeds)
	next.halls, next.sinks, next.nests = maps.Clone(s.halls), maps.Clone(s.sinks), maps.Clone(s.nests)
	return &next
}

// from is what a plugin or reducer reads.
func (s *world) from(name string) []string {
	if p, ok := s.c.Plugins[name]; ok {
		return p.From
	}
	session, _ := strings.CutPrefix(name, config.ReducerName(""))
	return s.c.Sessions[session].From
}
