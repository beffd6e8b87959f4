package engine

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
	r, ok := h.f.running(id.Lane)
	if !ok || !r.loop.Stats().Idle {
		return !ok
	}
	parked, err := lot.Holds(h.store, id.Source, id.Lane)
	return err == nil && !parked
}

// Rename implements [source.Keeper].
func (h host) Rename(ctx context.Context, names map[string]string) error {
	for to, from := range names {
		h.event(Event{Event: "warning", Source: h.f.name, Reason: fmt.Sprintf("source %s: %s goes on as %s", h.f.name, from, to)})
	}
	return loop.MoveCheckpoints(ctx, h.store, h.f.name, names)
}

// openFile makes a source of a file, or of all that a pattern matches.
func (w *wheel) openFile(f *feed) source.Source {
	c := f.c.File
	f.pace = loop.NewPace(c.Rate.PerSecond())
	o := file.Options{Name: f.name, Path: c.Path, Follow: c.Follow, RotateWait: c.RotateWait.Std(), Lanes: w.fileLanes(c)}
	if file.IsPattern(c.Path) {
		return file.NewPattern(o)
	}
	return file.New(o)
}

// fileLanes is how many files of a source are read at a time: no more than have their shares of the arena.
func (w *wheel) fileLanes(c *config.File) int {
	if c == nil || !file.IsPattern(c.Path) {
		return 1
	}
	size, largest := w.arenaSize()
	return max(1, min(c.Lanes, int(size/laneShare(largest))))
}

// lanesMost is how many lanes run at a time, as far as that is known.
func (w *wheel) lanesMost() (n int64) {
	for _, s := range w.c.Sources {
		n += int64(w.fileLanes(s.File))
	}
	return n
}

// ended reports whether a source whose lanes come and go is at its end.
func (f *feed) ended() bool {
	e, ok := f.source.(source.Ender)
	return !ok || e.Ended()
}

// earlier is the lane to be read first: that of the content which had the name before, if it is to be found.
func (w *wheel) earlier(f *feed, lane source.Lane, at loop.Checkpoint) source.Lane {
	p, ok := lane.(source.Predecessor)
	if !ok || at.Incarnation == "" || f.before == at {
		return lane
	}
	before := p.Earlier(at.Incarnation, at.Position)
	if before == nil {
		return lane
	}
	f.before = at // what is behind this place and no message is not looked at again
	w.event(Event{Event: "warning", Source: f.name, Reason: fmt.Sprintf("source %s: lane %s was rotated: reading the rest of what it was first", f.name, lane.ID().Lane)})
	return before
}

// ending is a context that ends with the run.
func (w *wheel) ending() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(context.Background())
	stop := make(chan struct{})
	go func() {
		select {
		case <-w.ended:
			cancel(errEnding)
		case <-stop:
		}
	}()
	return ctx, func() {
		close(stop)
		cancel(errors.New("over"))
	}
}
