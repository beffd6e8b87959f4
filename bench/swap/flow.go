package swap

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/actor/wasm"
	"github.com/peltonhq/pelton/bench/wheel"
	"github.com/peltonhq/pelton/decode"
)

const (
	tick = time.Millisecond
	rate = 20_000 // messages a second
	size = 1 << 10
)

// flow is messages at a steady rate, and when they were acked.
type flow struct {
	engine  *wasm.Runtime
	tick    time.Duration // between two groups of messages
	wheel   *wheel.Wheel
	stop    atomic.Bool
	sent    uint64
	acked   atomic.Uint64
	last    atomic.Int64 // nanoseconds since begin of the newest ack
	longest atomic.Int64 // gap between two acks since it was last reset
	begin   time.Time
	changed int // revisions
}

// start runs a flow through a guest.
func start(ctx context.Context, r *wasm.Runtime, a *artifact) (*flow, error) {
	m, err := r.Load(ctx, a.bytes)
	if err != nil {
		return nil, err
	}
	return startWith(r, m, tick)
}

func startWith(r *wasm.Runtime, m actor.Module, tick time.Duration) (f *flow, err error) {
	f = &flow{engine: r, tick: tick, begin: time.Now(), changed: 1}
	f.wheel, err = wheel.Open(wheel.Options{Modules: []actor.Module{m}, Config: config, Arena: 4 << 20, Settled: f.settled, Produce: f.produce})
	return f, err
}

func (f *flow) produce(ctx context.Context, d *decode.Decoder) error {
	payload := make([]byte, size)
	for begin := time.Now(); !f.stop.Load(); {
		for behind := int(time.Since(begin)/f.tick*f.tick*rate/time.Second) - int(f.sent); behind > 0; behind-- {
			if err := d.Message(ctx, decode.Record{Position: f.sent, Next: f.sent + 1, Payload: payload}); err != nil {
				return err
			}
			f.sent++
		}
		if err := d.Flush(ctx); err != nil {
			return err
		}
		if f.tick < tick {
			runtime.Gosched() // a sleep lasts a millisecond on many machines
		} else {
			time.Sleep(f.tick)
		}
	}
	for f.acked.Load() != f.sent { // a lane that is closed leaves what is not settled to the next start
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(tick):
		}
	}
	return nil
}

func (f *flow) settled(watermark uint64) {
	now := int64(time.Since(f.begin))
	gap := now - f.last.Swap(now)
	if gap > f.longest.Load() {
		f.longest.Store(gap)
	}
	f.acked.Store(watermark)
}

// gap does something and gives the longest gap between two acks from then until a span after it.
func (f *flow) gap(span time.Duration, do func() error) (time.Duration, error) {
	f.longest.Store(0)
	if err := do(); err != nil {
		return 0, err
	}
	time.Sleep(span)
	open := int64(time.Since(f.begin)) - f.last.Load() // one that has not ended
	return time.Duration(max(f.longest.Load(), open)), nil
}

// swap loads a version and hands the flow over to it; it gives how long the second took.
func (f *flow) swap(ctx context.Context, artifact []byte) (hand time.Duration, err error) {
	m, err := f.engine.Load(ctx, artifact)
	if err != nil {
		return 0, err
	}
	return f.put(ctx, m)
}

// put hands the flow over to a version that is loaded.
func (f *flow) put(ctx context.Context, m actor.Module) (hand time.Duration, err error) {
	f.changed++
	begin := time.Now()
	result, err := f.wheel.Plugins[0].Swap(ctx, actor.Version{Revision: f.changed, Module: m}, actor.Strategy{})
	hand = time.Since(begin)
	if err == nil && result.State != actor.StateLive {
		err = fmt.Errorf("the swap ended %s: %s", result.State, result.Reason)
	}
	return hand, err
}

// end stops the flow when everything that was sent is acked, and tells whether it was.
func (f *flow) end() error {
	f.stop.Store(true)
	if err := f.wheel.Close(); err != nil {
		return err
	}
	if f.acked.Load() != f.sent || f.sent == 0 {
		return fmt.Errorf("%d messages were sent, %d acked", f.sent, f.acked.Load())
	}
	return nil
}
