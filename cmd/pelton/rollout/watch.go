package rollout

import (
	"context"
	"fmt"
	"io"
	"reflect"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/client"
)

// Watch tells of each step of a swap under way: on a terminal in one line that changes, for programs an event a line. What
// comes in at once has no steps.
type Watch struct {
	Client   *client.Client
	Plugin   string
	Terminal io.Writer       // nil without one
	Document func(any) error // prints an event; nil if nobody reads them
}

// Until watches until ctx ends.
func (w Watch) Until(ctx context.Context) {
	if w.Terminal == nil && w.Document == nil {
		return
	}
	tick := time.NewTicker(time.Second / 2)
	defer tick.Stop()
	var last *api.Rollout
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			if w.Terminal != nil && last != nil {
				fmt.Fprint(w.Terminal, "\r\x1b[K")
			}
			return
		}
		r := w.now(ctx)
		if r == nil || reflect.DeepEqual(r, last) || w.Terminal == nil && r.Strategy == api.StrategyImmediate {
			continue
		}
		last = r
		if w.Terminal != nil {
			fmt.Fprintf(w.Terminal, "\r\x1b[K%s", Line(r, time.Now()))
		} else if w.Document(Event{Event: "rollout", Plugin: w.Plugin, Rollout: r}) != nil {
			return
		}
	}
}

func (w Watch) now(ctx context.Context) *api.Rollout {
	all, err := w.Client.Plugins(ctx)
	if err != nil {
		return nil // the swap's own answer says what is wrong
	}
	for i := range all {
		if all[i].Name == w.Plugin {
			return all[i].Rollout
		}
	}
	return nil
}
