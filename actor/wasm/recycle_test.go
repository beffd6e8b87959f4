package wasm_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/peltonhq/pelton/actor"
)

// A guest that holds more than limits.recycle is replaced between two turns and is back at what it starts with; nothing
// of its deliveries is lost, and one that stays below keeps its instance.
func TestInstanceIsRecycled(t *testing.T) {
	grows := handles(join(i32c(20), []byte{0x40, 0, opDrop}, plain().functions[3].code)) // by 1.25 MiB in each call
	const base = 40 * 64 << 10
	for _, row := range []struct {
		name     string
		recycle  int64
		restarts uint64
		memory   int64 // at the end
	}{
		{"above the mark", 5 << 20, 3, base + 20*64<<10}, // after 2.5, 3.75 and 5 MiB the third turn is too much
		{"below the mark", 64 << 20, 0, base + 10*20*64<<10},
		{"three quarters", 0, 0, base + 10*20*64<<10},
	} {
		t.Run(row.name, func(t *testing.T) {
			m, err := engine(t).Load(t.Context(), grows.bytes())
			if err != nil {
				t.Fatal(err)
			}
			var mu sync.Mutex
			var events []actor.Event
			limits := actor.Limits{Memory: 64 << 20, Recycle: row.recycle, Time: int64(time.Minute)}
			p, err := actor.Open(t.Context(), actor.Options{Env: actor.Env{Plugin: "p", Limits: limits}, OnChange: func(e actor.Event) {
				mu.Lock()
				defer mu.Unlock()
				events = append(events, e)
			}}, actor.Version{Revision: 1, Module: m})
			if err != nil {
				t.Fatal(err)
			}
			done := make(chan *actor.Turn)
			for range 10 {
				turn := batch(actor.DefaultOutput, "x")
				turn.Reply = func(t *actor.Turn) { done <- t }
				if !p.Offer(0, turn) {
					t.Fatal("the mailbox is full")
				}
				if o := (<-done).Outcomes[0]; o.Fault != nil {
					t.Errorf("a delivery failed: %v", o.Fault)
				}
			}
			if err := p.Close(context.Background()); err != nil {
				t.Fatal(err)
			}
			s := p.Stats()
			if s.Restarts != row.restarts || s.Memory != row.memory || s.Faults.Total() != 0 {
				t.Errorf("%d instances were replaced, %d bytes held; want %d and %d; %+v", s.Restarts, s.Memory, row.restarts, row.memory, s.Faults)
			}
			var recycled uint64
			for _, e := range events {
				if e.State == actor.StateRecycled && strings.Contains(e.Reason, "more than limits.recycle") {
					recycled++
				}
			}
			if recycled != row.restarts {
				t.Errorf("%d events of a recycle, want %d", recycled, row.restarts)
			}
		})
	}
}

// A plugin whose start takes more than the mark is not recycled after every turn.
func TestInstanceThatStartsFull(t *testing.T) {
	f := plain()
	m, err := engine(t).Load(t.Context(), f.bytes())
	if err != nil {
		t.Fatal(err)
	}
	limits := actor.Limits{Memory: 3 << 20, Recycle: 1 << 20, Time: int64(time.Minute)} // it starts with 2.5 MiB
	p, err := actor.Open(t.Context(), actor.Options{Env: actor.Env{Plugin: "p", Limits: limits}}, actor.Version{Revision: 1, Module: m})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	for range 5 {
		turn := batch(actor.DefaultOutput, "x")
		turn.Reply = func(*actor.Turn) { done <- struct{}{} }
		if !p.Offer(0, turn) {
			t.Fatal("the mailbox is full")
		}
		<-done
	}
	if err := p.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if s := p.Stats(); s.Restarts != 0 {
		t.Errorf("it was recycled %d times", s.Restarts)
	}
}
