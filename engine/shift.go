package engine

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/delivery"
	"github.com/peltonhq/pelton/engine/change"
	"github.com/peltonhq/pelton/engine/feed"
	"github.com/peltonhq/pelton/engine/revision"
)

// fate is what a change does to a source.
type fate int

const (
	fateKeep   fate = iota // its lanes reach nothing that changes: they go on
	fateDrain              // it stays open; its lanes are drained and begun again
	fateReopen             // it is closed and opened again
	fateClose
)

// fate is that of a source. Lanes with parked records are drained too: those come back to plugins that the source may not
// reach any more. A source whose lanes come and go is opened again, since what they handed over can't be read twice.
func (w *wheel) fate(d *draft, f *feed.Feed) (fate, error) {
	if _, ok := d.next.c.Sources[f.Name]; !ok {
		return fateClose, nil
	}
	if !d.plan.Keeps("source/" + f.Name) {
		return fateReopen, nil
	}
	touched := d.plan.Effect("source/"+f.Name) != "" || !d.same(f.Name)
	if !touched && d.plan.Graph() {
		waiting, err := f.Waiting()
		if err != nil {
			return fateKeep, err
		}
		touched = waiting
	}
	switch {
	case !touched:
		return fateKeep, nil
	case f.Shared():
		return fateReopen, nil
	}
	return fateDrain, nil
}

// same reports whether what the lanes of a source reach is the same, and stays open.
func (d *draft) same(source string) bool {
	old, next := d.old.plan.Reach(source), d.next.plan.Reach(source)
	if !reflect.DeepEqual(old, next) {
		return false
	}
	for node := range next {
		target, err := pelton.ParseTarget(node)
		switch {
		case err != nil: // an edge
		case target.Kind == pelton.TargetPlugin && (!d.keepsBox(target.Name) || !d.keepsNest(target.Name)):
			return false
		case !d.plan.Keeps(node):
			return false
		}
	}
	return true
}

// keepsNest reports whether the output arena of a plugin stays, if it has one.
func (d *draft) keepsNest(plugin string) bool {
	n := d.old.nests[plugin]
	if n == nil || !d.next.plan.Nested(plugin) {
		return n == nil && !d.next.plan.Nested(plugin)
	}
	return n.Size == d.wheel.nestSize(&d.next.c, plugin)
}

// move is a change of worlds under way.
type move struct {
	*draft

	fates   map[string]fate
	drained []*feed.Feed // to be resumed, whatever comes
	gone    map[any]bool // of the old world: closed
	swapped []back
	desired map[string]revision.Plugin // of the plugins that were closed
	entered bool                       // the new world is the running one
}

// prepare opens what is new and has no predecessor; nothing that runs is touched.
func (w *wheel) prepare(ctx context.Context, m *move) error {
	for i, b := range m.next.boxes {
		if m.keepsBox(b.name) {
			m.next.boxes[i] = m.old.box(b.name)
		}
	}
	for name, h := range m.old.halls {
		if m.plan.Keeps("session/" + name) {
			m.next.halls[name] = h
		}
	}
	for name, s := range m.old.sinks {
		if m.plan.Keeps("sink/" + name) {
			m.next.sinks[name] = s
		}
	}
	for name, n := range m.old.nests {
		if m.keepsNest(name) {
			m.next.nests[name] = n
		}
	}
	for _, name := range m.next.c.SourceNames() {
		if f := m.old.feed(name); f != nil && m.fates[name] <= fateDrain {
			m.next.feeds = append(m.next.feeds, f)
		}
	}
	return w.openMissing(ctx, m.next, m.old)
}

// openMissing opens what a world lacks, but for what has the name of something in another, which is to be closed first.
func (w *wheel) openMissing(ctx context.Context, s, but *world) error {
	if err := w.openBoxes(ctx, s, func(b *box) bool { return but == nil || but.box(b.name) == nil }); err != nil {
		return err
	}
	for _, p := range s.c.PluginNames() {
		if s.nests[p] == nil && s.plan.Nested(p) && (but == nil || but.nests[p] == nil) {
			if err := w.openNest(s, p); err != nil {
				return err
			}
		}
	}
	for _, name := range s.c.SessionNames() {
		if but == nil || but.halls[name] == nil {
			if err := w.openHall(ctx, s, name); err != nil {
				return err
			}
		}
	}
	for _, name := range s.c.SinkNames() {
		if but == nil || but.sinks[name] == nil {
			if err := w.openSink(ctx, s, name); err != nil {
				return err
			}
		}
	}
	for _, name := range s.c.SourceNames() {
		if s.feed(name) != nil || but != nil && but.feed(name) != nil {
			continue
		}
		f, err := feed.New(ctx, &w.feeds, name, s.c.Sources[name], nil)
		if err != nil {
			return fmt.Errorf("source %s: %w", name, err)
		}
		s.feeds = append(s.feeds, f)
	}
	return nil
}

// drain ends the lanes that reach what changes, and closes the sources that don't stay open.
func (w *wheel) drain(ctx context.Context, m *move) {
	limited, cancel := context.WithTimeout(ctx, w.c.Shutdown.Timeout.Std())
	defer cancel()
	defer m.old.flow()()
	var wait sync.WaitGroup
	for _, f := range m.old.feeds {
		end := f.Close
		switch m.fates[f.Name] {
		case fateKeep:
			continue
		case fateDrain:
			m.drained = append(m.drained, f)
			end = f.Drain
		case fateReopen, fateClose:
			m.gone[f] = true
		}
		wait.Go(func() {
			if err := end(limited); err != nil {
				w.event(Event{Event: "warning", Source: f.Name, Reason: fmt.Sprintf("source %s: %v; what was not done is done again", f.Name, err)})
			}
		})
	}
	wait.Wait()
}

// vacate closes what of one world is not in another, once no lane reaches it: all of it, or what has a successor there.
func (w *wheel) vacate(ctx context.Context, m *move, all bool) error {
	ctx, cancel := context.WithTimeout(ctx, w.c.Shutdown.Timeout.Std())
	defer cancel()
	var errs []error
	end := func(part any, stays, succeeded bool, closes func(context.Context) error) {
		if !stays && !m.gone[part] && (all || succeeded) {
			m.gone[part] = true
			errs = append(errs, closes(ctx))
		}
	}
	for name, s := range m.old.sinks {
		_, has := m.next.c.Sinks[name]
		end(s, m.next.sinks[name] == s, has, s.Close)
	}
	for name, h := range m.old.halls {
		_, has := m.next.c.Sessions[name]
		end(h, m.next.halls[name] == h, has, h.Shut)
	}
	for name, n := range m.old.nests {
		end(n, m.next.nests[name] == n, m.next.plan.Nested(name), func(context.Context) error { return n.Shut() })
	}
	for _, b := range m.old.boxes {
		next := m.next.box(b.name)
		if !m.gone[b] {
			m.desired[b.name] = w.book.Plugin(b.name)
		}
		end(b, next == b, next != nil, b.close)
		if next == nil && m.gone[b] {
			delete(w.held, b.name)
		}
	}
	return errors.Join(errs...)
}

// enter makes a world the running one: lanes that were drained go on in it, and those of new sources begin.
func (w *wheel) enter(ctx context.Context, s *world, drained []*feed.Feed) error {
	slices.SortStableFunc(s.feeds, func(a, b *feed.Feed) int {
		names := s.c.SourceNames()
		return slices.Index(names, a.Name) - slices.Index(names, b.Name)
	})
	for i, b := range s.boxes {
		if i < len(s.plan.Plugins) {
			b.plugin.Require(s.plan.Read(b.name))
		}
	}
	before := w.now()
	w.world.Store(s)
	for _, b := range s.boxes { // a mark may have changed since it was started
		b.plugin.Pause(b.pause.Load() == uint32(delivery.Paused))
	}
	var errs []error
	for _, f := range drained {
		if err := f.Resume(ctx, s.c.Sources[f.Name], s.wiring(f.Name)); err != nil {
			errs = append(errs, fmt.Errorf("source %s: %w", f.Name, err))
		}
	}
	for _, f := range s.feeds {
		if slices.Contains(drained, f) {
			continue
		}
		f.Use(s.c.Sources[f.Name], s.wiring(f.Name))
		if before.feed(f.Name) == f {
			continue
		}
		if err := f.Open(ctx); err != nil {
			errs = append(errs, fmt.Errorf("source %s: %w", f.Name, err))
		}
	}
	return errors.Join(errs...)
}

// openWorld opens what the config names, at the start.
func (w *wheel) openWorld(ctx context.Context) error {
	s := newWorld(&w.c)
	s.boxes = w.describe(s)
	entered := false
	w.later(func(ctx context.Context) error {
		if !entered {
			return s.close(ctx)
		}
		return w.now().close(ctx)
	})
	if err := w.openBoxes(ctx, s, func(*box) bool { return true }); err != nil {
		return err
	}
	warnings, err := s.c.CheckOutputs(s.outputs())
	if err != nil {
		return usage(err)
	}
	w.warn(&s.c, warnings)
	if err := w.openMissing(ctx, s, nil); err != nil {
		return err
	}
	id, err := change.Side{Config: &s.c, Codes: w.codes(s)}.Identity()
	if err != nil {
		return err
	}
	w.tally.Runs(id)
	entered = true
	return w.enter(ctx, s, nil)
}
