package wheel

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/arena"
	"github.com/peltonhq/pelton/decode"
	"github.com/peltonhq/pelton/delivery"
	"github.com/peltonhq/pelton/loop"
	"github.com/peltonhq/pelton/store/memory"
)

// Options of a wheel.
type Options struct {
	Modules []actor.Module // one plugin each, all of which get every message
	Config  []byte         // of the plugins
	Decode  decode.Config
	Arena   int64 // bytes
	// Produce feeds the decoder with messages at positions 0, 1, 2 … and flushes it.
	Produce func(ctx context.Context, d *decode.Decoder) error
	Settled func(watermark uint64) // everything before it is settled, and that is durable
}

// Wheel is a lane that runs.
type Wheel struct {
	Plugins []*actor.Plugin

	o       Options
	arena   *arena.Arena
	store   *memory.Store
	loop    *loop.Loop
	trouble atomic.Pointer[error]
	made    chan error // what Produce came to
}

// maxMessage is the largest message.
const maxMessage = 64 << 10

// Open starts everything; Produce begins.
func Open(o Options) (w *Wheel, err error) {
	ctx := context.Background()
	w = &Wheel{o: o, store: memory.New(), made: make(chan error, 1)}
	if w.arena, err = arena.New(arena.Options{Name: "bench", Size: o.Arena, MaxMessage: maxMessage}); err != nil {
		return nil, err
	}
	graph := new(delivery.Graph)
	for i, m := range o.Modules {
		name := fmt.Sprintf("p%d", i)
		graph.Source.Plugins = append(graph.Source.Plugins, i)
		graph.Plugins = append(graph.Plugins, delivery.Plugin{
			Name: name, Instances: 1, Output: 1 << 20, Outputs: map[string]delivery.Routes{},
			Policy: delivery.Policy{Attempts: 3, Initial: time.Second, Max: time.Minute, MaxDefers: 1000, Behind: 1000},
		})
		p, err := actor.Open(ctx, actor.Options{Env: actor.Env{Plugin: name, Config: o.Config}}, actor.Version{Revision: 1, Module: m})
		if err != nil {
			return nil, err
		}
		w.Plugins = append(w.Plugins, p)
	}
	l := &lane{wheel: w}
	w.loop, err = loop.Start(ctx, loop.Options{
		Lane: l, ID: l.ID(), Graph: graph, Plugins: w.Plugins, Outputs: make([]*arena.Arena, len(w.Plugins)),
		Arena: w.arena, Decode: o.Decode, Store: w.store, Hooks: loop.Hooks{Failed: func(err error, _ bool) { w.trouble.CompareAndSwap(nil, &err) }},
	})
	return w, err
}

// Close waits until Produce has returned, drains, and takes everything down.
func (w *Wheel) Close() error {
	ctx := context.Background()
	errs := []error{<-w.made, w.loop.Close(ctx)}
	for _, p := range w.Plugins {
		errs = append(errs, p.Close(ctx))
	}
	errs = append(errs, w.arena.Close(), w.store.Close())
	if t := w.trouble.Load(); t != nil {
		errs = append(errs, *t)
	}
	return errors.Join(errs...)
}

// lane is the source.
type lane struct{ wheel *Wheel }

func (l *lane) ID() pelton.LaneID {
	return pelton.LaneID{Source: "bench", Incarnation: "1", Lane: "lane"}
}

func (l *lane) Endless() bool { return true }

func (l *lane) Read(ctx context.Context, _ uint64, d *decode.Decoder) error {
	l.wheel.made <- l.wheel.o.Produce(ctx, d)
	<-ctx.Done()
	return ctx.Err()
}

func (l *lane) Settled(watermark uint64) { l.wheel.o.Settled(watermark) }
