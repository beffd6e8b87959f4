package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/peltonhq/pelton/engine"
	"github.com/peltonhq/pelton/engine/config"
	"github.com/spf13/cobra"
)

// checkCommand is `pelton check`.
func (a *app) checkCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "check [FILE]",
		Short: "Check a config and its plugins without running them on messages",
		Long: `Check FILE (default pelton.yaml): its keys, names and units, that the files it names are
there, that its plugins build and load, and that every output somebody reads is declared.
Nothing is opened and no message is read. Warnings do not fail the check.`,
		Example: `  pelton check
  pelton check examples/flights/pelton.yaml --json`,
		Args: args(0, 1, "at most one FILE"),
		RunE: func(c *cobra.Command, args []string) error { return a.check(c.Context(), file(args)) },
	}
	return a.jsonFlag(c)
}

// warning is a row of `check --json`.
type warning struct {
	File   string `json:"file"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
	Path   string `json:"path,omitempty"`
	Text   string `json:"text"`
}

func (a *app) check(ctx context.Context, path string) error {
	c, err := config.Load(path, a.env)
	if err != nil {
		return err
	}
	all, err := engine.Check(ctx, c, engine.Options{Version: versionText()})
	if err != nil {
		return err
	}
	if a.json {
		rows := make([]warning, len(all))
		for i, w := range all {
			rows[i] = warning{w.Place.File, w.Place.Line, w.Place.Column, w.Path, w.Text}
		}
		return a.printJSON(rows)
	}
	for _, w := range all {
		a.notef("pelton: warning: %v", w)
	}
	a.printf("%s is good: %s\n", path, boxes(c))
	return nil
}

// boxes counts what a config has: "1 source, 2 plugins".
func boxes(c config.Config) string {
	var parts []string
	for _, p := range []struct {
		n    int
		name string
	}{{len(c.Sources), "source"}, {len(c.Plugins), "plugin"}, {len(c.Sessions), "session"}, {len(c.Sinks), "sink"}} {
		switch {
		case p.n == 1:
			parts = append(parts, "1 "+p.name)
		case p.n > 1:
			parts = append(parts, fmt.Sprintf("%d %ss", p.n, p.name))
		}
	}
	return strings.Join(parts, ", ")
}
