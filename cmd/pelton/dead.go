package main

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/client"
	"github.com/spf13/cobra"
)

// deadCommand is `pelton dead`.
func (a *app) deadCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "dead", Short: "List, show, replay, drop and export dead letters",
		Long: `A dead letter is a message that a plugin gave up, an emit that its target refuses, or input
that is no message. It is kept until it is dropped. After a fix, replay offers it again.`,
		Example: "  pelton dead replay --plugin delays",
	}
	return a.wheelFlags(group(c, a.deadList(), a.deadShow(), a.deadReplay(), a.deadDrop(), a.deadExport()))
}

// deadFlags adds the flags that select dead letters.
func (a *app) deadFlags(c *cobra.Command, q *api.DeadQuery) {
	f := c.Flags()
	f.StringVar(&q.Plugin, "plugin", "", "only those of this plugin")
	f.StringVar(&q.Reason, "reason", "", "only those whose reason contains this")
	f.StringVar(&q.Kind, "kind", "", "only those of this kind: delivery, emit or frame")
	f.StringVar(&q.State, "state", "", "only those in this state: dead, replaying or settled")
	f.StringVar(&q.Source, "source", "", "only those of this source")
	f.Var(timeFlag{&q.Since}, "since", "only those that failed last at this time (RFC 3339, or 90m ago) or later")
	f.Var(timeFlag{&q.Until}, "until", "only those that failed last before this time")
}

// selects reports whether a query names anything.
func selects(q *api.DeadQuery) bool { return *q != api.DeadQuery{} }

func (a *app) deadList() *cobra.Command {
	var q api.DeadQuery
	c := &cobra.Command{
		Use:   "list",
		Short: "List dead letters",
		Long:  "List dead letters, the oldest failure first: all of them, or those that the flags select.",
		Example: `  pelton dead list
  pelton dead list --plugin delays --reason timeout --json
  pelton dead list --state dead --since 2h`,
		Args: args(0, 0, "nothing"),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.call(func(w *client.Client) error { return a.deadRows(c.Context(), w, q) })
		},
	}
	a.deadFlags(c, &q)
	return a.jsonFlag(c)
}

func (a *app) deadRows(ctx context.Context, w *client.Client, q api.DeadQuery) error {
	all, err := w.AllDead(ctx, q)
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(list(all))
	}
	if len(all) == 0 {
		a.notef("no dead letters; `pelton parked list` shows what waits")
		return nil
	}
	rows := make([][]string, len(all))
	for i, d := range all {
		rows[i] = []string{d.ID, d.Kind, owner(d), strconv.Itoa(d.Attempts), d.State, when(d.Last, time.Now()), line([]byte(d.Reason))}
	}
	a.table("ID KIND OF ATTEMPTS STATE LAST REASON", rows)
	return nil
}

// owner is what a dead letter belongs to.
func owner(d api.DeadLetter) string {
	switch d.Kind {
	case api.DeadEmit:
		return d.Target
	case api.DeadFrame:
		return "source/" + d.Source
	}
	return d.Plugin
}

func (a *app) deadShow() *cobra.Command {
	c := &cobra.Command{
		Use:     "show ID",
		Short:   "Show a dead letter with its payload",
		Long:    "Show a dead letter: what it is, why and when it was given up, and its payload.",
		Example: "  pelton dead show 1hk2m3",
		Args:    args(1, 1, "an ID of `pelton dead list`"),
		RunE: func(c *cobra.Command, args []string) error {
			return a.call(func(w *client.Client) error {
				d, err := w.DeadLetter(c.Context(), args[0])
				if err != nil {
					return err
				}
				if a.json {
					return a.printJSON(d)
				}
				a.deadLetter(d)
				return nil
			})
		},
	}
	return a.jsonFlag(c)
}

func (a *app) deadLetter(d api.DeadLetter) {
	now := time.Now()
	revision := ""
	if d.Revision > 0 {
		revision = strings.TrimSuffix(strconv.Itoa(d.Revision)+" ("+digestOf(d.Digest)+")", " ()")
	}
	a.pairs("id", d.ID, "kind", d.Kind, "of", owner(d), "state", d.State, "reason", d.Reason,
		"attempts", strconv.Itoa(d.Attempts), "revision", revision, "first", when(d.First, now), "last", when(d.Last, now),
		"replays", strconv.Itoa(d.Replays), "message", d.Delivery, "source", d.Source, "lane", d.Lane, "position", strconv.FormatUint(d.Position, 10),
		"key", d.Key, "trace", d.Trace)
	for _, h := range d.Headers {
		a.pairs("header", h.Name+": "+h.Value)
	}
	a.payload(d.Payload)
}

func (a *app) deadDrop() *cobra.Command {
	var q api.DeadQuery
	var dryRun, all bool
	c := &cobra.Command{
		Use:   "drop [ID…]",
		Short: "Remove dead letters for good",
		Long: `Remove dead letters for good: those with the IDs, or all that the flags select, or
with --all every one. What is dropped can't come back.`,
		Example: `  pelton dead drop 1hk2m3
  pelton dead drop --reason "no such airport" --dry-run
  pelton dead drop --state settled`,
		RunE: func(c *cobra.Command, ids []string) error {
			if len(ids) == 0 && !selects(&q) && !all {
				return usagef("%s: say which: IDs, flags that select (--plugin, --reason, --state …), or --all", c.CommandPath())
			}
			return a.call(func(w *client.Client) error {
				n, err := w.DropDead(c.Context(), ids, q, dryRun)
				if err != nil {
					return err
				}
				return a.acted("drop", "dropped", letters(n), n, dryRun)
			})
		},
	}
	a.deadFlags(c, &q)
	c.Flags().BoolVar(&dryRun, "dry-run", false, "only say how many would be dropped")
	c.Flags().BoolVar(&all, "all", false, "every dead letter")
	return a.jsonFlag(c)
}

// acted says what a verb did to n things, or would do: done is its past ("dropped"), verb its stem.
func (a *app) acted(verb, done, things string, n int, dryRun bool) error {
	if a.json {
		return a.printJSON(map[string]any{done: n, "dry_run": dryRun})
	}
	if dryRun {
		done = "would " + verb
	}
	a.printf("%s %s\n", done, things)
	return nil
}

func letters(n int) string {
	if n == 1 {
		return "1 dead letter"
	}
	return strconv.Itoa(n) + " dead letters"
}

func (a *app) deadExport() *cobra.Command {
	var q api.DeadQuery
	c := &cobra.Command{
		Use:   "export",
		Short: "Write dead letters as lines of JSON",
		Long: `Write dead letters to standard output, one JSON object a line, with their payloads: all of
them, or those that the flags select. Nothing is changed. They are read in
pages, so that any number can be exported.`,
		Example: `  pelton dead export >dead.ndjson
  pelton dead export --plugin delays | jq -r .reason | sort | uniq -c`,
		Args: args(0, 0, "nothing"),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.call(func(w *client.Client) error { return a.export(c.Context(), w, q) })
		},
	}
	a.deadFlags(c, &q)
	return c
}

func (a *app) export(ctx context.Context, w *client.Client, q api.DeadQuery) error {
	lines := json.NewEncoder(a.out)
	lines.SetEscapeHTML(false)
	count := 0
	for {
		page, next, err := w.Dead(ctx, q)
		if err != nil {
			return err
		}
		for i := range page {
			if err := lines.Encode(page[i]); err != nil {
				return err
			}
		}
		count += len(page)
		if q.After = next; next == "" {
			a.notef("exported %s", letters(count))
			return nil
		}
	}
}
