package feed

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/peltonhq/pelton/arena"
	"github.com/peltonhq/pelton/decode"
	"github.com/peltonhq/pelton/engine/adapter"
	"github.com/peltonhq/pelton/engine/class"
	"github.com/peltonhq/pelton/engine/config"
	"github.com/peltonhq/pelton/engine/gauge"
	"github.com/peltonhq/pelton/loop"
	"github.com/peltonhq/pelton/source"
	"github.com/peltonhq/pelton/source/demo"
	"github.com/peltonhq/pelton/source/ingest"
	"github.com/peltonhq/pelton/source/mqtt"
	"github.com/peltonhq/pelton/source/stdin"
)

// Feed is one source of the wheel with its arena and the loops of its lanes.
type Feed struct {
	Name string

	wheel  *Wheel
	source source.Source
	queue  *ingest.Queue // of a source that has one
	broker *mqtt.Source  // of an mqtt source
	arena  *arena.Arena
	pace   *loop.Pace      // of all lanes together; nil for none
	before loop.Checkpoint // of a lane whose earlier content was read last; a source with one has one lane
	looks
	sharing

	turn sync.Mutex // held from Drain to Resume, and while a lane is renewed
	mu   sync.Mutex
	running
}

// looks are what is seen of a feed from time to time.
type looks struct {
	meter gauge.Meter
	pause gauge.Pause
}

// running is what a feed does now. The feed's mutex guards it.
type running struct {
	c      config.Source
	wiring *Wiring
	lanes  []Running
	closed bool // no lane begins any more
	past   Past // of lanes that are gone
}

// Running is one lane that is being read.
type Running struct {
	Lane   source.Lane
	Loop   *loop.Loop
	Wiring *Wiring // by which its figures are to be read
}

// New makes a source and its arena; nothing is read before Open.
func New(ctx context.Context, w *Wheel, name string, c config.Source, wiring *Wiring) (*Feed, error) {
	f := &Feed{Name: name, wheel: w, running: running{c: c, wiring: wiring}}
	if err := f.openInput(ctx); err != nil {
		return nil, class.Usage(err)
	}
	size, largest := w.ArenaSize()
	a, err := arena.New(arena.Options{Name: name, Size: size, MaxMessage: largest})
	if err != nil {
		return nil, errors.Join(class.Usage(err), f.source.Close())
	}
	f.arena = a
	return f, nil
}

// Look finds out whether a source can be opened. An ingest queue is in the store, which a check does not open, and a
// cluster may be anywhere: of that only the files of secrets are looked at.
func Look(ctx context.Context, w *Wheel, name string, c config.Source) error {
	if err := DecodeOf(c.Decode, w.Arena.MaxMessage).Validate(); err != nil {
		return err
	}
	if all, err := adapter.CheckSource(c); all || err != nil {
		return err
	}
	f := &Feed{Name: name, wheel: w, running: running{c: c}}
	if err := f.openInput(ctx); err != nil {
		return err
	}
	if c.Kafka == nil {
		if _, err := f.source.Open(ctx); err != nil {
			return err
		}
	}
	return f.source.Close()
}

// openInput makes the source itself.
func (f *Feed) openInput(ctx context.Context) (err error) {
	switch {
	case f.c.File != nil:
		f.source = f.openFile()
	case f.c.Demo != nil:
		f.pace = loop.NewPace(f.c.Demo.Rate.PerSecond())
		f.source, err = demo.New(demo.Options{Name: f.Name, Count: f.c.Demo.Count, Size: int(f.c.Demo.Size), Keys: f.c.Demo.Keys, Seed: f.c.Demo.Seed})
	case f.c.Kafka != nil:
		var name string
		if name, err = f.wheel.instance(ctx); err == nil {
			f.source, err = adapter.Kafka(f.Name, f.c, name+"-"+f.Name)
		}
	case f.c.NATS != nil:
		f.source, err = adapter.NATS(f.Name, f.c.NATS)
	case f.c.Stdin != nil:
		if err = f.openQueue(ctx, true); err == nil {
			f.source = stdin.New(stdin.Options{
				Queue: f.queue, Input: f.wheel.Stdin, Framing: decode.Framing(f.c.Decode.Framing), Text: f.c.Decode.Format != string(decode.Raw),
				MaxMessage: int64(f.wheel.Arena.MaxMessage),
			})
		}
	case f.c.MQTT != nil:
		err = f.openBroker(ctx)
	default:
		err = f.openQueue(ctx, false)
		f.source = f.queue
	}
	return err
}

// Open begins its lanes.
func (f *Feed) Open(ctx context.Context) error {
	lanes, err := f.source.Open(ctx)
	if err != nil {
		return class.Outside(err)
	}
	if s, ok := f.source.(source.Shared); ok {
		return f.join(ctx, s, lanes)
	}
	for _, lane := range lanes {
		if err := f.openLane(ctx, lane, nil); err != nil {
			return err
		}
	}
	return nil
}

// openLane begins a lane where the store says. before is a loop of the same name that is over; nil for none.
func (f *Feed) openLane(ctx context.Context, lane source.Lane, before *loop.Loop) error {
	at, err := loop.LoadCheckpoint(f.wheel.Store, f.Name, lane.ID().Lane)
	if err != nil {
		return err
	}
	lane = f.earlier(lane, at)
	id, from := source.Resume(lane, at.Incarnation, at.Position)
	if at.Incarnation != "" && id.Incarnation != at.Incarnation {
		f.warn(fmt.Sprintf("lane %s has new content (incarnation %s, before %s): reading from its start", id.Lane, id.Incarnation, at.Incarnation))
	}
	if id.Incarnation != at.Incarnation {
		if err := loop.BeginCheckpoint(ctx, f.wheel.Store, id); err != nil {
			return err
		}
	}
	c, wiring := f.now()
	o := loop.Options{
		Lane: lane, ID: id, From: from, Graph: wiring.Graph, Plugins: wiring.Plugins, Targets: wiring.Targets, Grants: wiring.Grants,
		Arena: f.arena, Outputs: wiring.Outputs, Decode: DecodeOf(c.Decode, f.wheel.Arena.MaxMessage),
		Paused: wiring.Paused(), Pace: f.pace, Bounds: loop.Bounds{Release: f.wheel.Release}, Store: f.wheel.Store, Settle: f.wheel.Settle,
	}
	o.Failed = func(err error, final bool) {
		f.wheel.Tell("failed", f.Name, err.Error())
		if final {
			f.wheel.Fail(err)
		}
	}
	o.Renewed = func() { go f.renew(id.Lane) }
	o.Tracer, o.Tap = f.wheel.Tracer, f.wheel.Tap
	l, err := loop.Start(ctx, o)
	if err != nil {
		return err
	}
	if err := f.add(Running{lane, l, wiring}, before); err != nil {
		return errors.Join(err, l.Close(ctx))
	}
	for i, p := range wiring.Paused() { // one may have changed since
		l.Pause(i, p)
	}
	return nil
}

// warn tells of something that goes on all the same.
func (f *Feed) warn(text string) {
	f.wheel.Tell("warning", f.Name, fmt.Sprintf("source %s: %s", f.Name, text))
}

// now is what a lane that begins now is run with.
func (f *Feed) now() (config.Source, *Wiring) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.c, f.wiring
}

// DecodeOf is how a source decodes.
func DecodeOf(c config.Decode, largest config.Size) decode.Config {
	return decode.Config{
		Format: decode.Format(c.Format), Framing: decode.Framing(c.Framing), Key: c.Key, Fields: c.Fields, MaxMessage: int64(largest),
		Time: decode.TimeConfig{Field: c.Time.Field, Layout: c.Time.Layout, Zone: c.Time.Zone},
	}
}

// renew closes a lane whose content was replaced and opens what is there now.
func (f *Feed) renew(name string) {
	r, ok := f.lane(name)
	if !ok {
		return
	}
	running, over := f.wheel.ending()
	defer over()
	if settled(running, r.Loop) != nil {
		return // the run is over; the lane is closed with it
	}
	f.turn.Lock()
	defer f.turn.Unlock()
	if now, ok := f.lane(name); !ok || now.Loop != r.Loop {
		return // it was opened again meanwhile: that one will find it renewed too
	}
	ctx, cancel := context.WithTimeout(running, f.wheel.Drain)
	defer cancel()
	err := r.Loop.Close(ctx)
	f.remove(r)
	if err == nil {
		err = f.Open(ctx)
	}
	if err != nil && !errors.Is(err, errEnding) {
		f.wheel.Fail(fmt.Errorf("source %s: %w", f.Name, err))
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

// Loops are the lanes that are being read.
func (f *Feed) Loops() []Running {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Running(nil), f.lanes...)
}

// Lane is the loop that bears a lane's name now, of whatever incarnation; nil for none.
func (f *Feed) Lane(name string) *loop.Loop {
	r, _ := f.lane(name)
	return r.Loop
}

// Close drains the lanes side by side, then closes the source.
func (f *Feed) Close(ctx context.Context) error {
	return errors.Join(drain(ctx, f.shut()), f.source.Close(), unmap(f.arena))
}

// drain closes loops side by side.
func drain(ctx context.Context, lanes []Running) error {
	errs := make([]error, len(lanes))
	var wait sync.WaitGroup
	for i, r := range lanes {
		wait.Go(func() { errs[i] = r.Loop.Close(ctx) })
	}
	wait.Wait()
	return errors.Join(errs...)
}

// unmap gives an arena's memory back. What a stuck plugin still has keeps it mapped until the process ends.
func unmap(a *arena.Arena) error {
	if err := a.Close(); !errors.Is(err, arena.ErrLent) {
		return err
	}
	return nil
}
