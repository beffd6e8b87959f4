package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

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

// initPlugin is the plugin of a new project.
const initPlugin = "hello"

func (a *app) init(dir string) error {
	files := []build.File{
		{Name: "pelton.yaml", Data: []byte(initConfig)},
		{Name: ".gitignore", Data: []byte(".pelton/\n")},
		{Name: "README.md", Data: []byte(initReadme)},
	}
	plugin, err := template("go", initPlugin)
	if err != nil {
		return err
	}
	for _, f := range plugin {
		files = append(files, build.File{Name: filepath.Join("plugins", initPlugin, f.Name), Data: f.Data})
	}
	if err := lay(dir, files); err != nil {
		return err
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
	files, err := template(lang, name)
	if err != nil {
		return err
	}
	if dir == "" {
		dir = filepath.Join("plugins", name)
	}
	if err := lay(dir, files); err != nil {
		return err
	}
	a.printf("made %s\n", dir)
	if lang == "assemblyscript" {
		a.printf("next: install its compiler: npm --prefix %s install\n", filepath.ToSlash(dir))
	}
	a.printf("next: add it to pelton.yaml:\n\nplugins:\n  %s:\n    from: [SOURCE]\n    wasm: {path: %s}\n", name, filepath.ToSlash(dir))
	return nil
}

// template is the source of a new plugin, which finds the SDK on this machine.
func template(lang, name string) ([]build.File, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, &coded{exitEnvironment, fmt.Sprintf("no cache directory: %v; set XDG_CACHE_HOME or HOME", err)}
	}
	sdk, err := build.Install(filepath.Join(cache, "pelton"), lang)
	if err != nil {
		return nil, &coded{exitEnvironment, err.Error()}
	}
	files, err := build.Template(lang, name, sdk)
	if err != nil {
		return nil, usagef("%v", err)
	}
	return files, nil
}

// lay writes files into dir, all new or none.
func lay(dir string, files []build.File) error {
	for _, f := range files {
		path := filepath.Join(dir, f.Name)
		if _, err := os.Lstat(path); err == nil {
			return usagef("%s is there already, and nothing was changed; give another directory", path)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return unwritable(err)
		}
	}
	for _, f := range files {
		path := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { // a project is for its user's group too
			return unwritable(err)
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			return unwritable(err)
		}
	}
	return nil
}

// unwritable is an error of the file system in one line.
func unwritable(err error) error {
	return &coded{exitEnvironment, strings.TrimPrefix(err.Error(), "mkdir ")}
}
