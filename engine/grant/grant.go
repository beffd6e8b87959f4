package grant

import (
	"context"
	"errors"
	"fmt"

	"github.com/peltonhq/pelton/actor/http"
	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/meter"
	"github.com/peltonhq/pelton/engine/class"
	"github.com/peltonhq/pelton/engine/config"
	"github.com/peltonhq/pelton/loop"
	"github.com/peltonhq/pelton/store"
	"github.com/peltonhq/pelton/store/kv"
)

// Granted is what a plugin may use of the world; nil where it may not.
type Granted struct {
	State    *kv.Space
	Requests *http.Client
}

// Open opens what a plugin is granted. What was opened before an error is to be closed all the same.
func Open(ctx context.Context, s store.Store, plugin string, c config.Capabilities) (g Granted, err error) {
	if k := c.KV; k != nil {
		g.State, err = kv.Open(ctx, kv.Options{Store: s, Plugin: plugin, MaxBytes: int64(k.MaxBytes), MaxKey: int(k.MaxKey)})
		if err != nil {
			return Granted{}, fmt.Errorf("plugin %s: kv: %w", plugin, err)
		}
	}
	if h := c.HTTP; h != nil {
		g.Requests, err = http.New(http.Options{
			Allow: h.Allow, Private: h.Private, Timeout: h.Timeout.Std(), MaxResponse: int64(h.MaxResponse), MaxHeaders: int64(h.MaxHeaders),
			Redirects: h.Redirects, Concurrency: h.Concurrency,
		})
		if err != nil {
			return g, class.Usage(fmt.Errorf("plugin %s: capabilities.http.allow: %w", plugin, err))
		}
	}
	return g, nil
}

// Lane is what the plugin may use, as the lanes see it.
func (g *Granted) Lane() (l loop.Grant) {
	if g.State != nil {
		l.State = g.State
	}
	if g.Requests != nil {
		l.Fetcher = g.Requests
	}
	return l
}

// Close ends what was granted.
func (g *Granted) Close(ctx context.Context) error {
	var errs []error
	if g.Requests != nil {
		errs = append(errs, g.Requests.Close(ctx))
	}
	if g.State != nil {
		errs = append(errs, g.State.Close(ctx))
	}
	return errors.Join(errs...)
}

// Stats adds the figures of what is granted.
func (g *Granted) Stats(p *api.PluginStats) {
	if g.State != nil {
		used := g.State.Used()
		_, limit := g.State.Room()
		p.KV = &meter.KVStats{Bytes: uint64(used.Bytes), Keys: uint64(used.Keys), MaxBytes: uint64(limit)}
	}
	if g.Requests != nil {
		s := g.Requests.Stats()
		p.HTTP = &meter.HTTPStats{InFlight: s.InFlight, Queued: s.Queued, Outcomes: s.Outcomes}
	}
}
