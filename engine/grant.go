package engine

import (
	"context"
	"fmt"

	"github.com/peltonhq/pelton/actor/http"
	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/loop"
	"github.com/peltonhq/pelton/store/kv"
)

// granted is what a plugin may use of the world; nil where it may not.
type granted struct {
	state    *kv.Space
	requests *http.Client
}

// grant opens what the config lets a plugin use of the world.
func (w *wheel) grant(ctx context.Context, b *box) error {
	c := w.c.Plugins[b.name].Capabilities // a reducer has none: no plugin bears its name
	if k := c.KV; k != nil {
		space, err := kv.Open(ctx, kv.Options{Store: w.store, Plugin: b.name, MaxBytes: int64(k.MaxBytes), MaxKey: int(k.MaxKey)})
		if err != nil {
			return fmt.Errorf("plugin %s: kv: %w", b.name, err)
		}
		w.later(space.Close)
		b.state, b.opts.Env.KV = space, space
	}
	if h := c.HTTP; h != nil {
		requests, err := http.New(http.Options{
			Allow: h.Allow, Private: h.Private, Timeout: h.Timeout.Std(), MaxResponse: int64(h.MaxResponse), MaxHeaders: int64(h.MaxHeaders),
			Redirects: h.Redirects, Concurrency: h.Concurrency,
		})
		if err != nil {
			return usage(fmt.Errorf("plugin %s: capabilities.http.allow: %w", b.name, err))
		}
		w.later(requests.Close)
		b.requests, b.opts.Env.HTTP = requests, true
	}
	return nil
}

// grants are what the plugins of the plan may use, as the lanes see it.
func (w *wheel) grants() []loop.Grant {
	grants := make([]loop.Grant, len(w.plan.Plugins))
	for i := range grants {
		if s := w.boxes[i].state; s != nil {
			grants[i].State = s
		}
		if r := w.boxes[i].requests; r != nil {
			grants[i].Fetcher = r
		}
	}
	return grants
}

// stats adds the figures of what is granted.
func (g *granted) stats(p *api.PluginStats) {
	if g.state != nil {
		used := g.state.Used()
		_, limit := g.state.Room()
		p.KV = &api.KVStats{Bytes: uint64(used.Bytes), Keys: uint64(used.Keys), MaxBytes: uint64(limit)}
	}
	if g.requests != nil {
		s := g.requests.Stats()
		p.HTTP = &api.HTTPStats{InFlight: s.InFlight, Queued: s.Queued, Outcomes: s.Outcomes}
	}
}
