package main

import (
	"context"
	"strconv"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/client"
	"github.com/spf13/cobra"
)

// parkedCommand is `pelton parked`.
func (a *app) parkedCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "parked", Short: "List what waits",
		Long: `A parked delivery waits in the store, not in memory: for its next attempt, for the time it
was deferred to, for a hold to be settled, or behind an earlier message of its key.`,
		Example: "  pelton parked list --plugin delays",
	}
	return a.wheelFlags(group(c, a.parkedList()))
}

func (a *app) parkedList() *cobra.Command {
	var q api.ParkedQuery
	c := &cobra.Command{
		Use:   "list",
		Short: "List parked deliveries",
		Long:  "List parked deliveries, all of them, or those that --plugin and --kind select.",
		Example: `  pelton parked list
  pelton parked list --kind hold --json`,
		Args: args(0, 0, "nothing"),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.call(func(w *client.Client) error { return a.parkedRows(c.Context(), w, q) })
		},
	}
	c.Flags().StringVar(&q.Plugin, "plugin", "", "only those of this plugin")
	c.Flags().StringVar(&q.Kind, "kind", "", "only those of this kind: retry, defer, hold, behind or replay")
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
