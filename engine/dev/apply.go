package dev

import (
	"context"
	"errors"
	"reflect"
	"slices"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/delta"
	"github.com/peltonhq/pelton/engine"
	"github.com/peltonhq/pelton/engine/change"
)

// apply has the wheel take the new config while it runs, with the code of plugins that were saved too. It reports whether
// nothing is left to do; after an error of the config the wheel runs as before.
func (s *session) apply(ctx context.Context, saved []string) (done bool, err error) {
	next, err := s.o.Load()
	if err != nil {
		s.tell(Event{Kind: "config", Err: err})
		return false, nil //nolint:nilerr // it is told, and the next save may be better
	}
	e, ok := s.wheel.again(ctx)
	switch {
	case !ok:
		return true, nil // it ends
	case e.Outcome == api.AppliedChanged, e.Outcome == api.AppliedUnchanged:
		was := subjects(&s.c)
		s.c = eager(next)
		if all := subjects(&s.c); !reflect.DeepEqual(was, all) {
			s.watcher.watch(s.o.File, all)
		}
		s.keepAll()
		if lines := explained(e.Plan, ""); len(lines) > 0 {
			s.tell(Event{Kind: "applied", Lines: lines})
		}
		s.look(ctx, e.Plan, saved)
		return true, nil
	}
	if lines := explained(e.Plan, delta.EffectRefused); len(lines) > 0 && e.Plan.Changes[0].Kind == "wheel" {
		s.tell(Event{Kind: "restarts", Lines: lines})
		return true, s.reload(ctx)
	}
	s.tell(Event{Kind: "config", Err: errors.New(e.Reason)})
	return false, nil
}

// again has the wheel read its file, and gives the answer; false when the wheel ends.
func (w *running) again(ctx context.Context) (e engine.Event, ok bool) {
	select {
	case <-w.applied: // of somebody else's apply
	default:
	}
	reload := w.reload
	for {
		select {
		case reload <- struct{}{}:
			reload = nil
		case e := <-w.applied:
			if reload == nil {
				return e, true
			}
		case <-w.ended:
			return e, false
		case <-ctx.Done():
			return e, false
		}
	}
}

// explained are the changes of a plan with an effect, or all, each with what it does.
func explained(p *delta.Plan, effect string) (lines []string) {
	if p == nil {
		return nil
	}
	for i := range p.Changes {
		if c := &p.Changes[i]; effect == "" || c.Effect == effect {
			lines = append(lines, change.Line(c)+" ("+c.Does+")")
		}
	}
	return lines
}

// look notes the code that came with a config, and shows what that of plugins changed which ran before.
func (s *session) look(ctx context.Context, p *delta.Plan, saved []string) {
	live := map[string]string{}
	rows, err := s.wheel.client.Plugins(ctx)
	if err != nil {
		return // the wheel ends
	}
	for _, row := range rows {
		live[row.Name] = row.Digest
	}
	for _, sub := range subjects(&s.c) {
		node := change.Node(sub.name)
		touched := slices.ContainsFunc(p.Changes, func(c delta.Change) bool { return c.Kind+"/"+c.Name == node })
		before, known := s.code[sub.name]
		if known && !touched && !slices.Contains(saved, sub.name) {
			continue
		}
		next, err := s.build(ctx, sub.name)
		if err != nil || next.digest != live[sub.name] {
			delete(s.code, sub.name) // it was saved again since, which comes next
			continue
		}
		s.code[sub.name] = next
		if before.digest != next.digest {
			s.contrast(ctx, sub.name, before, next, s.tell)
		}
	}
}
