package main

import (
	"context"

	"github.com/peltonhq/pelton/engine/config"
	"github.com/peltonhq/pelton/engine/doctor"
	"github.com/spf13/cobra"
)

// doctorCommand is `pelton doctor`.
func (a *app) doctorCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "doctor [FILE]",
		Short: "Look for what keeps a wheel from doing its work",
		Long: `Look at the config in FILE (default pelton.yaml), the memory that it may take at most, the tools
that its plugins need, the disk of its store, its addresses, and the wheel that runs there if one
does: what is paused, failed or full, what was given up, and what waits for plugins that the
config has no more. It changes nothing, and fails when something is bad.`,
		Example: `  pelton doctor
  pelton doctor examples/flights/pelton.yaml --json`,
		Args: args(0, 1, "at most one FILE"),
		RunE: func(c *cobra.Command, args []string) error { return a.doctor(c.Context(), file(args)) },
	}
	return a.wheelFlags(a.jsonFlag(c))
}

func (a *app) doctor(ctx context.Context, path string) error {
	c, err := config.Load(path, a.env)
	if err != nil {
		return err
	}
	o := doctor.Options{}
	if a.config == "" {
		a.config = path
	}
	if w, err := a.connect(); err == nil { // an address with port 0 leads to none
		defer w.Close()
		o.Wheel = w
	}
	all := doctor.Look(ctx, &c, o)
	if a.json {
		if err := a.printJSON(all); err != nil {
			return err
		}
	} else {
		rows := make([][]string, len(all))
		for i, f := range all {
			rows[i] = []string{string(f.State), f.What, f.Text}
		}
		a.columns(rows)
	}
	bad := 0
	for _, f := range all {
		if f.State == doctor.Bad {
			bad++
		}
	}
	if bad > 0 {
		return failuref("doctor: %d of %d findings are bad", bad, len(all))
	}
	return nil
}
