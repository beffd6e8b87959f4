package main

import (
	"context"
	"strconv"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/client"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// parkedCommand is `pelton parked`.
func (a *app) parkedCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "parked", Short: "List, show, release and drop what waits",
		Long: `A parked delivery waits in the store, not in memory: for its next attempt, for the time it
was deferred to, for a hold to be settled, or behind an earlier message of its key.`,
		Example: "  pelton parked list --plugin delays",
	}
	return a.wheelFlags(group(c, a.parkedList(), a.parkedShow(), a.parkedRelease(), a.parkedDrop()))
}

// parkedFlags adds the flags that select parked deliveries.
func parkedFlags(f *pflag.FlagSet, q *api.ParkedQuery) {
	f.StringVar(&q.Plugin, "plugin", "", "only those of this plugin")
	f.StringVar(&q.Kind, "kind", "", "only those of this kind: retry, defer, hold, behind, pause or replay")
	f.StringVar(&q.Key, "key", "", "only those of messages with this key")
	f.Var(timeFlag{&q.Until}, "due-before", "only those that are due before this time (RFC 3339; -90m is in 90 minutes)")
}

func (a *app) parkedList() *cobra.Command {
	var q api.ParkedQuery
	c := &cobra.Command{
		Use:   "list",
		Short: "List parked deliveries",
		Long: `List parked deliveries in due order, those behind an earlier message of their key last: all of
them, or those that the flags select.`,
		Example: `  pelton parked list
  pelton parked list --kind hold --json
  pelton parked list --plugin delays --key ORD --due-before 2027-01-01T00:00:00Z`,
		Args: args(0, 0, "nothing"),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.call(func(w *client.Client) error { return a.parkedRows(c.Context(), w, q) })
		},
	}
	parkedFlags(c.Flags(), &q)
	return a.jsonFlag(c)
}

func (a *app) parkedRows(ctx context.Context, w *client.Client, q api.ParkedQuery) error {
	all, err := w.AllParked(ctx, q)
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(list(all))
	}
	if len(all) == 0 {
		a.notef("nothing is parked; `pelton dead list` shows what was given up")
		return nil
	}
	rows := make([][]string, len(all))
	for i, p := range all {
		rows[i] = []string{p.ID, p.Kind, p.Plugin, p.Key, when(p.Due, time.Now()), strconv.Itoa(p.Attempts), line([]byte(p.Reason))}
	}
	a.table("ID KIND PLUGIN KEY DUE ATTEMPTS REASON", rows)
	return nil
}

func (a *app) parkedShow() *cobra.Command {
	c := &cobra.Command{
		Use:     "show ID",
		Short:   "Show a parked delivery with its payload",
		Long:    "Show a parked delivery: what it is, why it waits and until when, and its payload.",
		Example: "  pelton parked show 1hk2m3",
		Args:    args(1, 1, "an ID of `pelton parked list`"),
		RunE: func(c *cobra.Command, args []string) error {
			return a.call(func(w *client.Client) error {
				p, err := w.ParkedRecord(c.Context(), args[0])
				if err != nil {
					return err
				}
				if a.json {
					return a.printJSON(p)
				}
				a.parkedRecord(p)
				return nil
			})
		},
	}
	return a.jsonFlag(c)
}

func (a *app) parkedRecord(p api.Parked) {
	now := time.Now()
	a.pairs("id", p.ID, "kind", p.Kind, "plugin", p.Plugin, "due", when(p.Due, now), "reason", p.Reason,
		"attempts", strconv.Itoa(p.Attempts), "defers", strconv.Itoa(p.Defers), "first seen", when(p.FirstSeen, now),
		"message", p.Delivery, "position", strconv.FormatUint(p.Position, 10), "key", p.Key)
	for _, h := range p.Headers {
		a.pairs("header", h.Name+": "+h.Value)
	}
	a.payload(p.Payload)
}

func (a *app) parkedRelease() *cobra.Command {
	return a.parkedAct("release", "Make parked deliveries due now", `Make parked deliveries due now, whatever they wait for: those with the IDs, or all that
the flags select, or with --all every one. They come back in due order, at most
as fast as others that are due. One that waits behind an earlier message of its key is left
as it is.`,
		"released", (*client.Client).Release)
}

func (a *app) parkedDrop() *cobra.Command {
	return a.parkedAct("drop", "Remove parked deliveries for good", `Remove parked deliveries for good: those with the IDs, or all that the flags
select, or with --all every one. Their messages count as done; what is dropped can't come
back. One that waits behind an earlier message of its key is left as it is.`,
		"dropped", (*client.Client).DropParked)
}

// parkedAct is a verb that changes the parked deliveries which it is told.
func (a *app) parkedAct(verb, short, long, done string, do func(*client.Client, context.Context, []string, api.ParkedQuery, bool) (int, error)) *cobra.Command {
	var q api.ParkedQuery
	var dryRun, all bool
	c := &cobra.Command{
		Use: verb + " [ID…]", Short: short, Long: long,
		Example: "  pelton parked " + verb + " 1hk2m3\n  pelton parked " + verb + " --plugin delays --dry-run",
		RunE: func(c *cobra.Command, ids []string) error {
			if len(ids) == 0 && q == (api.ParkedQuery{}) && !all {
				return usagef("%s: say which: IDs, flags that select (--plugin, --kind, --key, --due-before), or --all", c.CommandPath())
			}
			return a.call(func(w *client.Client) error {
				n, err := do(w, c.Context(), ids, q, dryRun)
				if err != nil {
					return err
				}
				if left := len(ids) - n; left > 0 {
					a.notef("pelton: %s left: on the way to the plugin at this moment, or behind an earlier message of the key", deliveries(left))
				}
				return a.acted(verb, done, deliveries(n), n, dryRun)
			})
		},
	}
	parkedFlags(c.Flags(), &q)
	c.Flags().BoolVar(&dryRun, "dry-run", false, "only say how many it would be")
	c.Flags().BoolVar(&all, "all", false, "every parked delivery")
	return a.jsonFlag(c)
}

func deliveries(n int) string {
	if n == 1 {
		return "1 parked delivery"
	}
	return strconv.Itoa(n) + " parked deliveries"
}
