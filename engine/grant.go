package engine

import (
	"context"

	"github.com/peltonhq/pelton/loop"
	"github.com/peltonhq/pelton/store/kv"
)

// grant opens what the config lets a plugin use of the world.
func (w *wheel) grant(ctx context.Context, b *box) error {
	c := w.c.Plugins[b.name].Capabilities // a reducer has none: no plugin bears its name
	if c.KV == nil {
		return nil
	}
	space, err := kv.Open(ctx, kv.Options{Store: w.store, Plugin: b.name, MaxBytes: int64(c.KV.MaxBytes), MaxKey: int(c.KV.MaxKey)})
	if err != nil {
		return err
	}
	w.later(space.Close)
	b.state, b.opts.Env.KV = space, space
	return nil
}

// states are where the lanes make the changes of plugins' states durable, by plugin of the plan.
func (w *wheel) states() []loop.State {
	states := make([]loop.State, len(w.plan.plugins))
	for i := range states {
		if s := w.boxes[i].state; s != nil {
			states[i] = s
		}
	}
	return states
}
