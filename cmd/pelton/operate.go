package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/client"
	"github.com/spf13/cobra"
)

func (a *app) pluginDiff() *cobra.Command {
	c := &cobra.Command{
		Use:   "diff NAME [REVISION [REVISION]]",
		Short: "Show what differs between two revisions",
		Long: `Show what differs between two revisions of a plugin: code, outputs, what it was built by, config
and limits. One REVISION is compared with the live one; without any the live one is
compared with the one before it.`,
		Example: `  pelton plugin diff delays
  pelton plugin diff delays 3 5 --json`,
		Args: args(1, 3, "the NAME of a plugin and at most two revisions"),
		RunE: func(c *cobra.Command, args []string) error {
			var n [2]int
			for i, text := range args[1:] {
				var err error
				if n[i], err = revisionOf(text); err != nil {
					return err
				}
			}
			return a.call(func(w *client.Client) error {
				d, err := w.Diff(c.Context(), args[0], n[0], n[1])
				if err != nil {
					return err
				}
				return a.differ(d)
			})
		},
	}
	return a.jsonFlag(c)
}

func revisionOf(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, usagef("revision %q: want a number from 1; `pelton plugin history NAME` lists them", text)
	}
	return n, nil
}

func (a *app) differ(d api.Diff) error {
	if a.json {
		d.Changes = list(d.Changes)
		return a.printJSON(d)
	}
	if len(d.Changes) == 0 && d.Config == "" {
		a.printf("%s: revisions %d and %d are the same\n", d.Plugin, d.From.Number, d.To.Number)
		return nil
	}
	rows := make([][]string, len(d.Changes))
	for i, c := range d.Changes {
		if c.What == "digest" {
			c.From, c.To = digestOf(c.From), digestOf(c.To)
		}
		rows[i] = []string{c.What, orDash(c.From), orDash(c.To)}
	}
	a.table(fmt.Sprintf("%s %d %d", d.Plugin, d.From.Number, d.To.Number), rows)
	if d.Config != "" {
		a.printf("\n%s", d.Config)
	}
	return nil
}

// mark is a verb that leaves a mark on a plugin, or takes it away.
func (a *app) mark(c *cobra.Command, do func(w *client.Client, ctx context.Context, name string, by api.By) (api.Plugin, error), done func(api.Plugin) string) *cobra.Command {
	var why string
	c.Args = args(1, 1, "the NAME of a plugin")
	c.RunE = func(c *cobra.Command, args []string) error {
		return a.call(func(w *client.Client) error {
			p, err := do(w, c.Context(), args[0], api.By{Who: a.who(), Why: why})
			if err != nil {
				return err
			}
			if a.json {
				p.Outputs, p.From = list(p.Outputs), list(p.From)
				return a.printJSON(p)
			}
			a.printf("%s: %s\n", p.Name, done(p))
			return nil
		})
	}
	c.Flags().StringVar(&why, "reason", "", "why, for those who look at it")
	return a.jsonFlag(c)
}

func (a *app) pluginPin() *cobra.Command {
	var off bool
	c := &cobra.Command{
		Use:   "pin NAME",
		Short: "Let nobody change a plugin's code",
		Long: `Let nobody change a plugin's code or config, by swap, rollback or a changed file, until it is
unpinned with --off. It lasts over restarts. A version in its health window still goes back
by itself.`,
		Example: `  pelton plugin pin delays --reason 'audit until Friday'
  pelton plugin pin delays --off`,
	}
	c.Flags().BoolVar(&off, "off", false, "unpin it")
	return a.mark(c, func(w *client.Client, ctx context.Context, name string, by api.By) (api.Plugin, error) {
		return w.Pin(ctx, name, !off, by)
	}, func(p api.Plugin) string {
		if p.Pinned == nil {
			return "not pinned any more"
		}
		return fmt.Sprintf("pinned to revision %d", p.Revision)
	})
}

func (a *app) pluginPause() *cobra.Command {
	var park bool
	c := &cobra.Command{
		Use:   "pause NAME",
		Short: "Offer a plugin nothing",
		Long: `Offer a plugin nothing until it is resumed. Its lanes fill and pause, and say so; nothing is
lost. With --park its deliveries go into the parking lot instead, so that the lanes go on for
other plugins: of each key at most order.behind, then the lane pauses after all. It lasts
over restarts. What is in the plugin's hands is decided as ever.`,
		Example: `  pelton plugin pause delays --reason 'its database is down'
  pelton plugin pause delays --park`,
	}
	c.Flags().BoolVar(&park, "park", false, "park its deliveries, so that its lanes go on")
	return a.mark(c, func(w *client.Client, ctx context.Context, name string, by api.By) (api.Plugin, error) {
		return w.Pause(ctx, name, park, by)
	}, func(p api.Plugin) string {
		if p.Paused != nil && p.Paused.Park {
			return "paused; its deliveries are parked"
		}
		return "paused"
	})
}

func (a *app) pluginResume() *cobra.Command {
	c := &cobra.Command{
		Use:   "resume NAME",
		Short: "Let a paused or stopped plugin go on",
		Long: `Let a plugin go on that was paused, or that stopped after the last attempt of a message
(retry.then: stop). What a pause parked comes back in due order, at most limits.release a
second for each lane.`,
		Example: "  pelton plugin resume delays",
	}
	return a.mark(c, (*client.Client).Resume, func(p api.Plugin) string { return "goes on: " + p.State })
}

func (a *app) pluginLogs() *cobra.Command {
	var q api.LogQuery
	var follow bool
	c := &cobra.Command{
		Use:   "logs NAME",
		Short: "Show what a plugin logged",
		Long: `Show the newest lines that a plugin logged, of all its versions, oldest first: those that are
kept in memory (limits.logs). With --follow lines are shown as they come; --json prints one object a
line then.`,
		Example: `  pelton plugin logs delays --tail 20 --level warn
  pelton plugin logs delays --follow`,
		Args: args(1, 1, "the NAME of a plugin"),
		RunE: func(c *cobra.Command, args []string) error {
			q.Plugin = args[0]
			return a.call(func(w *client.Client) error { return a.logs(c.Context(), w, q, follow) })
		},
	}
	c.Flags().IntVar(&q.Tail, "tail", 0, "at most the newest so `MANY` lines (default: all that are kept)")
	c.Flags().StringVar(&q.Level, "level", "", "only this `LEVEL` and worse: debug, info, warn or error")
	c.Flags().BoolVarP(&follow, "follow", "f", false, "go on as lines come")
	return a.jsonFlag(c)
}

func (a *app) logs(ctx context.Context, w *client.Client, q api.LogQuery, follow bool) error {
	if follow {
		err := w.WatchLogs(ctx, q, func(lines []api.LogLine) error { return a.logLines(lines) })
		if ctx.Err() != nil {
			return nil //nolint:nilerr // who follows has seen enough
		}
		return err
	}
	lines, err := w.Logs(ctx, q)
	switch {
	case err != nil:
		return err
	case a.json:
		return a.printJSON(list(lines))
	case len(lines) == 0:
		a.notef("%s has logged nothing that is kept", q.Plugin)
		return nil
	}
	return a.logLines(lines)
}

func (a *app) logLines(lines []api.LogLine) error {
	for i := range lines {
		l := &lines[i]
		if a.json {
			if err := a.document(l); err != nil {
				return err
			}
			continue
		}
		a.printf("%s  revision %d  %s  %s\n", l.Time.Local().Format(time.DateTime), l.Revision, l.Level, line([]byte(l.Text))) //nolint:gosmopolitan // people read their own time
	}
	return nil
}

func (a *app) pluginDelete() *cobra.Command {
	var digest string
	c := &cobra.Command{
		Use:   "delete NAME [REVISION]",
		Short: "Delete what is not needed any more",
		Long: `Delete the artifact of an old revision, unless another one has the same code: its line in the
history stays, and nothing goes back to it. --artifact deletes an artifact whoever names
it. The live revision, and what its health window may go back to, are refused.

NAME alone, of a plugin that is not in the config any more, deletes all that it left:
history and artifacts. Its parked deliveries and dead letters stay; see 'parked drop' and
'dead drop'.`,
		Example: `  pelton plugin delete delays 3
  pelton plugin delete old-plugin
  pelton plugin delete --artifact sha256:3f1c…`,
		Args: args(0, 2, "the NAME of a plugin and at most one REVISION"),
		RunE: func(c *cobra.Command, args []string) error {
			r, err := removal(c, args, digest)
			if err != nil {
				return err
			}
			return a.call(func(w *client.Client) error { return a.remove(c.Context(), w, r) })
		},
	}
	c.Flags().StringVar(&digest, "artifact", "", "the `DIGEST` of an artifact to delete, in the place of NAME")
	return a.jsonFlag(c)
}

func removal(c *cobra.Command, args []string, digest string) (r api.Removal, err error) {
	switch {
	case digest != "" && len(args) > 0:
		return r, usagef("%s: both NAME and --artifact; want one of them", c.CommandPath())
	case digest != "":
		return api.Removal{Artifact: digest}, nil
	case len(args) == 0:
		return r, usagef("%s: want the NAME of a plugin, or --artifact DIGEST", c.CommandPath())
	}
	r.Plugin = args[0]
	if len(args) == 2 {
		r.Revision, err = revisionOf(args[1])
	}
	return r, err
}

func (a *app) remove(ctx context.Context, w *client.Client, r api.Removal) error {
	done, err := w.Remove(ctx, r)
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(done)
	}
	what := "kept its history"
	if r.Plugin != "" && r.Revision == 0 {
		what = fmt.Sprintf("deleted %d revisions", done.Revisions)
	}
	switch done.Artifacts {
	case 0:
		what += "; other revisions need its artifact"
	case 1:
		what += "; deleted 1 artifact"
	default:
		what += fmt.Sprintf("; deleted %d artifacts", done.Artifacts)
	}
	a.printf("%s: %s\n", r.Plugin+r.Artifact, what)
	return nil
}
