package feed

import (
	"context"
	"errors"
	"fmt"

	"github.com/peltonhq/pelton/delivery/lot"
	"github.com/peltonhq/pelton/engine/config"
	"github.com/peltonhq/pelton/loop"
	"github.com/peltonhq/pelton/source"
	"github.com/peltonhq/pelton/source/file"
)

var _ source.Keeper = host{}

// Quiet implements [source.Keeper].
func (h host) Quiet(l source.Lane) bool {
	id := l.ID()
	r, ok := h.f.lane(id.Lane)
	if !ok || !r.Loop.Stats().Idle {
		return !ok
	}
	parked, err := lot.Holds(h.f.wheel.Store, id.Source, id.Lane)
	return err == nil && !parked
}

// Rename implements [source.Keeper].
func (h host) Rename(ctx context.Context, names map[string]string) error {
	for to, from := range names {
		h.f.warn(fmt.Sprintf("%s goes on as %s", from, to))
	}
	return loop.MoveCheckpoints(ctx, h.f.wheel.Store, h.f.Name, names)
}

// openFile makes a source of a file, or of all that a pattern matches.
func (f *Feed) openFile() source.Source {
	c := f.c.File
	f.pace = loop.NewPace(c.Rate.PerSecond())
	o := file.Options{Name: f.Name, Path: c.Path, Follow: c.Follow, RotateWait: c.RotateWait.Std(), Lanes: int(f.wheel.fileLanes(c))}
	if file.IsPattern(c.Path) {
		return file.NewPattern(o)
	}
	return file.New(o)
}

// fileLanes is how many files of a source are read at a time: no more than have their shares of the arena.
func (b *Bounds) fileLanes(c *config.File) int64 {
	if c == nil || !file.IsPattern(c.Path) {
		return 1
	}
	size, largest := b.ArenaSize()
	return max(1, min(int64(c.Lanes), size/laneShare(largest)))
}

// LanesMost is how many lanes of some sources run at a time, as far as that is known.
func (b *Bounds) LanesMost(sources map[string]config.Source) (n int64) {
	for _, s := range sources {
		n += b.fileLanes(s.File)
	}
	return n
}

// Ended reports whether a source whose lanes come and go is at its end.
func (f *Feed) Ended() bool {
	e, ok := f.source.(source.Ender)
	return !ok || e.Ended()
}

// earlier is the lane to be read first: that of the content which had the name before, if it is to be found.
func (f *Feed) earlier(lane source.Lane, at loop.Checkpoint) source.Lane {
	p, ok := lane.(source.Predecessor)
	if !ok || at.Incarnation == "" || f.before == at {
		return lane
	}
	before := p.Earlier(at.Incarnation, at.Position)
	if before == nil {
		return lane
	}
	f.before = at // what is behind this place and no message is not looked at again
	f.warn(fmt.Sprintf("lane %s was rotated: reading the rest of what it was first", lane.ID().Lane))
	return before
}

// ending is a context that ends with the run.
func (w *Wheel) ending() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(context.Background())
	stop := make(chan struct{})
	go func() {
		select {
		case <-w.Ended:
			cancel(errEnding)
		case <-stop:
		}
	}()
	return ctx, func() {
		close(stop)
		cancel(errors.New("over"))
	}
}
