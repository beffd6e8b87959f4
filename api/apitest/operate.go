package apitest

import (
	"context"
	"slices"

	"github.com/peltonhq/pelton/api"
)

// Diff implements [api.Plugins].
func (w *Wheel) Diff(_ context.Context, name string, from, to int) (api.Diff, error) {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	if err := w.plugin(name); err != nil {
		return api.Diff{}, err
	}
	if from > len(w.Revisions) || to > len(w.Revisions) {
		return api.Diff{}, api.Errorf(api.NotFound, "plugin %s has no revision %d", name, max(from, to))
	}
	return api.Diff{Plugin: name, From: api.Revision{Number: from}, To: api.Revision{Number: to}, Config: "-a\n+b\n"}, nil
}

// Delete implements [api.Plugins].
func (w *Wheel) Delete(_ context.Context, r api.Removal) (api.Removed, error) {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	w.Removals = append(w.Removals, r)
	return api.Removed{Revisions: 1, Artifacts: 1}, nil
}

// change changes a plugin as it is listed.
func (w *Wheel) change(name string, f func(*api.Plugin)) (api.Plugin, error) {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	if err := w.plugin(name); err != nil {
		return api.Plugin{}, err
	}
	i := slices.IndexFunc(w.ListOf, func(p api.Plugin) bool { return p.Name == name })
	w.ListOf = slices.Clone(w.ListOf)
	f(&w.ListOf[i])
	return w.ListOf[i], nil
}

// Pin implements [api.Operators].
func (w *Wheel) Pin(_ context.Context, name string, on bool, by api.By) (api.Plugin, error) {
	return w.change(name, func(p *api.Plugin) {
		p.Pinned = nil
		if on {
			p.Pinned = &api.Mark{Who: by.Who, Why: by.Why}
		}
	})
}

// Pause implements [api.Operators].
func (w *Wheel) Pause(_ context.Context, name string, park bool, by api.By) (api.Plugin, error) {
	return w.change(name, func(p *api.Plugin) { p.Paused = &api.Mark{Who: by.Who, Why: by.Why, Park: park} })
}

// Resume implements [api.Operators].
func (w *Wheel) Resume(_ context.Context, name string, _ api.By) (api.Plugin, error) {
	return w.change(name, func(p *api.Plugin) { p.Paused = nil })
}

// Log implements [api.Operators].
func (w *Wheel) Log(_ context.Context, name string, after uint64) ([]api.LogLine, <-chan struct{}, error) {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	if w.More == nil {
		w.More = make(chan struct{})
	}
	lines := slices.Clone(w.Lines)
	return slices.DeleteFunc(lines, func(l api.LogLine) bool { return l.Seq <= after }), w.More, w.plugin(name)
}

// Say has the plugins log a line.
func (w *Wheel) Say(level, text string) {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	w.Lines = append(w.Lines, api.LogLine{Seq: uint64(len(w.Lines) + 1), Revision: 1, Level: level, Text: text})
	if w.More != nil {
		close(w.More)
	}
	w.More = make(chan struct{})
}
