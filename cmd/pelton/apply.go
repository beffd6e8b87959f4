package main

import (
	"context"
	"os"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/client"
	"github.com/peltonhq/pelton/api/delta"
	"github.com/peltonhq/pelton/engine/change"
	"github.com/peltonhq/pelton/engine/config"
	"github.com/spf13/cobra"
)

// applyCommand is `pelton apply`.
func (a *app) applyCommand() *cobra.Command {
	var o applyOptions
	c := &cobra.Command{
		Use:   "apply FILE",
		Short: "Change the config of the running wheel",
		Long: `Build the plugins of FILE, send it to the running wheel, and make it the running config. Only
what changed is touched: other sources go on, listeners stay open. A config that is bad
touches nothing (exit 2); when applying fails the wheel runs as before (exit 1). What can't
change while the wheel runs (store, api, arena, limits of the wheel) is refused: it needs a
restart.

--plan prints what would change, and a hash. --plan-hash applies exactly that, and nothing
when the wheel, the file or a plugin's code has changed since. Values that come from the
environment are shown as they stand in the file, secrets not at all.

Plugins are built here. Other relative paths of FILE are relative to the wheel's own file,
and variables have the values that the wheel has. The wheel's own file is not written, and
is read again at the next start. To apply that one, send the wheel a SIGHUP, or run it
with --watch.`,
		Example: `  pelton apply pelton.yaml --plan
  pelton apply pelton.yaml --plan-hash 9f86d081884c --reason 'late is 30 minutes now'`,
		Args: args(1, 1, "the FILE of a config"),
		RunE: func(c *cobra.Command, args []string) error { return a.apply(c.Context(), args[0], o) },
	}
	f := c.Flags()
	f.BoolVar(&o.plan, "plan", false, "print what would change and its hash; change nothing")
	f.StringVar(&o.hash, "plan-hash", "", "`HASH` of the plan that was approved")
	f.StringVar(&o.why, "reason", "", "why, for the history")
	return a.wheelFlags(a.jsonFlag(c))
}

type applyOptions struct {
	plan      bool
	hash, why string
}

func (a *app) apply(ctx context.Context, path string, o applyOptions) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return usagef("%v", err)
	}
	if a.config == "" {
		a.config = path
	}
	return a.call(func(w *client.Client) error {
		c, err := config.Load(path, a.env)
		if err != nil {
			return err
		}
		artifacts, err := a.sender(w).All(ctx, change.Paths(&c))
		if err != nil {
			return err
		}
		send := api.ApplyOptions{Text: text, File: path, Artifacts: artifacts, PlanOnly: true, Who: a.who(), Why: o.why}
		p, err := w.Apply(ctx, send)
		if err != nil {
			return err
		}
		if err := a.planned(&p); err != nil {
			return err
		}
		if o.plan && p.Refused() {
			return failuref("some of it is refused; nothing of it would be applied")
		}
		if o.plan {
			return nil
		}
		if send.Hash, err = change.Approved(o.hash, p.Hash); err != nil {
			return usagef("--plan-hash: %v", err)
		}
		if len(p.Changes) == 0 && o.hash == "" {
			return nil
		}
		send.PlanOnly = false
		if _, err = w.Apply(ctx, send); err == nil && !a.json {
			a.printf("applied\n")
		}
		return err
	})
}

// planned prints a plan.
func (a *app) planned(p *delta.Plan) error {
	if a.json {
		p.Changes, p.Drained, p.Warnings = list(p.Changes), list(p.Drained), list(p.Warnings)
		for i := range p.Changes {
			p.Changes[i].Fields = list(p.Changes[i].Fields)
		}
		return a.printJSON(p)
	}
	for _, warning := range p.Warnings {
		a.notef("pelton: warning: %s", warning)
	}
	a.printf("%s", change.Text(p))
	return nil
}
