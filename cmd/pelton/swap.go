package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/client"
	"github.com/peltonhq/pelton/internal/bundle"
	"github.com/peltonhq/pelton/sdk/build"
	"github.com/spf13/cobra"
)

func (a *app) pluginSwap() *cobra.Command {
	var why string
	c := &cobra.Command{
		Use:   "swap NAME PATH",
		Short: "Replace a plugin while messages flow",
		Long: `Build PATH (a directory with source in any of the languages of 'plugin new', or a .wasm
file), upload it, and make it the new version of NAME. Source that does not compile never
reaches the wheel. It waits for the outcome: exit 0 when the new version is live, 1 when it
was rolled back, with the reason.

Of a plugin that runs as a process, PATH is the directory of the new version, or its
program file if the plugin is one file (no process.dir in the config). It is uploaded as
it is; the command stays that of the config.`,
		Example: `  pelton plugin swap delays plugins/delays
  pelton plugin swap session/airports airports.wasm --reason 'also counts cancelled flights'`,
		Args: args(2, 2, "the NAME of a plugin and the PATH of its new version"),
		RunE: func(c *cobra.Command, args []string) error { return a.swap(c.Context(), args[0], args[1], why) },
	}
	c.Flags().StringVar(&why, "reason", "", "why, for the history")
	return a.jsonFlag(c)
}

func (a *app) swap(ctx context.Context, name, path, why string) error {
	return a.call(func(w *client.Client) error {
		artifact, err := a.artifact(ctx, w, name, path)
		if errors.Is(err, fs.ErrNotExist) {
			return usagef("%v", err)
		}
		if err != nil {
			return err
		}
		if err := a.push(ctx, w, artifact); err != nil {
			return err
		}
		result, err := w.Swap(ctx, name, artifact.Digest, api.SwapOptions{Who: a.who(), Why: why})
		if err != nil {
			return err
		}
		return a.swapped(result)
	})
}

// artifact makes what a plugin of that kind is swapped for. The wheel is asked, since a directory with Go source may be
// either.
func (a *app) artifact(ctx context.Context, w *client.Client, name, path string) (build.Artifact, error) {
	all, unanswered := w.Plugins(ctx)
	for _, p := range all {
		if p.Name != name || p.Kind != "process" {
			continue
		}
		bytes, err := bundle.Pack(path, uploadLimit)
		sum := sha256.Sum256(bytes)
		return build.Artifact{Path: path, Bytes: bytes, Digest: api.DigestPrefix + hex.EncodeToString(sum[:])}, err
	}
	artifact, err := build.Build(ctx, path, build.Options{Log: a.err})
	if err == nil {
		err = unanswered // a mistake in PATH is said first, whether a wheel runs or not
	}
	return artifact, err
}

// uploadLimit keeps a directory that was not meant from being read whole; the wheel has its own limits.artifact.
const uploadLimit = 1 << 30

// push uploads an artifact that the wheel does not have, with a bar on a terminal.
func (a *app) push(ctx context.Context, w *client.Client, artifact build.Artifact) error {
	stored, err := w.Has(ctx, artifact.Digest)
	if err != nil || stored {
		return err
	}
	size := int64(len(artifact.Bytes))
	progress, done := a.bytesBar("uploading", size)
	defer done()
	return w.Push(ctx, artifact.Digest, size, bytes.NewReader(artifact.Bytes), progress)
}
