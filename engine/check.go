package engine

import (
	"context"
	"fmt"

	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/engine/adapter"
	"github.com/peltonhq/pelton/engine/config"
	"github.com/peltonhq/pelton/engine/plan"
)

func (w *wheel) check(ctx context.Context) ([]config.Warning, error) {
	w.plan = plan.New(&w.c)
	w.boxes = w.describe()
	err := w.runtimes(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = w.code.Close(ctx) }()
	outputs := map[string][]string{}
	for _, b := range w.boxes {
		if outputs[b.name], err = w.try(ctx, b); err != nil {
			return nil, err
		}
	}
	warnings, err := w.c.CheckOutputs(outputs)
	if err != nil {
		return nil, usage(err)
	}
	for _, name := range w.c.SourceNames() {
		f := &feed{name: name, c: w.c.Sources[name]}
		if err := w.lookAt(ctx, f); err != nil {
			return nil, usage(fmt.Errorf("source %s: %w", name, err))
		}
	}
	for _, name := range w.c.SinkNames() {
		if err := adapter.CheckSink(w.c.Sinks[name]); err != nil {
			return nil, usage(fmt.Errorf("sink %s: %w", name, err))
		}
	}
	return append(w.c.Warnings(), warnings...), nil
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

// lookAt finds out whether a source can be opened. An ingest queue is in the store, which a check does not open, and a
// cluster may be anywhere: of that only the files of secrets are looked at.
func (w *wheel) lookAt(ctx context.Context, f *feed) error {
	if err := decodeOf(f.c.Decode, w.c.Arena.MaxMessage).Validate(); err != nil {
		return err
	}
	if all, err := adapter.CheckSource(f.c); all || err != nil {
		return err
	}
	if err := w.openInput(ctx, f); err != nil {
		return err
	}
	if f.c.Kafka == nil {
		if _, err := f.source.Open(ctx); err != nil {
			return err
		}
	}
	return f.source.Close()
}
