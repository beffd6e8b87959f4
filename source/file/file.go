package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/agnivade/levenshtein"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/source"
)

// Options configure a file source.
type Options struct {
	Name   string // of the source
	Path   string
	Follow bool // go on as the file grows
}

// Source is one file.
type Source struct {
	options Options
}

var _ source.Source = (*Source)(nil)

// New builds the source; Open looks at the file.
func New(o Options) *Source { return &Source{options: o} }

// Open finds the file's one lane.
func (s *Source) Open(ctx context.Context) ([]source.Lane, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c, err := open(s.options.Path)
	if err != nil {
		return nil, err
	}
	defer c.Close() //nolint:errcheck // it was only read
	if c.gzip && s.options.Follow {
		return nil, fmt.Errorf("file %s is gzip and can't be followed: leave out follow, or unpack it", s.options.Path)
	}
	incarnation, err := c.incarnation(s.options.Follow)
	if err != nil {
		return nil, err
	}
	id := pelton.LaneID{Source: s.options.Name, Incarnation: incarnation, Lane: filepath.Base(s.options.Path)}
	return []source.Lane{&lane{path: s.options.Path, follow: s.options.Follow, id: id}}, nil
}

// Close does nothing: no file is open between calls.
func (s *Source) Close() error { return nil }

// explain says what is wrong with a path and what may have been meant.
func explain(path string, err error) error {
	switch {
	case path == "":
		return errors.New("file path is empty: want the name of a file")
	case errors.Is(err, fs.ErrNotExist):
		dir := filepath.Dir(path)
		if _, errDir := os.Stat(dir); errDir != nil {
			return fmt.Errorf("file %s: directory %s does not exist: %w", path, dir, fs.ErrNotExist)
		}
		if near := nearest(dir, filepath.Base(path)); near != "" {
			return fmt.Errorf("file %s does not exist (did you mean %s?): %w", path, near, fs.ErrNotExist)
		}
		return fmt.Errorf("file %s does not exist: %w", path, fs.ErrNotExist)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("file %s may not be read by this user: %w", path, fs.ErrPermission)
	}
	return fmt.Errorf("file %s: %w", path, err)
}

// nearest is the file of dir whose name differs the least from name, or "" if none is near.
func nearest(dir, name string) string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return ""
	}
	best, least := "", 1+max(2, len(name)/3)
	for _, e := range entries {
		if d := levenshtein.ComputeDistance(name, e.Name()); d < least && !e.IsDir() {
			best, least = e.Name(), d
		}
	}
	return best
}
