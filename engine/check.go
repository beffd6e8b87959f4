package engine

import (
	"context"
	"fmt"

	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/engine/adapter"
	"github.com/peltonhq/pelton/engine/config"
	"github.com/peltonhq/pelton/engine/feed"
)

func (w *wheel) check(ctx context.Context) ([]config.Warning, error) {
	w.furnish()
	s := newWorld(&w.c)
	boxes := w.describe(s)
	err := w.runtimes(ctx, boxes)
	if err != nil {
		return nil, err
	}
	defer func() { _ = w.code.Close(ctx) }()
	outputs := map[string][]string{}
	for _, b := range boxes {
		if outputs[b.name], err = w.try(ctx, b); err != nil {
			return nil, err
		}
	}
	warnings, err := w.c.CheckOutputs(outputs)
	if err != nil {
		return nil, usage(err)
	}
	for _, name := range w.c.SourceNames() {
		if err := feed.Look(ctx, &w.feeds, name, w.c.Sources[name]); err != nil {
			return nil, usage(fmt.Errorf("source %s: %w", name, err))
		}
	}
	if err := checkSinks(&w.c, w.c.SinkNames()); err != nil {
		return nil, err
	}
	return append(w.c.Warnings(), warnings...), nil
}

// checkSinks looks at what can be looked at of sinks without opening them.
func checkSinks(c *config.Config, names []string) error {
	for _, name := range names {
		if err := adapter.CheckSink(c.Sinks[name]); err != nil {
			return usage(fmt.Errorf("sink %s: %w", name, err))
		}
	}
	return nil
}

// try starts a plugin once and tells what it declares.
func (w *wheel) try(ctx context.Context, b *box) ([]string, error) {
	b.opts.Env.Log = func(string, string) {}
	built, err := w.build(ctx, b)
	if err != nil {
		return nil, err
	}
	b.opts.Instances = 1
	if err := w.start(ctx, b, actor.Version{Revision: 1, Digest: built.Digest, Module: built.Module}); err != nil {
		return nil, err
	}
	return names(b.plugin.Outputs()), b.plugin.Close(ctx)
}
