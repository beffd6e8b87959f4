package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/client"
	"github.com/peltonhq/pelton/cmd/pelton/top"
)

// topCommand is `pelton top`.
func (a *app) topCommand() *cobra.Command {
	once := false
	every := time.Second
	order := ""
	c := &cobra.Command{
		Use:   "top",
		Short: "Watch the figures of the running wheel",
		Long: `Watch the figures of the running wheel: rates, what waits and why, live. The key ? lists what
keys do. With --once, two sets of figures are read and the rates between them printed, for
pipes and scripts.`,
		Example: "  pelton top\n  pelton top --once --sort rate",
		Args:    args(0, 0, "nothing"),
		RunE: func(c *cobra.Command, _ []string) error {
			by, err := top.OrderOf(order)
			switch {
			case err != nil:
				return usagef("--sort %s: %v", order, err)
			case every < least:
				return usagef("--every %v: want at least %v", every, least)
			case !once && (!terminal(a.out) || !terminal(a.in)):
				return usagef("this is no terminal; `pelton top --once` prints the figures once")
			}
			return a.call(func(w *client.Client) error { return a.top(c.Context(), w, every, by, once) })
		},
	}
	c.Flags().BoolVar(&once, "once", false, "print the figures once")
	c.Flags().DurationVar(&every, "every", every, "how `LONG` between two sets of figures")
	c.Flags().StringVar(&order, "sort", top.ByConfig.String(), "order of the rows: config, rate or name")
	return a.wheelFlags(c)
}

// least is how often the wheel gives figures at most.
const least = 100 * time.Millisecond

// errEnough ends a watch.
var errEnough = errors.New("enough")

func (a *app) top(ctx context.Context, w *client.Client, every time.Duration, by top.Order, once bool) error {
	if once {
		var rates top.Rates
		err := w.WatchStats(ctx, every, func(s api.Stats) error {
			if rates.Add(&s); rates.Known() {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			return err
		}
		a.printf("%s", top.Frame(&rates, by, a.paint))
		return nil
	}
	addr, err := a.address()
	if err != nil {
		return err
	}
	if _, err := w.Stats(ctx); err != nil {
		return err // said before the screen is taken
	}
	return top.Run(ctx, top.Options{In: a.in, Out: a.out, Addr: addr, Order: by, Every: every, Paint: a.paint, Watch: w.WatchStats})
}
