package wasm_test

import (
	"context"
	"slices"
	"testing"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/actor/wasm"
	"github.com/peltonhq/pelton/arena"
)

const mib = 1 << 20

// pool lends payloads from an arena as a wheel does.
type pool struct {
	t     testing.TB
	arena *arena.Arena
	lane  *arena.Lane
	refs  []pelton.Ref
}

func newPool(t testing.TB, size int64) *pool {
	t.Helper()
	a, err := arena.New(arena.Options{Name: "pool", Size: size, MaxMessage: size / 4})
	if err != nil {
		t.Fatal(err)
	}
	l, err := a.Lane("lane")
	if err != nil {
		t.Fatal(err)
	}
	p := &pool{t: t, arena: a, lane: l}
	t.Cleanup(func() {
		p.release()
		l.Close()
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// lend puts payloads one behind the other into a block, as a decoder does, and gives them as a turn.
func (p *pool) lend(payloads ...[]byte) *actor.Turn {
	p.t.Helper()
	turn, size := &actor.Turn{}, 0
	for _, b := range payloads {
		size += len(b)
	}
	block, err := p.lane.Acquire(context.Background(), max(1, size))
	if err != nil {
		p.t.Fatal(err)
	}
	at := 0
	for i, b := range payloads {
		copy(block.Bytes()[at:], b)
		ref, err := p.lane.Commit(block, &arena.Frame{Offset: at, Length: len(b), Meta: pelton.Meta{Lane: &home, Position: uint64(i), Attempt: 1}})
		if err != nil {
			p.t.Fatal(err)
		}
		at += len(b)
		v, err := p.arena.View(ref)
		if err != nil {
			p.t.Fatal(err)
		}
		p.refs = append(p.refs, ref)
		turn.Deliveries = append(turn.Deliveries, actor.Delivery{View: v, After: -1})
	}
	p.lane.Done(block)
	turn.Begin(actor.DefaultOutput)
	return turn
}

var home = pelton.LaneID{Source: "s", Incarnation: "i", Lane: "l"}

// release gives all payloads back.
func (p *pool) release() {
	for _, ref := range p.refs {
		if err := p.arena.Release(ref); err != nil {
			p.t.Error(err)
		}
	}
	p.refs = nil
}

// mapped is an Env of an instance that is shown what lies in the pools.
func mapped(pools ...*pool) actor.Env {
	env := patient()
	env.Window = &actor.Window{Least: 1}
	for _, p := range pools {
		env.Window.Room += p.arena.Stats().Size
	}
	return env
}

// lent is a module whose instances are offered every payload in an arena of their own, where they are shown it.
type lent struct {
	actor.Module

	t      testing.TB
	window *actor.Window
}

const lentSize = 32 * mib

func (m lent) Start(ctx context.Context, env actor.Env) (actor.Instance, error) {
	env.Window = m.window
	n, err := m.Module.Start(ctx, env)
	if err != nil {
		return nil, err
	}
	return lentInstance{n.(*wasm.Instance), newPool(m.t, lentSize)}, nil
}

type lentInstance struct {
	*wasm.Instance

	pool *pool
}

func (n lentInstance) Handle(ctx context.Context, t *actor.Turn) error {
	payloads := make([][]byte, len(t.Deliveries))
	for i := range t.Deliveries {
		payloads[i] = t.Deliveries[i].View.Payload()
	}
	offered := slices.Clone(t.Deliveries)
	for i, d := range n.pool.lend(payloads...).Deliveries {
		v := &offered[i].View
		meta, names, fields := v.Meta(), []string{}, []pelton.Field{}
		for name, field := range v.Located() {
			names, fields = append(names, name), append(fields, field)
		}
		t.Deliveries[i].View = pelton.Borrow(d.View.Payload(), v.Key(), &meta, fields, names)
	}
	err := n.Instance.Handle(ctx, t)
	copy(t.Deliveries, offered)
	n.pool.release()
	return err
}

// The same kit on the same guests, whose payloads are all shown in place.
func TestConformanceMapped(t *testing.T) { conformMapped(t, "testdata") }

func conformMapped(t *testing.T, dir string) {
	t.Helper()
	window := &actor.Window{Room: lentSize, Least: 1}
	conform(t, dir, func(t testing.TB, m actor.Module) actor.Module { return lent{m, t, window} })
	const once = 2 * len("ack;count") // by the instance that loaded a state larger than its window, which is staged from then on
	if window.Mapped.Load() < 6*mib || window.Copied.Load() != uint64(once) || window.Dirty.Load() > 0 {
		t.Errorf("%d bytes were shown, %d copied, %d times written", window.Mapped.Load(), window.Copied.Load(), window.Dirty.Load())
	}
}
