package craft

import (
	"context"
	"fmt"
	"regexp"

	"github.com/peltonhq/pelton/cmd/pelton/access"
	"github.com/peltonhq/pelton/engine"
	"github.com/peltonhq/pelton/engine/config"
	"github.com/peltonhq/pelton/engine/trial"
	"github.com/spf13/cobra"
)

func (h *Host) testCommand() *cobra.Command {
	var update, asJSON bool
	var only string
	c := &cobra.Command{
		Use:   "test [FILE]",
		Short: "Run the test cases of a config",
		Long: `Run the cases under tests: of FILE (default pelton.yaml): each gives messages to one plugin,
as the wheel would, and compares what it decides and puts out. No wheel needs to run, and
no store or source is opened. It exits 1 if a case fails.

A case with golden: compares with a file that --update writes: look at what changed in it
before you commit it.`,
		Example: `  pelton test
  pelton test examples/flights/pelton.yaml --run late
  pelton test --update`,
		Args: h.Args(0, 1, "at most one FILE"),
		RunE: func(c *cobra.Command, args []string) error {
			pattern, err := regexp.Compile(only)
			if err != nil {
				return access.Usagef("--run: %v", err)
			}
			return h.test(c.Context(), h.File(args), pattern, update, asJSON)
		},
	}
	c.Flags().BoolVar(&update, "update", false, "write golden files instead of comparing with them")
	c.Flags().StringVar(&only, "run", "", "only cases whose name or plugin matches this `REGEXP`")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func (h *Host) test(ctx context.Context, path string, only *regexp.Regexp, update, asJSON bool) error {
	c, err := config.Load(path, h.Env)
	if err != nil {
		return err
	}
	lines := h.lines()
	outcomes := []trial.Outcome{}
	failures := 0
	for i := range c.Tests {
		k := &c.Tests[i]
		if !only.MatchString(k.Name) && !only.MatchString(k.Plugin) {
			continue
		}
		o := trial.Case(ctx, c, engine.Options{Version: h.Version}, k, update)
		if !o.Passed {
			failures++
		}
		outcomes = append(outcomes, o)
		if !asJSON {
			lines.Outcome(&o)
		}
		if ctx.Err() != nil {
			return failed("interrupted")
		}
	}
	switch {
	case len(c.Tests) == 0:
		return access.Usagef("%s has no tests; add cases under tests:, as docs/testing.md says", path)
	case len(outcomes) == 0:
		return access.Usagef("no case of %s matches --run %s", path, only)
	}
	if asJSON {
		if err := h.document(outcomes); err != nil {
			return err
		}
	}
	if failures > 0 {
		if asJSON {
			return failed("")
		}
		return failed(fmt.Sprintf("%d of %d cases failed", failures, len(outcomes)))
	}
	return nil
}
