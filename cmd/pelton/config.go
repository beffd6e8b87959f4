package main

import (
	"github.com/peltonhq/pelton/engine/config"
	"github.com/spf13/cobra"
)

// configCommand is `pelton config`.
func (a *app) configCommand() *cobra.Command {
	effective := &cobra.Command{
		Use:   "print [FILE]",
		Short: "Print the effective config",
		Long: `Print what FILE (default pelton.yaml), the environment and the defaults give together, as
a config that reads as the same.`,
		Example: "  PELTON_API_LISTEN=127.0.0.1:9000 pelton config print",
		Args:    args(0, 1, "at most one FILE"),
		RunE: func(_ *cobra.Command, args []string) error {
			c, err := config.Load(file(args), a.env)
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(c.Shown())
			}
			out, err := c.Print()
			if err != nil {
				return err
			}
			a.printf("%s", out)
			return nil
		},
	}
	schema := &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of a config",
		Long:  `Print the JSON Schema of pelton.yaml, for editors that complete and check as you type.`,
		Example: `  pelton config schema > pelton.schema.json
  # then, as the first line of pelton.yaml:
  # yaml-language-server: $schema=pelton.schema.json`,
		Args: args(0, 0, "nothing"),
		RunE: func(*cobra.Command, []string) error {
			s, err := config.Schema()
			if err != nil {
				return err
			}
			a.printf("%s\n", s)
			return nil
		},
	}
	return group(&cobra.Command{Use: "config", Short: "Print the effective config, or its schema"}, a.jsonFlag(effective), schema)
}
