package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/peltonhq/pelton/engine/config/tree"
	"github.com/peltonhq/pelton/engine/config/words"
)

// maxFile is the largest config file: more is some other file.
const maxFile = 1 << 20

// ErrNotFound says that there is no config file.
var ErrNotFound = errors.New("no config file")

// Override sets one scalar key of a top-level box over file and environment, as a flag does.
type Override struct {
	Path  string // "store.dir"
	Value string
	Name  string // who says so, for messages: "--store"
}

// Load reads and checks the file at path. env is the environment as os.Environ gives it. The error is an [Errors], or
// wraps [ErrNotFound].
func Load(path string, env []string, overrides ...Override) (Config, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return Config{}, fmt.Errorf("%s: %w; give the file as an argument, or make one with `pelton init DIR`", path, ErrNotFound)
	case err != nil:
		return Config{}, Errors{{Place: Place{File: path}, Text: text(err)}}
	case info.IsDir():
		return Config{}, Errors{{Place: Place{File: path}, Text: "is a directory; give the file, for example " + filepath.Join(path, "pelton.yaml")}}
	case info.Size() > maxFile:
		return Config{}, Errors{{Place: Place{File: path}, Text: fmt.Sprintf("has %d bytes; a config has at most 1 MiB", info.Size())}}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return Config{}, Errors{{Place: Place{File: path}, Text: text(err)}}
	}
	return Parse(data, path, env, overrides...)
}

// text is an error of the file system without its path.
func text(err error) string {
	var failure *os.PathError
	if errors.As(err, &failure) {
		return "cannot be read: " + failure.Err.Error()
	}
	return err.Error()
}

// Parse is [Load] of a file's bytes. file names them in messages, and its directory is that of relative paths.
func Parse(data []byte, file string, env []string, overrides ...Override) (Config, error) {
	dir, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		return Config{}, Errors{{Place: Place{File: file}, Text: err.Error()}}
	}
	return parseIn(dir, data, file, given{env, overrides})
}

// Again reads other bytes as this config's file was read: with its environment and overrides, and in its directory. name
// is the file in messages.
func (c *Config) Again(data []byte, name string) (Config, error) {
	if len(data) > maxFile {
		return Config{}, Errors{{Place: Place{File: name}, Text: fmt.Sprintf("has %d bytes; a config has at most 1 MiB", len(data))}}
	}
	dir := c.Dir
	if dir == "" {
		dir = "."
	}
	next, err := parseIn(dir, data, name, c.places.given)
	next.File = c.File
	return next, err
}

func parseIn(dir string, data []byte, file string, with given) (Config, error) {
	c := Default()
	c.File, c.Dir = file, dir
	c.places = places{at: map[string]Place{}, names: map[string][]string{}, raw: map[string]string{}, given: with}
	root, err := tree.Parse(data, file)
	if err != nil {
		return Config{}, err
	}
	b := newBinder(&c, words.NewEnvironment(with.env))
	b.file(root)
	c.resolve()
	b.environment()
	b.overrides(with.overrides)
	c.check(&b.problems)
	if err := b.err(); err != nil {
		return Config{}, err
	}
	return c, nil
}
