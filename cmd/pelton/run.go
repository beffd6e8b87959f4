package main

import (
	"context"
	"fmt"

	"github.com/peltonhq/pelton/cmd/pelton/bar"
	"github.com/peltonhq/pelton/engine"
	"github.com/peltonhq/pelton/engine/config"
	"github.com/peltonhq/pelton/internal/watch"
	"github.com/spf13/cobra"
)

// runCommand is `pelton run`.
func (a *app) runCommand() *cobra.Command {
	var o runOptions
	c := &cobra.Command{
		Use:   "run [FILE]",
		Short: "Run a wheel until a signal",
		Long: `Run the wheel that FILE describes (default pelton.yaml).

It prints where it listens. When every finite source is at its end and nothing is under
way it prints "settled" with the figures, once, and goes on serving; with --until-idle it
ends there. The first SIGINT or SIGTERM drains within shutdown.timeout, the second exits.
What was not finished is done again at the next start; nothing is lost. A SIGHUP reads FILE
again and applies what changed (see 'pelton apply'); a bad one is reported, and the wheel
goes on as before.

Messages about the run go to standard output, or to standard error if a sink writes to
standard output.`,
		Example: `  pelton run
  pelton run examples/flights/pelton.yaml --until-idle
  pelton run --json --listen 127.0.0.1:0 --grpc 127.0.0.1:0 --store /tmp/wheel`,
		Args: args(0, 1, "at most one FILE"),
		RunE: func(c *cobra.Command, args []string) error { return a.run(c.Context(), file(args), o) },
	}
	f := c.Flags()
	f.BoolVar(&o.untilIdle, "until-idle", false, "end when finite input is done; refused with an endless source")
	f.StringVar(&o.store, "store", "", "`DIR` of the store, over store.dir")
	f.StringVar(&o.listen, "listen", "", "`HOST:PORT` of HTTP, over api.listen; port 0 takes a free one")
	f.StringVar(&o.grpc, "grpc", "", "`HOST:PORT` of gRPC, over api.grpc; port 0 takes a free one")
	f.BoolVar(&o.insecure, "insecure-bind", false, "allow addresses that are not loopback, without TLS or log-in")
	f.BoolVar(&o.watch, "watch", false, "apply FILE again when it changes, as a SIGHUP does")
	f.BoolVar(&a.json, "json", false, "print one event a line as JSON")
	return c
}

type runOptions struct {
	untilIdle, insecure, watch bool
	store, listen, grpc        string
}

// load reads the config with the flags over it.
func (o runOptions) load(path string, env []string) (config.Config, error) {
	var over []config.Override
	add := func(path, value, name string) {
		if value != "" {
			over = append(over, config.Override{Path: path, Value: value, Name: name})
		}
	}
	add("store.dir", o.store, "--store")
	add("api.listen", o.listen, "--listen")
	add("api.grpc", o.grpc, "--grpc")
	if o.insecure {
		over = append(over, config.InsecureBind)
	}
	return config.Load(path, env, over...)
}

func (a *app) run(ctx context.Context, path string, o runOptions) error {
	c, err := o.load(path, a.env)
	if err != nil {
		return err
	}
	out := a.out
	for _, s := range c.Sinks {
		if s.Stdout != nil {
			out = a.err
		}
	}
	log := &bar.Log{Out: out, JSON: a.json}
	if !a.json && terminal(out) {
		log.Bar = bar.New(out)
		defer log.Bar.Close()
	}
	reload, stop, err := watch.Reloads(path, o.watch, func(err error) { a.notef("pelton: --watch: %v", err) })
	if err != nil {
		return fmt.Errorf("--watch %s: %w: %w", path, err, engine.ErrEnvironment)
	}
	defer stop()
	return engine.Run(ctx, c, engine.Options{
		UntilIdle: o.untilIdle, Events: log.Event, Progress: log.Progress, Version: versionText(), Reload: reload,
	})
}
