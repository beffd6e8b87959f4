package file

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/peltonhq/pelton/source"
)

// IsPattern reports whether a path is one for [NewPattern]: it has * ? or [.
func IsPattern(path string) bool { return strings.ContainsAny(path, "*?[") }

// Pattern is all files that a pattern matches, a lane for each, a bounded number at a time.
type Pattern struct {
	o      Options
	dir    string // which names of lanes are relative to: what is before the first * ? or [
	finish atomic.Bool
	cancel context.CancelFunc
	watch  sync.WaitGroup
}

var (
	_ source.Shared = (*Pattern)(nil)
	_ source.Ender  = (*Pattern)(nil)
)

// NewPattern builds the source; Open looks which files there are.
func NewPattern(o Options) *Pattern {
	o.complete()
	dir := o.Path[:strings.IndexAny(o.Path+"*", "*?[")]
	return &Pattern{o: o, dir: filepath.Dir(dir + "x"), cancel: func() {}}
}

// Open tells what is wrong with the pattern or the files that it matches now; lanes come by Join.
func (p *Pattern) Open(ctx context.Context) ([]source.Lane, error) {
	names, err := p.list()
	if err != nil {
		return nil, err
	}
	if len(names) == 0 && !p.o.Follow {
		return nil, fmt.Errorf("file %s: no file matches; give a pattern that one does, or follow: true to wait for one", p.o.Path)
	}
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if _, _, err := p.lane(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
	}
	return nil, nil
}

// list gives the names of the files that match, relative to the directory, sorted. What is no regular file is left out.
func (p *Pattern) list() ([]string, error) {
	if strings.Contains(p.o.Path, "**") {
		return nil, fmt.Errorf("file %s: ** matches no deeper than *; write */ for each level", p.o.Path)
	}
	if _, err := os.Stat(p.dir); err != nil {
		return nil, explain(p.dir, err)
	}
	paths, err := filepath.Glob(p.o.Path)
	if err != nil {
		return nil, fmt.Errorf("file %s: %w; a [ is closed by ], and \\[ is one as it is", p.o.Path, err)
	}
	var names []string
	for _, path := range paths {
		if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
			continue
		}
		name, err := filepath.Rel(p.dir, path)
		if err != nil {
			return nil, err
		}
		names = append(names, filepath.ToSlash(name))
	}
	slices.Sort(names)
	return names, nil
}

func (p *Pattern) path(name string) string { return filepath.Join(p.dir, filepath.FromSlash(name)) }

// lane looks at a file.
func (p *Pattern) lane(name string) (*member, os.FileInfo, error) {
	l, info, err := newLane(&p.o, p.path(name), name)
	if err != nil {
		return nil, nil, err
	}
	l.alone = true
	return &member{lane: l}, info, nil
}

// Join begins the lanes, and ends and begins them until Close.
func (p *Pattern) Join(ctx context.Context, h source.Host) error {
	k, ok := h.(source.Keeper)
	if !ok {
		return errors.New("file: the host keeps no lanes")
	}
	ctx, p.cancel = context.WithCancel(context.WithoutCancel(ctx))
	w := newWatcher(p, h, k)
	p.watch.Go(func() { w.run(ctx) })
	return nil
}

// Ended implements [source.Ender].
func (p *Pattern) Ended() bool { return p.finish.Load() }

// Close ends the watch. Lanes are the host's to end.
func (p *Pattern) Close() error {
	p.cancel()
	p.watch.Wait()
	return nil
}
