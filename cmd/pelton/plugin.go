package main

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/client"
	"github.com/peltonhq/pelton/cmd/pelton/rollout"
	"github.com/spf13/cobra"
)

// pluginCommand is `pelton plugin`.
func (a *app) pluginCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "plugin", Short: "Make, list and replace plugins",
		Long: `A plugin is replaced while messages flow. A version that does not load, or that fails on its
first messages, goes back by itself. Every version is kept as a revision with its config. The
reducer of a session is the plugin session/NAME.`,
		Example: "  pelton plugin swap delays plugins/delays-v2 --reason 'late is 30 minutes now'",
	}
	return a.wheelFlags(group(c,
		a.pluginNew(), a.pluginList(), a.pluginPush(), a.pluginSwap(), a.pluginRollback(), a.pluginHistory(), a.pluginDiff(),
		a.pluginPin(), a.pluginPause(), a.pluginResume(), a.pluginLogs(), a.pluginDelete()))
}

func (a *app) pluginList() *cobra.Command {
	c := &cobra.Command{
		Use:     "list",
		Short:   "List the plugins and which version runs",
		Long:    "List the plugins and reducers of the running wheel, and which version of each runs.",
		Example: "  pelton plugin list --json",
		Args:    args(0, 0, "nothing"),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.call(func(w *client.Client) error { return a.pluginRows(c.Context(), w) })
		},
	}
	return a.jsonFlag(c)
}

func (a *app) pluginRows(ctx context.Context, w *client.Client) error {
	all, err := w.Plugins(ctx)
	if err != nil {
		return err
	}
	if a.json {
		for i := range all {
			all[i].Outputs, all[i].From = list(all[i].Outputs), list(all[i].From)
		}
		return a.printJSON(list(all))
	}
	if len(all) == 0 {
		a.notef("no plugins in the config; make one with `pelton plugin new NAME`, then add it under plugins:")
		return nil
	}
	rows := make([][]string, len(all))
	for i, p := range all {
		rows[i] = []string{p.Name, p.Kind, strconv.Itoa(p.Revision), p.State, digestOf(p.Digest), orDash(strings.Join(p.From, ",")), orDash(strings.Join(p.Outputs, ",")), about(&p)}
	}
	a.table("NAME KIND REVISION STATE DIGEST FROM OUTPUTS", rows)
	return nil
}

// orDash keeps a column from being empty.
func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// about is what else there is to say of a plugin.
func about(p *api.Plugin) string {
	said := p.Reason
	if p.Rollout != nil {
		said = strings.TrimPrefix(said+"; "+rollout.Line(p.Rollout, time.Now()), "; ")
	}
	if p.Pinned != nil {
		said = strings.TrimPrefix(said+"; pinned", "; ")
	}
	return said
}

// who is the user, for the history.
func (a *app) who() string {
	for _, name := range []string{"PELTON_WHO", "USER", "LOGNAME"} {
		if v := a.getenv(name); v != "" {
			return v
		}
	}
	return ""
}

func (a *app) pluginHistory() *cobra.Command {
	c := &cobra.Command{
		Use:     "history NAME",
		Short:   "Show every revision of a plugin",
		Long:    "Show every revision of a plugin that is kept (limits.revisions), oldest first: when, by whom, why, and\nwhat became of it. --json has the figures of its health window too.",
		Example: "  pelton plugin history delays",
		Args:    args(1, 1, "the NAME of a plugin"),
		RunE: func(c *cobra.Command, args []string) error {
			return a.call(func(w *client.Client) error { return a.revisions(c.Context(), w, args[0]) })
		},
	}
	return a.jsonFlag(c)
}

func (a *app) revisions(ctx context.Context, w *client.Client, name string) error {
	all, err := w.History(ctx, name)
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(list(all))
	}
	if len(all) == 0 {
		a.notef("%s has no revisions yet; native plugins are part of the program and have none", name)
		return nil
	}
	rows := make([][]string, len(all))
	for i, r := range all {
		why := strings.Trim(r.Reason+"; "+r.Why, "; ")
		if r.Deleted {
			why = strings.Trim(why+"; its artifact was deleted", "; ")
		}
		rows[i] = []string{strconv.Itoa(r.Number), when(r.At, time.Now()), r.Outcome, r.Source, orDash(r.Who), digestOf(r.Digest), line([]byte(strings.TrimSuffix(stepwise(r.Strategy)+why, "; ")))}
	}
	a.table("REVISION AT OUTCOME BY WHO DIGEST WHY", rows)
	return nil
}

// stepwise names a strategy that is worth a word.
func stepwise(strategy string) string {
	if strategy == "" || strategy == api.StrategyImmediate {
		return ""
	}
	return strategy + "; "
}
