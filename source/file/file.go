package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/agnivade/levenshtein"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/source"
)

// Options configure a file source.
type Options struct {
	Name   string // of the source
	Path   string // of a file; for [NewPattern] with * ? or [
	Follow bool   // go on as the file grows
	// RotateWait is how long a followed file that lost its name is read on, from when nothing was added any more: its
	// writer may keep it open. Default 5 s.
	RotateWait time.Duration
	Lanes      int // of a pattern: files that are read at a time; default 8
}

func (o *Options) complete() {
	if o.RotateWait <= 0 {
		o.RotateWait = 5 * time.Second
	}
	if o.Lanes <= 0 {
		o.Lanes = 8
	}
}

// Source is one file.
type Source struct {
	options Options
}

var _ source.Source = (*Source)(nil)

// New builds the source; Open looks at the file.
func New(o Options) *Source {
	o.complete()
	return &Source{options: o}
}

// Open finds the file's one lane.
func (s *Source) Open(ctx context.Context) ([]source.Lane, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	l, _, err := newLane(&s.options, s.options.Path, filepath.Base(s.options.Path))
	if err != nil {
		return nil, err
	}
	return []source.Lane{l}, nil
}

// newLane looks at a file.
func newLane(o *Options, path, name string) (*lane, os.FileInfo, error) {
	c, err := open(path)
	if err != nil {
		return nil, nil, err
	}
	defer c.Close() //nolint:errcheck // it was only read
	follow := o.Follow
	if IsPattern(o.Path) {
		follow = follow && c.pack == plain // among files that grow there may be some that came whole
	} else if err := c.followable(follow); err != nil {
		return nil, nil, err
	}
	incarnation, err := c.incarnation(follow)
	if err != nil {
		return nil, nil, err
	}
	info, err := c.file.Stat()
	if err != nil {
		return nil, nil, explain(path, err)
	}
	id := pelton.LaneID{Source: o.Name, Incarnation: incarnation, Lane: name}
	return &lane{path: path, follow: follow, wait: o.RotateWait, id: id}, info, nil
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
