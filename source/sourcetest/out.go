package sourcetest

import (
	"context"
	"sync"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/arena"
	"github.com/peltonhq/pelton/decode"
)

// out is the loop's side of a Read: it takes as many frames as there are credits, copies and releases them.
type out struct {
	arena   *arena.Arena
	lane    *arena.Lane
	credits chan struct{}

	mu  sync.Mutex // Read is on another goroutine than the test
	got []frame
}

type frame struct {
	decode.Frame
	message *pelton.Message // nil when the frame is bad
}

func (o *out) allow(n int) {
	for range n {
		o.credits <- struct{}{}
	}
}

// Frame takes one frame.
func (o *out) Frame(ctx context.Context, f decode.Frame) error {
	select {
	case <-o.credits:
	case <-ctx.Done():
		return ctx.Err()
	}
	taken := frame{Frame: f}
	if f.Bad == nil {
		v, err := o.arena.View(f.Ref)
		if err != nil {
			return err
		}
		m := v.Own()
		taken.message = &m
		if err := o.lane.Release(f.Ref); err != nil {
			return err
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.got = append(o.got, taken)
	return nil
}

// Flush has nothing to do: every frame is seen at once.
func (o *out) Flush(ctx context.Context) error { return ctx.Err() }

func (o *out) len() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.got)
}

func (o *out) payloads() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := make([]string, len(o.got))
	for i, f := range o.got {
		if all[i] = Bad; f.message != nil {
			all[i] = string(f.message.Payload)
		}
	}
	return all
}
