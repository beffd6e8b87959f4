package native_test

import (
	"context"
	"testing"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/actor/native"
)

// acker only acks.
type acker struct{}

func (acker) Init([]byte) ([]pelton.Output, error) {
	return []pelton.Output{{Name: pelton.DefaultOutput}}, nil
}

func (acker) Handle(*native.Message, *native.Out) pelton.Verdict { return pelton.Ack() }

// passer emits what it gets.
type passer struct{ acker }

func (passer) Handle(m *native.Message, out *native.Out) pelton.Verdict {
	out.Emit("", m.Key(), m.Payload())
	return pelton.Ack()
}

func batch(n int) *actor.Turn {
	t := new(actor.Turn)
	for i := range n {
		v := pelton.Borrow(make([]byte, 1024), []byte("key"), &pelton.Meta{Position: uint64(i), Attempt: 1}, nil, nil)
		t.Deliveries = append(t.Deliveries, actor.Delivery{View: v, After: -1})
	}
	return t
}

// BenchmarkHandle is the instance alone: ns/op is per delivery, of batches of 64.
func BenchmarkHandle(b *testing.B) {
	i := start(b, func() native.Plugin { return acker{} })
	turn, ctx := batch(64), context.Background()
	b.ReportAllocs()
	for n := 0; n < b.N; n += 64 {
		turn.Begin(actor.DefaultOutput)
		if err := i.Handle(ctx, turn); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkTurn goes through a mailbox and back: ns/op is per delivery.
func BenchmarkTurn(b *testing.B) {
	plugins := map[string]func() native.Plugin{
		"ack":  func() native.Plugin { return acker{} },
		"emit": func() native.Plugin { return passer{} },
	}
	for _, name := range []string{"ack", "emit"} {
		for _, size := range []int{1, 64} {
			b.Run(name+"/"+map[int]string{1: "1", 64: "64"}[size], func(b *testing.B) { benchmarkTurn(b, plugins[name], size) })
		}
	}
}

func benchmarkTurn(b *testing.B, plugin func() native.Plugin, size int) {
	b.Helper()
	p, err := actor.Open(b.Context(), actor.Options{Env: actor.Env{Limits: actor.Limits{Time: int64(time.Minute)}}},
		actor.Version{Revision: 1, Module: native.Module("bench", plugin)})
	if err != nil {
		b.Fatal(err)
	}
	const turns = 4 // under way at once
	done := make(chan *actor.Turn, turns)
	for range turns {
		t := batch(size)
		t.Reply = func(t *actor.Turn) { done <- t }
		done <- t
	}
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; n += size {
		if !p.Offer(0, <-done) {
			b.Fatal("the mailbox is full")
		}
	}
	for range turns {
		<-done
	}
	b.StopTimer()
	if err := p.Close(context.Background()); err != nil {
		b.Fatal(err)
	}
}

func start(tb testing.TB, plugin func() native.Plugin) actor.Instance {
	tb.Helper()
	i, err := native.Module("bench", plugin).Start(tb.Context(), actor.Env{})
	if err != nil {
		tb.Fatal(err)
	}
	return i
}

// A message that a plugin only acks costs no allocation, in the instance and in the turn around it.
func TestAckAllocatesNothing(t *testing.T) {
	i := start(t, func() native.Plugin { return acker{} })
	turn := batch(64)
	turn.Begin(actor.DefaultOutput)
	allocs := testing.AllocsPerRun(100, func() {
		turn.Begin(actor.DefaultOutput)
		if err := i.Handle(context.Background(), turn); err != nil {
			t.Fatal(err)
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations a turn, want 0", allocs)
	}
}

func TestTurnAllocatesNothing(t *testing.T) {
	p, err := actor.Open(t.Context(), actor.Options{}, actor.Version{Revision: 1, Module: native.Module("acker", func() native.Plugin { return acker{} })})
	if err != nil {
		t.Fatal(err)
	}
	turn, done := batch(64), make(chan *actor.Turn, 1)
	turn.Reply = func(t *actor.Turn) { done <- t }
	run := func() {
		p.Offer(0, turn)
		<-done
	}
	run()
	if allocs := testing.AllocsPerRun(200, run); allocs != 0 {
		t.Errorf("%v allocations a turn, want 0", allocs)
	}
	if err := p.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
