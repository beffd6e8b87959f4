package main

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"github.com/peltonhq/pelton/cmd/pelton/scaffold"
	"github.com/peltonhq/pelton/sdk/build"
	"github.com/spf13/cobra"
)

// initCommand is `pelton init`.
func (a *app) initCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "init DIR",
		Short: "Make a small project that runs",
		Long: `Make a project in DIR: a config with a source of demo messages, a plugin in Go, and a
session to follow. It runs as it is, without a network. Nothing that is there is changed.`,
		Example: `  pelton init demo
  cd demo && pelton run`,
		Args: args(1, 1, "a DIR to make the project in"),
		RunE: func(_ *cobra.Command, args []string) error { return a.init(args[0]) },
	}
}

// initPlugin is the plugin of a new scaffold.
const initPlugin = "hello"

func (a *app) init(dir string) error {
	if err := scaffold.New(dir, initPlugin); err != nil {
		return laid(err)
	}
	a.printf("made %s\nnext: cd %s && pelton run\n", filepath.Join(dir, "pelton.yaml"), dir)
	return nil
}

// pluginNew is `pelton plugin new`.
func (a *app) pluginNew() *cobra.Command {
	var lang, dir string
	c := &cobra.Command{
		Use:   "new NAME",
		Short: "Make the source of a new plugin",
		Long: `Make the source of a plugin that passes messages on, in plugins/NAME. It builds and runs as
it is. Nothing that is there is changed.`,
		Example: `  pelton plugin new late
  pelton plugin new late --lang rust
  pelton plugin new late --lang c --dir ../late`,
		Args: args(1, 1, "a NAME for the plugin"),
		RunE: func(_ *cobra.Command, args []string) error { return a.newPlugin(args[0], lang, dir) },
	}
	c.Flags().StringVar(&lang, "lang", "go", "its `LANGUAGE`: "+strings.Join(build.Languages(), ", "))
	c.Flags().StringVar(&dir, "dir", "", "the `DIR` to make (default plugins/NAME)")
	return c
}

func (a *app) newPlugin(name, lang, dir string) error {
	if !slices.Contains(build.Languages(), lang) {
		return usagef("--lang %s: unknown language; want %s", lang, strings.Join(build.Languages(), ", "))
	}
	if dir == "" {
		dir = filepath.Join("plugins", name)
	}
	if err := scaffold.Plugin(dir, lang, name); err != nil {
		return laid(err)
	}
	a.printf("made %s\n", dir)
	if lang == "assemblyscript" {
		a.printf("next: install its compiler: npm --prefix %s install\n", filepath.ToSlash(dir))
	}
	a.printf("next: add it to pelton.yaml:\n\nplugins:\n  %s:\n    from: [SOURCE]\n    wasm: {path: %s}\n", name, filepath.ToSlash(dir))
	return nil
}

// laid is the exit code of an error of making files.
func laid(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, scaffold.ErrThere), errors.Is(err, scaffold.ErrName):
		return usagef("%v", err)
	}
	return &coded{exitEnvironment, err.Error()}
}
