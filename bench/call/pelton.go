package call

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/actor/native"
	"github.com/peltonhq/pelton/actor/wasm"
	"github.com/peltonhq/pelton/bench/guest"
)

// patience is limits.time: what a slow machine needs for a sum of 1 MiB.
const patience = 10 * time.Second

// instances are one plugin of Pelton, one instance for each operation, as it is configured at its start.
type instances [operations]actor.Instance

// open starts a module; window is nil unless its payloads are shown in place.
func open(ctx context.Context, m actor.Module, window *actor.Window) (*instances, error) {
	p := new(instances)
	for op := range p {
		i, err := m.Start(ctx, actor.Env{
			Plugin: "bench", Config: fmt.Appendf(nil, `{"op":%q}`, names[op]), Log: func(string, string) {}, Window: window,
			Limits: actor.Limits{Memory: actor.DefaultMemory, Time: int64(patience), Output: actor.DefaultOutput},
		})
		if err != nil {
			return nil, err
		}
		p[op] = i
	}
	return p, nil
}

// load opens a guest in a runtime.
func load(ctx context.Context, r *wasm.Runtime, g guest.Guest, window *actor.Window) (*instances, error) {
	artifact, err := os.ReadFile(g.Path)
	if err != nil {
		return nil, err
	}
	m, err := r.Load(ctx, artifact)
	if err != nil {
		return nil, err
	}
	return open(ctx, m, window)
}

// with prepares a turn of n messages of the same payload; what it gives reports whether any of them was odd.
func (p *instances) with(ctx context.Context, payload []byte, n int) func(op int) (bool, error) {
	t := turn(payload, n)
	return func(op int) (odd bool, err error) {
		t.Begin(actor.DefaultOutput)
		if err := p[op].Handle(ctx, t); err != nil {
			return false, err
		}
		for i := range t.Outcomes {
			odd = odd || !t.Plain && t.Outcomes[i].Verdict.Decision != pelton.DecisionAck
		}
		return odd, nil
	}
}

func turn(payload []byte, n int) *actor.Turn {
	t := &actor.Turn{Brief: true} // as a loop offers it
	lane := &pelton.LaneID{Source: "s", Incarnation: "i", Lane: "l"}
	for range n {
		view := pelton.Borrow(payload, nil, &pelton.Meta{Lane: lane, Attempt: 1}, nil, nil)
		t.Deliveries = append(t.Deliveries, actor.Delivery{View: view, After: -1})
	}
	return t
}

// linked is the plugin in Go, linked in.
type linked struct{ op string }

func (p *linked) Init(config []byte) ([]pelton.Output, error) {
	_, err := fmt.Sscanf(string(config), `{"op":%q}`, &p.op)
	return nil, err
}

func (p *linked) Handle(m *native.Message, _ *native.Out) pelton.Verdict {
	bytes := m.Payload()
	switch p.op {
	case "noop":
		return pelton.Ack()
	case "head":
		bytes = bytes[:min(64, len(bytes))]
	}
	sum := uint32(0)
	for _, b := range bytes {
		sum += uint32(b)
	}
	if sum&1 == 1 {
		return pelton.Retry(0)
	}
	return pelton.Ack()
}

func nativeModule() actor.Module {
	return native.Module("bench", func() native.Plugin { return new(linked) })
}
