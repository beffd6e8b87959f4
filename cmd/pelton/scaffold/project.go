package scaffold

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/peltonhq/pelton/sdk/build"
)

// Classes of errors; any other is of the machine.
var (
	ErrThere = errors.New("is there already, and nothing was changed; give another directory")
	ErrName  = errors.New("a plugin can't have this name")
)

// New makes a project with one plugin.
func New(dir, plugin string) error {
	files := []build.File{
		{Name: "pelton.yaml", Data: []byte(config)},
		{Name: ".gitignore", Data: []byte(".pelton/\n")},
		{Name: "README.md", Data: []byte(readme)},
	}
	source, err := template("go", plugin)
	if err != nil {
		return err
	}
	for _, f := range source {
		files = append(files, build.File{Name: filepath.Join("plugins", plugin, f.Name), Data: f.Data})
	}
	return lay(dir, files)
}

// Plugin makes the source of a plugin.
func Plugin(dir, lang, name string) error {
	files, err := template(lang, name)
	if err != nil {
		return err
	}
	return lay(dir, files)
}

// template is the source of a new plugin, which finds the SDK on this machine.
func template(lang, name string) ([]build.File, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, fmt.Errorf("no cache directory: %w; set XDG_CACHE_HOME or HOME", err)
	}
	sdk, err := build.Install(filepath.Join(cache, "pelton"), lang)
	if err != nil {
		return nil, err
	}
	files, err := build.Template(lang, name, sdk)
	if err != nil {
		return nil, &named{err}
	}
	return files, nil
}

// named is of the class ErrName; its text is the cause's.
type named struct{ error }

// Unwrap gives the class and the cause.
func (n *named) Unwrap() []error { return []error{ErrName, n.error} }

// lay writes files into dir, all new or none.
func lay(dir string, files []build.File) error {
	for _, f := range files {
		path := filepath.Join(dir, f.Name)
		if _, err := os.Lstat(path); err == nil {
			return fmt.Errorf("%s %w", path, ErrThere)
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
	return errors.New(strings.TrimPrefix(err.Error(), "mkdir "))
}
