package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/arena"
	"github.com/peltonhq/pelton/decode"
	"github.com/peltonhq/pelton/delivery"
	"github.com/peltonhq/pelton/engine/config"
	"github.com/peltonhq/pelton/loop"
	"github.com/peltonhq/pelton/source"
	"github.com/peltonhq/pelton/source/demo"
	"github.com/peltonhq/pelton/source/file"
	"github.com/peltonhq/pelton/source/http"
)

// feed is one source of the wheel with its arena and the loops of its lanes.
type feed struct {
	name    string
	c       config.Source
	source  source.Source
	queue   *http.Queue // of an http source
	arena   *arena.Arena
	graph   *delivery.Graph
	rate    float64
	outputs []*arena.Arena
	meter   meter
	pause   pause

	mu    sync.Mutex
	lanes []running
}

// running is one lane that is being read.
type running struct {
	lane source.Lane
	loop *loop.Loop
}

func (w *wheel) openSources(ctx context.Context) error {
	outputs, err := w.openNests()
	if err != nil {
		return err
	}
	for _, name := range w.c.SourceNames() {
		f := &feed{name: name, c: w.c.Sources[name], graph: w.plan.of(name), outputs: outputs}
		if err := w.openSource(ctx, f); err != nil {
			return fmt.Errorf("source %s: %w", name, err)
		}
		w.feeds = append(w.feeds, f)
		w.later(f.close)
		if err := w.openLanes(ctx, f); err != nil {
			return fmt.Errorf("source %s: %w", name, err)
		}
	}
	return nil
}

// openNests makes the output arenas of plugins that other plugins read.
func (w *wheel) openNests() ([]*arena.Arena, error) {
	nests := make([]*arena.Arena, len(w.plan.plugins))
	for i, read := range w.plan.nests {
		if !read {
			continue
		}
		name := w.plan.plugins[i].Name
		size := int64(w.c.Plugins[name].Limits.Queue)
		a, err := arena.New(arena.Options{Name: name + ".queue", Size: size, MaxMessage: w.maxEmit(size)})
		if err != nil {
			return nil, usage(fmt.Errorf("plugin %s: limits.queue: %w", name, err))
		}
		nests[i] = a
		w.later(func(context.Context) error { return unmap(a) })
	}
	return nests, nil
}

// maxEmit is the largest emit that another plugin can read: arena.max_message, as far as the queue has room for two of
// them from each source, which is what an arena keeps for a lane.
func (w *wheel) maxEmit(queue int64) int64 {
	const page = 4 << 10
	return min(int64(w.c.Arena.MaxMessage), queue/max(4, 2*int64(len(w.c.Sources)))) / page * page
}

// openInput makes the source itself.
func (w *wheel) openInput(ctx context.Context, f *feed) (err error) {
	switch {
	case f.c.File != nil:
		f.rate = f.c.File.Rate.PerSecond()
		f.source = file.New(file.Options{Name: f.name, Path: f.c.File.Path, Follow: f.c.File.Follow})
	case f.c.Demo != nil:
		f.rate = f.c.Demo.Rate.PerSecond()
		f.source, err = demo.New(demo.Options{Name: f.name, Count: f.c.Demo.Count, Size: int(f.c.Demo.Size), Keys: f.c.Demo.Keys, Seed: f.c.Demo.Seed})
	default:
		f.queue, err = http.Open(ctx, http.Options{
			Name: f.name, Store: w.store, MaxBytes: int64(w.c.Ingest.MaxBytes), MaxAge: w.c.Ingest.MaxAge.Std(), MaxMessage: int64(w.c.Arena.MaxMessage),
		})
		f.source = f.queue
	}
	return err
}

func (w *wheel) openSource(ctx context.Context, f *feed) error {
	if err := w.openInput(ctx, f); err != nil {
		return usage(err)
	}
	size, largest := w.arenaSize()
	a, err := arena.New(arena.Options{Name: f.name, Size: size, MaxMessage: largest})
	if err != nil {
		return usage(err)
	}
	f.arena = a
	return nil
}

// arenaSize is that of a source's arena, and of the largest message in it: the decoder needs some room beside
// arena.max_message, for its end of line and its key.
func (w *wheel) arenaSize() (size, largest int64) {
	largest = int64(w.c.Arena.MaxMessage) + decode.Spare
	return max(int64(w.c.Arena.Size), 4*largest), largest
}

func (w *wheel) openLanes(ctx context.Context, f *feed) error {
	lanes, err := f.source.Open(ctx)
	if err != nil {
		return usage(err)
	}
	for _, lane := range lanes {
		if err := w.openLane(ctx, f, lane); err != nil {
			return err
		}
	}
	return nil
}

func (w *wheel) openLane(ctx context.Context, f *feed, lane source.Lane) error {
	at, err := loop.LoadCheckpoint(w.store, f.name, lane.ID().Lane)
	if err != nil {
		return err
	}
	id, from := source.Resume(lane, at.Incarnation, at.Position)
	if at.Incarnation != "" && id.Incarnation != at.Incarnation {
		w.event(Event{Event: "warning", Source: f.name, Reason: fmt.Sprintf("source %s: lane %s has new content (incarnation %s, before %s): reading from its start", f.name, id.Lane, id.Incarnation, at.Incarnation)})
	}
	var plugins []*actor.Plugin
	for i := range w.plan.plugins {
		plugins = append(plugins, w.boxes[i].plugin)
	}
	var targets []pelton.Offerer
	for _, t := range w.plan.targets {
		if t.Kind == pelton.TargetSession {
			targets = append(targets, w.session[t.Name])
		} else {
			targets = append(targets, w.sinks[t.Name])
		}
	}
	o := loop.Options{
		Lane: lane, ID: id, From: from, Graph: f.graph, Plugins: plugins, Targets: targets, Grants: w.grants(),
		Arena: f.arena, Outputs: f.outputs, Decode: decodeOf(f.c.Decode, w.c.Arena.MaxMessage),
		Rate: f.rate, Bounds: loop.Bounds{Release: w.c.Limits.Release.PerSecond()}, Store: w.store, Settle: w.settle,
	}
	o.Failed = func(err error, final bool) {
		w.event(Event{Event: "failed", Source: f.name, Reason: err.Error()})
		if final {
			w.fail(err)
		}
	}
	o.Renewed = func() { go w.renew(f, id.Lane) }
	if w.tracer != nil {
		o.Tracer = w.tracer
	}
	l, err := loop.Start(ctx, o)
	if err != nil {
		return err
	}
	f.mu.Lock()
	f.lanes = append(f.lanes, running{lane, l})
	f.mu.Unlock()
	return nil
}

func decodeOf(c config.Decode, largest config.Size) decode.Config {
	return decode.Config{
		Format: decode.Format(c.Format), Framing: decode.Framing(c.Framing), Key: c.Key, Fields: c.Fields, MaxMessage: int64(largest),
		Time: decode.TimeConfig{Field: c.Time.Field, Layout: c.Time.Layout, Zone: c.Time.Zone},
	}
}

// renew closes a lane whose content was replaced and opens what is there now.
func (w *wheel) renew(f *feed, name string) {
	ctx, cancel := context.WithTimeout(context.Background(), w.c.Shutdown.Timeout.Std())
	defer cancel()
	f.mu.Lock()
	for i, r := range f.lanes {
		if r.lane.ID().Lane != name {
			continue
		}
		f.lanes = append(f.lanes[:i:i], f.lanes[i+1:]...)
		f.mu.Unlock()
		err := settled(ctx, r.loop)
		err = errors.Join(err, r.loop.Close(ctx))
		if err == nil {
			err = w.openLanes(ctx, f)
		}
		if err != nil {
			w.fail(fmt.Errorf("source %s: %w", f.name, err))
		}
		return
	}
	f.mu.Unlock()
}

// settled waits until everything that a lane handed over is settled.
func settled(ctx context.Context, l *loop.Loop) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !l.Stats().Idle {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

func (f *feed) loops() []running {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]running(nil), f.lanes...)
}

// close drains the lanes side by side, then closes the source.
func (f *feed) close(ctx context.Context) error {
	lanes := f.loops()
	errs := make([]error, len(lanes)+2)
	var wait sync.WaitGroup
	for i, r := range lanes {
		wait.Go(func() { errs[i] = r.loop.Close(ctx) })
	}
	wait.Wait()
	errs[len(lanes)] = f.source.Close()
	errs[len(lanes)+1] = unmap(f.arena)
	return errors.Join(errs...)
}

// unmap gives an arena's memory back. What a stuck plugin still has keeps it mapped until the process ends.
func unmap(a *arena.Arena) error {
	if err := a.Close(); !errors.Is(err, arena.ErrLent) {
		return err
	}
	return nil
}

// lane finds the loop that bears a lane's name now, of whatever incarnation.
func (w *wheel) lane(id pelton.LaneID) *loop.Loop {
	for _, f := range w.feeds {
		if f.name != id.Source {
			continue
		}
		for _, r := range f.loops() {
			if r.lane.ID().Lane == id.Lane {
				return r.loop
			}
		}
	}
	return nil
}
