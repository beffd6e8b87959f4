package craft

import (
	"context"
	"errors"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/client"
	"github.com/peltonhq/pelton/cmd/pelton/access"
	"github.com/peltonhq/pelton/cmd/pelton/show"
	"github.com/peltonhq/pelton/engine/config/unit"
	"github.com/peltonhq/pelton/internal/tap"
	"github.com/spf13/cobra"
)

func (h *Host) tapCommand() *cobra.Command {
	var limit uint64
	var key, rate string
	var asJSON bool
	c := &cobra.Command{
		Use:   "tap NODE",
		Short: "Watch messages as they pass a source, plugin, session or sink",
		Long: `Print messages as they pass NODE, until a signal or --limit of them. At a plugin each is shown
with the verdict, the attempt, the revision, the time that the plugin took, and what it put
out. A node is named as in the config: flights, delays, delays.late (one output), or with
its kind when a name stands for several: sink/late, session/airports.

A tap never slows the wheel: what comes faster than --rate is left out, and counted. Nothing
is looked at while nobody taps.`,
		Example: `  pelton tap delays
  pelton tap delays.late --limit 10 --json
  pelton tap flights --key ORD --rate 100/s`,
		Args: h.Args(1, 1, "the NODE"),
		RunE: func(c *cobra.Command, args []string) error {
			r := api.TapRequest{Node: args[0], Limit: limit}
			if c.Flags().Changed("key") {
				r.Key = []byte(key)
			}
			perSecond, err := unit.ParseRate(rate)
			if err != nil {
				return access.Usagef("--rate: %v", err)
			}
			r.Rate = perSecond.PerSecond()
			return h.Call(func(w *client.Client) error { return h.tap(c.Context(), w, r, asJSON) })
		},
	}
	f := c.Flags()
	f.Uint64Var(&limit, "limit", 0, "end after so many messages")
	f.StringVar(&rate, "rate", "20/s", "show at most so many messages, for example 20/s or 10/m")
	f.StringVar(&key, "key", "", "only messages with this `KEY`")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return h.Wheel(c)
}

func (h *Host) tap(ctx context.Context, w *client.Client, r api.TapRequest, asJSON bool) error {
	lines := h.lines()
	var node string
	var counts tap.Counts
	err := w.Tap(ctx, r, func(f api.TapFrame) error {
		if f.Node != "" {
			node = f.Node
		}
		counts = f.Counts
		for i := range f.Samples {
			if !asJSON {
				lines.Sample(&f.Samples[i])
			} else if err := h.document(tap.DocumentOf(node, &f.Samples[i])); err != nil {
				return err
			}
		}
		return nil
	})
	if left := show.Left(counts); left != "" {
		h.notef("pelton: %s", left)
	}
	return interrupted(ctx, err)
}

// interrupted takes no offence at what ended by a signal.
func interrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, &api.Error{Code: api.Canceled}) {
		return nil
	}
	return err
}
