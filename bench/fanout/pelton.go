package fanout

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/actor/native"
	"github.com/peltonhq/pelton/arena"
	"github.com/peltonhq/pelton/decode"
	"github.com/peltonhq/pelton/delivery"
	"github.com/peltonhq/pelton/loop"
	"github.com/peltonhq/pelton/store"
	"github.com/peltonhq/pelton/store/memory"
)

// arenaSize holds about as many messages of 1 KiB as the peers' window; raised to what one message of 16 KiB needs.
const arenaSize = 4 << 20

// wheel is Pelton: reader, ring, loop, arena, mailboxes, verdicts and watermark are the real ones. The store is in
// memory; what it makes durable here is the watermark.
type wheel struct {
	race    *race
	arena   *arena.Arena
	plugins []*actor.Plugin
	store   store.Store
	loop    *loop.Loop
	failure atomic.Pointer[error]
	done    chan error // of produce
}

func throughPelton(r *race) error {
	w := &wheel{race: r, store: memory.New(), done: make(chan error, 1)}
	if err := w.open(); err != nil {
		return err
	}
	err := <-w.done
	if e := w.loop.Close(context.Background()); err == nil {
		err = e
	}
	for _, p := range w.plugins {
		if e := p.Close(context.Background()); err == nil {
			err = e
		}
	}
	if e := w.arena.Close(); err == nil {
		err = e // A3: something is still lent
	}
	if e := w.store.Close(); err == nil {
		err = e
	}
	if f := w.failure.Load(); f != nil && err == nil {
		err = *f
	}
	return err
}

func (w *wheel) open() (err error) {
	ctx := context.Background()
	if w.arena, err = arena.New(arena.Options{Name: "bench", Size: arenaSize, MaxMessage: 64 << 10}); err != nil {
		return err
	}
	graph := new(delivery.Graph)
	for i := range w.race.handlers {
		name := string(rune('a' + i))
		graph.Source.Plugins = append(graph.Source.Plugins, i)
		graph.Plugins = append(graph.Plugins, delivery.Plugin{
			Name: name, Instances: 1, Output: 1 << 20, Outputs: map[string]delivery.Routes{},
			Policy: delivery.Policy{Attempts: 3, Initial: time.Second, Max: time.Minute, MaxDefers: 1000, Behind: 1000},
		})
		p, err := actor.Open(ctx, actor.Options{Env: actor.Env{Plugin: name}}, actor.Version{
			Revision: 1, Module: native.Module(name, func() native.Plugin { return &plugin{w.race, i} }),
		})
		if err != nil {
			return err
		}
		w.plugins = append(w.plugins, p)
	}
	l := &lane{wheel: w}
	w.loop, err = loop.Start(ctx, loop.Options{
		Lane: l, ID: l.ID(), Graph: graph, Plugins: w.plugins, Outputs: make([]*arena.Arena, len(w.plugins)), Arena: w.arena, Store: w.store,
		Failed: func(err error, _ bool) {
			w.failure.CompareAndSwap(nil, &err)
		},
	})
	return err
}

// plugin acks everything.
type plugin struct {
	race  *race
	index int
}

func (p *plugin) Init([]byte) ([]pelton.Output, error) { return nil, nil }

func (p *plugin) Handle(m *native.Message, _ *native.Out) pelton.Verdict {
	p.race.handle(p.index, m.Payload())
	return pelton.Ack()
}

// lane is the producer; the loop is told through it.
type lane struct {
	wheel *wheel
	told  uint64
}

func (l *lane) ID() pelton.LaneID {
	return pelton.LaneID{Source: "bench", Incarnation: "1", Lane: "lane"}
}

func (l *lane) Endless() bool { return true }

func (l *lane) Read(ctx context.Context, _ uint64, d *decode.Decoder) error {
	r := l.wheel.race
	err := r.produce(func(seq uint64) error {
		return d.Message(ctx, decode.Record{Position: seq, Next: seq + 1, Payload: r.stamp(seq)})
	}, func() error { return d.Flush(ctx) })
	l.wheel.done <- err
	<-ctx.Done()
	return ctx.Err()
}

func (l *lane) Settled(watermark uint64) {
	r := l.wheel.race
	if len(r.until) > 0 && watermark > r.first {
		now := time.Now()
		for seq := max(l.told, r.first); seq < watermark; seq++ {
			r.until[seq-r.first] = now
		}
	}
	l.told = watermark
	r.told.Store(watermark)
	r.tell()
}
