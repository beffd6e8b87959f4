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
	"github.com/peltonhq/pelton/engine/adapter"
	"github.com/peltonhq/pelton/engine/config"
	"github.com/peltonhq/pelton/engine/gauge"
	"github.com/peltonhq/pelton/loop"
	"github.com/peltonhq/pelton/source"
	"github.com/peltonhq/pelton/source/demo"
	"github.com/peltonhq/pelton/source/ingest"
	"github.com/peltonhq/pelton/source/mqtt"
	"github.com/peltonhq/pelton/source/stdin"
)

// feed is one source of the wheel with its arena and the loops of its lanes.
type feed struct {
	name    string
	c       config.Source
	source  source.Source
	queue   *ingest.Queue // of a source that has one
	broker  *mqtt.Source  // of an mqtt source
	arena   *arena.Arena
	graph   *delivery.Graph
	pace    *loop.Pace // of all lanes together; nil for none
	outputs []*arena.Arena
	meter   gauge.Meter
	pause   gauge.Pause
	before  loop.Checkpoint // of a lane whose earlier content was read last; a source with one has one lane
	sharing

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
		f := &feed{name: name, c: w.c.Sources[name], graph: w.plan.Of(name), outputs: outputs}
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
	nests := make([]*arena.Arena, len(w.plan.Plugins))
	for i, read := range w.plan.Nests {
		if !read {
			continue
		}
		name := w.plan.Plugins[i].Name
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
	return min(int64(w.c.Arena.MaxMessage), queue/max(4, 2*w.lanesMost())) / page * page
}

// openInput makes the source itself.
func (w *wheel) openInput(ctx context.Context, f *feed) (err error) {
	switch {
	case f.c.File != nil:
		f.source = w.openFile(f)
	case f.c.Demo != nil:
		f.pace = loop.NewPace(f.c.Demo.Rate.PerSecond())
		f.source, err = demo.New(demo.Options{Name: f.name, Count: f.c.Demo.Count, Size: int(f.c.Demo.Size), Keys: f.c.Demo.Keys, Seed: f.c.Demo.Seed})
	case f.c.Kafka != nil:
		var name string
		if name, err = w.instance(ctx); err == nil {
			f.source, err = adapter.Kafka(f.name, f.c, name+"-"+f.name)
		}
	case f.c.NATS != nil:
		f.source, err = adapter.NATS(f.name, f.c.NATS)
	case f.c.Stdin != nil:
		if err = w.openQueue(ctx, f, true); err == nil {
			f.source = stdin.New(stdin.Options{
				Queue: f.queue, Input: w.o.Stdin, Framing: decode.Framing(f.c.Decode.Framing), Text: f.c.Decode.Format != string(decode.Raw),
				MaxMessage: int64(w.c.Arena.MaxMessage),
			})
		}
	case f.c.MQTT != nil:
		err = w.openBroker(ctx, f)
	default:
		err = w.openQueue(ctx, f, false)
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
		return outside(err)
	}
	if s, ok := f.source.(source.Shared); ok {
		return w.join(ctx, f, s, lanes)
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
	lane = w.earlier(f, lane, at)
	id, from := source.Resume(lane, at.Incarnation, at.Position)
	if at.Incarnation != "" && id.Incarnation != at.Incarnation {
		w.event(Event{Event: "warning", Source: f.name, Reason: fmt.Sprintf("source %s: lane %s has new content (incarnation %s, before %s): reading from its start", f.name, id.Lane, id.Incarnation, at.Incarnation)})
	}
	if id.Incarnation != at.Incarnation {
		if err := loop.BeginCheckpoint(ctx, w.store, id); err != nil {
			return err
		}
	}
	var plugins []*actor.Plugin
	for i := range w.plan.Plugins {
		plugins = append(plugins, w.boxes[i].plugin)
	}
	var targets []pelton.Offerer
	for _, t := range w.plan.Targets {
		if t.Kind == pelton.TargetSession {
			targets = append(targets, w.session[t.Name])
		} else {
			targets = append(targets, w.sinks[t.Name])
		}
	}
	o := loop.Options{
		Lane: lane, ID: id, From: from, Graph: f.graph, Plugins: plugins, Targets: targets, Grants: w.grants(),
		Arena: f.arena, Outputs: f.outputs, Decode: decodeOf(f.c.Decode, w.c.Arena.MaxMessage),
		Paused: w.paused(), Pace: f.pace, Bounds: loop.Bounds{Release: w.c.Limits.Release.PerSecond()}, Store: w.store, Settle: w.settle,
	}
	o.Failed = func(err error, final bool) {
		w.event(Event{Event: "failed", Source: f.name, Reason: err.Error()})
		if final {
			w.fail(err)
		}
	}
	o.Renewed = func() { go w.renew(f, id.Lane) }
	o.Tap = w.taps
	if w.tracer != nil {
		o.Tracer = w.tracer
	}
	l, err := loop.Start(ctx, o)
	if err != nil {
		return err
	}
	if err := f.add(running{lane, l}); err != nil {
		return errors.Join(err, l.Close(ctx))
	}
	for i, p := range w.paused() { // one may have changed since
		l.Pause(i, p)
	}
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
	r, ok := f.running(name)
	if !ok {
		return
	}
	running, over := w.ending()
	defer over()
	if settled(running, r.loop) != nil {
		return // the run is over; the lane is closed with it
	}
	ctx, cancel := context.WithTimeout(running, w.c.Shutdown.Timeout.Std())
	defer cancel()
	err := r.loop.Close(ctx)
	f.remove(r)
	if err == nil {
		err = w.openLanes(ctx, f)
	}
	if err != nil && !errors.Is(err, errEnding) {
		w.fail(fmt.Errorf("source %s: %w", f.name, err))
	}
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

// loops are those of all sources.
func (w *wheel) loops() (all []*loop.Loop) {
	for _, f := range w.feeds {
		for _, r := range f.loops() {
			all = append(all, r.loop)
		}
	}
	return all
}

func (f *feed) loops() []running {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]running(nil), f.lanes...)
}

// close drains the lanes side by side, then closes the source.
func (f *feed) close(ctx context.Context) error {
	lanes := f.shut()
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
