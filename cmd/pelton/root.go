package main

import (
	"fmt"
	"strings"

	"github.com/peltonhq/pelton/cmd/pelton/access"
	"github.com/peltonhq/pelton/cmd/pelton/craft"
	"github.com/peltonhq/pelton/engine/config/words"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// main runs one command line and returns the exit code.
func (a *app) main(args []string) int {
	root := a.root()
	root.SetArgs(args)
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	ctx, stop := a.signals()
	defer stop()
	return a.report(root.ExecuteContext(ctx))
}

// root is the tree of commands.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "pelton",
		Short: "Process streams with plugins that are replaced while messages flow",
		Long: `Pelton reads messages from sources, hands them to plugins, folds what those emit into
sessions that anyone can follow, and writes it to sinks. A plugin is replaced while
messages flow; a bad version goes back by itself.`,
		Example: `  pelton init demo && cd demo && pelton run     a wheel that turns
  pelton session follow latest                  in a second terminal: watch it
  pelton plugin swap hello plugins/hello        after an edit: replace the plugin`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		Args:              noSuchCommand,
		RunE:              func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(
		a.runCommand(), a.checkCommand(), a.applyCommand(), a.doctorCommand(), a.initCommand(), a.pluginCommand(), a.sessionCommand(), a.deadCommand(),
		a.parkedCommand(), a.backupCommand(), a.restoreCommand(), a.statsCommand(), a.graphCommand(), a.configCommand(), a.versionCommand(), a.completionCommand(),
		a.auditCommand(), a.topCommand(), group(&cobra.Command{Use: "token", Short: "Make tokens, and keys that sign them"}, access.Commands(a.out)...),
	)
	root.AddCommand(craft.Commands(&craft.Host{
		Out: a.out, Err: a.err, Env: a.env, Getenv: a.getenv, Version: versionText(), Call: a.call, Own: a.own, Wheel: a.wheelFlags, Args: args, File: file,
	})...)
	return root
}

// group is a noun: a command that only has verbs below it.
func group(c *cobra.Command, verbs ...*cobra.Command) *cobra.Command {
	c.Args = noSuchCommand
	c.RunE = func(c *cobra.Command, _ []string) error {
		return usagef("%s: want a verb: %s; see `%s --help`", c.CommandPath(), strings.Join(names(c), ", "), c.CommandPath())
	}
	c.AddCommand(verbs...)
	return c
}

// names are the commands below c that are shown.
func names(c *cobra.Command) []string {
	var all []string
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			all = append(all, sub.Name())
		}
	}
	return all
}

// noSuchCommand refuses words where a command should be, with the nearest one.
func noSuchCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	known := names(c)
	if near := words.Nearest(args[0], known); near != "" {
		return usagef("unknown command %q; did you mean `%s %s`?", c.CommandPath()+" "+args[0], c.CommandPath(), near)
	}
	return usagef("unknown command %q; there are: %s", c.CommandPath()+" "+args[0], strings.Join(known, ", "))
}

// flagError makes cobra's words about flags ours, with the nearest flag.
func flagError(c *cobra.Command, err error) error {
	text := err.Error()
	if name, ok := strings.CutPrefix(text, "unknown flag: --"); ok {
		var known []string
		visit := func(f *pflag.Flag) { known = append(known, f.Name) }
		c.NonInheritedFlags().VisitAll(visit)
		c.InheritedFlags().VisitAll(visit)
		if near := words.Nearest(name, known); near != "" {
			return usagef("%s: unknown flag --%s; did you mean --%s?", c.CommandPath(), name, near)
		}
	}
	return usagef("%s: %s; see `%s --help`", c.CommandPath(), text, c.CommandPath())
}

// args checks how many words follow a command; what names them.
func args(least, most int, what string) cobra.PositionalArgs {
	return func(c *cobra.Command, given []string) error {
		switch {
		case len(given) < least:
			return usagef("%s: want %s; see `%s --help`", c.CommandPath(), what, c.CommandPath())
		case most >= 0 && len(given) > most:
			return usagef("%s: %q is one word too many; see `%s --help`", c.CommandPath(), given[most], c.CommandPath())
		}
		return nil
	}
}

// jsonFlag adds --json.
func (a *app) jsonFlag(c *cobra.Command) *cobra.Command {
	c.Flags().BoolVar(&a.json, "json", false, "print JSON")
	return c
}

// wheelFlags adds the flags by which a command finds a running wheel.
func (a *app) wheelFlags(c *cobra.Command) *cobra.Command {
	c.PersistentFlags().StringVar(&a.addr, "addr", "", "`HOST:PORT` of the wheel's api.listen, or https://HOST:PORT (default: PELTON_ADDR, then the config's)")
	a.access.Add(c.PersistentFlags())
	c.PersistentFlags().StringVar(&a.config, "config", "", "config `FILE` that says where the wheel listens (default "+defaultFile+")")
	return c
}

// defaultFile is the config when none is given.
const defaultFile = "pelton.yaml"

// file is the config file of a command that takes one.
func file(args []string) string {
	if len(args) == 0 {
		return defaultFile
	}
	return args[0]
}

func (a *app) printf(format string, args ...any) { fmt.Fprintf(a.out, format, args...) }

// notef says something beside the result.
func (a *app) notef(format string, args ...any) { fmt.Fprintf(a.err, format+"\n", args...) }
