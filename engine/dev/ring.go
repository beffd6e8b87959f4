package dev

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/client"
	"github.com/peltonhq/pelton/engine/config"
	"github.com/peltonhq/pelton/engine/trial"
)

const (
	kept   = 200     // messages of a plugin that are kept for a comparison
	perSec = 50      // of them, so many a second
	whole  = 1 << 20 // bytes of a payload; a message with more is not kept
	again  = time.Second
)

// ring has the newest messages of a plugin.
type ring struct {
	nodes []string // that are tapped for them
	stop  context.CancelFunc

	mu  sync.Mutex
	all []trial.Message
}

// fill taps a node until ctx ends.
func (r *ring) fill(ctx context.Context, c *client.Client, node string) {
	for ctx.Err() == nil {
		_ = c.Tap(ctx, api.TapRequest{Node: node, Rate: perSec, Payload: whole}, func(f api.TapFrame) error { // no messages are no harm: they are looked for again
			r.mu.Lock()
			defer r.mu.Unlock()
			for i := range f.Samples {
				if s := &f.Samples[i]; s.Size == len(s.Payload) {
					r.all = append(r.all, trial.MessageOf(s))
				}
			}
			r.all = r.all[max(0, len(r.all)-kept):]
			return nil
		})
		select {
		case <-ctx.Done():
		case <-time.After(again):
		}
	}
}

func (r *ring) messages() []trial.Message {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]trial.Message(nil), r.all...)
}

// nodesOf are the nodes that a `from` reads.
func nodesOf(c *config.Config, from []string) []string {
	nodes := make([]string, len(from))
	for i, f := range from {
		name, output, _ := strings.Cut(f, ".")
		switch _, source := c.Sources[name]; {
		case source:
			nodes[i] = "source/" + name
		case output == "":
			nodes[i] = "plugin/" + name + "." + config.DefaultOutput
		default:
			nodes[i] = "plugin/" + f
		}
	}
	return nodes
}
