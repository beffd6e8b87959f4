package main

import (
	"context"
	"errors"
	"io/fs"
	"strconv"
	"strings"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/client"
	"github.com/peltonhq/pelton/cmd/pelton/rollout"
	"github.com/peltonhq/pelton/cmd/pelton/upload"
	"github.com/spf13/cobra"
)

// swapFlags are those of what makes a new revision.
type swapFlags struct {
	why      string
	expect   int
	strategy *rollout.Flags
}

func (o *swapFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&o.why, "reason", "", "why, for the history")
	c.Flags().IntVar(&o.expect, "expect", 0, "the `REVISION` that must be live; another one is left alone, exit 1")
	o.strategy = rollout.Add(c.Flags())
}

func (a *app) options(o *swapFlags) (api.SwapOptions, error) {
	strategy, err := o.strategy.Strategy()
	if err != nil {
		return api.SwapOptions{}, usagef("%v", err)
	}
	return api.SwapOptions{Who: a.who(), Why: o.why, Expect: o.expect, Strategy: strategy}, nil
}

func (a *app) pluginSwap() *cobra.Command {
	var o swapFlags
	c := &cobra.Command{
		Use:   "swap NAME PATH|DIGEST|REVISION",
		Short: "Replace a plugin while messages flow",
		Long: `Build PATH (a directory with source in any of the languages of 'plugin new', or a .wasm
file), upload it, and make it the new version of NAME. Source that does not compile never
reaches the wheel. DIGEST (sha256:…) is an artifact that was pushed before; REVISION, a
number, is an earlier version of the plugin, which comes back with its config.

It waits for the outcome: exit 0 when the new version is live, 1 when it was rolled back,
with the reason, or refused: the plugin is pinned, or another revision than --expect is
live. On a terminal it shows how far it has come; with --json a canary or a shadow prints one
event a line, and the last line is the outcome.

Of a plugin that runs as a process, PATH is the directory of the new version, or its
program file if the plugin is one file (no process.dir in the config). It is uploaded as
it is; the command stays that of the config.`,
		Example: `  pelton plugin swap delays plugins/delays
  pelton plugin swap delays plugins/delays --strategy canary --percent 5,25,50 --hold 30s
  pelton plugin swap delays 3 --expect 5 --reason 'back to what ran on Monday'
  pelton plugin swap session/airports airports.wasm --reason 'also counts cancelled flights'`,
		Args: args(2, 2, "the NAME of a plugin, and the PATH, DIGEST or REVISION of its new version"),
		RunE: func(c *cobra.Command, args []string) error {
			options, err := a.options(&o)
			if err != nil {
				return err
			}
			return a.swap(c.Context(), args[0], args[1], options)
		},
	}
	o.add(c)
	return a.jsonFlag(c)
}

func (a *app) swap(ctx context.Context, name, target string, o api.SwapOptions) error {
	return a.call(func(w *client.Client) error {
		digest := ""
		if n, err := strconv.Atoi(target); err == nil {
			o.Revision = n
		} else if strings.HasPrefix(target, api.DigestPrefix) {
			digest = target
		} else if digest, err = a.upload(ctx, w, name, target); err != nil {
			return err
		}
		return a.watched(ctx, w, name, func() (api.SwapResult, error) { return w.Swap(ctx, name, digest, o) })
	})
}

// upload builds and pushes what a plugin is to be swapped for.
func (a *app) upload(ctx context.Context, w *client.Client, name, path string) (string, error) {
	send := a.sender(w)
	artifact, err := send.For(ctx, name, path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", usagef("%v", err)
	}
	if err != nil {
		return "", err
	}
	_, err = send.Push(ctx, artifact)
	return artifact.Digest, err
}

func (a *app) pluginRollback() *cobra.Command {
	var o swapFlags
	c := &cobra.Command{
		Use:   "rollback NAME",
		Short: "Go back to the version before",
		Long: `Go back to the version that ran before the live one, with the config that it ran with. It
becomes a new revision.`,
		Example: "  pelton plugin rollback delays --reason 'counts are wrong'",
		Args:    args(1, 1, "the NAME of a plugin"),
		RunE: func(c *cobra.Command, args []string) error {
			options, err := a.options(&o)
			if err != nil {
				return err
			}
			return a.call(func(w *client.Client) error {
				return a.watched(c.Context(), w, args[0], func() (api.SwapResult, error) { return w.Rollback(c.Context(), args[0], options) })
			})
		},
	}
	o.add(c)
	return a.jsonFlag(c)
}

// watched shows how far a swap has come until it is answered, and then the answer.
func (a *app) watched(ctx context.Context, w *client.Client, name string, swap func() (api.SwapResult, error)) error {
	watching, cancel := context.WithCancel(ctx)
	over := make(chan struct{})
	steps := rollout.Watch{Client: w, Plugin: name}
	if a.json {
		steps.Document = a.document
	} else if terminal(a.err) {
		steps.Terminal = a.err
	}
	go func() {
		defer close(over)
		steps.Until(watching)
	}()
	result, err := swap()
	cancel()
	<-over
	if err != nil {
		return err
	}
	return a.swapped(result)
}

// swapped prints the outcome of a swap or rollback; only live is success.
func (a *app) swapped(r api.SwapResult) error {
	if a.json {
		if err := a.printJSON(r); err != nil {
			return err
		}
		if r.Outcome == api.OutcomeLive {
			return nil
		}
		return &coded{exitFailure, ""}
	}
	if f := r.Figures; f != nil && r.Strategy != api.StrategyImmediate {
		a.table(rollout.Header, rollout.Rows(f))
		if f.Shadow != nil {
			for _, line := range rollout.Report(f.Shadow) {
				a.printf("%s\n", line)
			}
		}
	}
	if r.Outcome == api.OutcomeLive {
		a.printf("%s: revision %d (%s) is %s after %s\n", r.Plugin, r.Revision, digestOf(r.Digest), a.paint(r.Outcome), short(r.Took))
		return nil
	}
	return failuref("%s: revision %d was %s: %s; revision %d runs", r.Plugin, r.Revision, a.paint(r.Outcome), r.Reason, r.Live)
}

func (a *app) pluginPush() *cobra.Command {
	var process bool
	c := &cobra.Command{
		Use:   "push PATH",
		Short: "Build and upload a plugin, for a later swap",
		Long: `Build PATH as 'plugin swap' does, upload it, and print its digest. Nothing changes until a
swap to that digest. With --process PATH is packed as it is, for a plugin that runs as a
process.`,
		Example: "  pelton plugin swap delays \"$(pelton plugin push plugins/delays)\"",
		Args:    args(1, 1, "the PATH of a plugin"),
		RunE: func(c *cobra.Command, args []string) error {
			return a.call(func(w *client.Client) error { return a.pushed(c.Context(), w, args[0], process) })
		},
	}
	c.Flags().BoolVar(&process, "process", false, "pack PATH as it is, for a plugin that runs as a process")
	return a.jsonFlag(c)
}

func (a *app) pushed(ctx context.Context, w *client.Client, path string, process bool) error {
	send := a.sender(w)
	made := send.Built
	if process {
		made = upload.Packed
	}
	artifact, err := made(ctx, path)
	if errors.Is(err, fs.ErrNotExist) {
		return usagef("%v", err)
	}
	if err != nil {
		return err
	}
	stored, err := send.Push(ctx, artifact)
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(map[string]any{"digest": artifact.Digest, "size": len(artifact.Bytes), "known": stored})
	}
	a.printf("%s\n", artifact.Digest)
	return nil
}

// sender sends code to a wheel, with a bar on a terminal.
func (a *app) sender(w *client.Client) upload.Sender {
	return upload.Sender{Client: w, Log: a.err, Bar: a.bytesBar}
}
