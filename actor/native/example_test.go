package native_test

import (
	"context"
	"fmt"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/actor/native"
)

// late puts flights that are more than 15 minutes late to output "late".
type late struct{}

func (late) Init([]byte) ([]pelton.Output, error) { return []pelton.Output{{Name: "late"}}, nil }

func (late) Handle(m *native.Message, out *native.Out) pelton.Verdict {
	field, _ := m.Field("delay")
	delay, err := field.Int()
	if err != nil {
		return pelton.Dead("no delay")
	}
	if delay > 15 {
		out.Emit("late", m.Key(), m.Payload())
	}
	return pelton.Ack()
}

func ExampleModule() {
	registry := native.Registry{"late": native.Module("late", func() native.Plugin { return late{} })}
	module, err := registry.Lookup("late")
	if err != nil {
		panic(err)
	}
	p, err := actor.Open(context.Background(), actor.Options{Env: actor.Env{Plugin: "late"}}, actor.Version{Revision: 1, Module: module})
	if err != nil {
		panic(err)
	}
	done := make(chan struct{})
	turn := &actor.Turn{Reply: func(*actor.Turn) { close(done) }}
	for _, delay := range []string{"3", "42", "soon"} {
		fields := []pelton.Field{{Length: uint32(len(delay)), Kind: pelton.KindNumber}}
		view := pelton.Borrow([]byte(delay), []byte("ORD"), &pelton.Meta{Attempt: 1}, fields, []string{"delay"})
		turn.Deliveries = append(turn.Deliveries, actor.Delivery{View: view, After: -1})
	}
	p.Offer(0, turn)
	<-done
	for i, outcome := range turn.Outcomes {
		fmt.Println(i, outcome.Verdict)
	}
	for _, emit := range turn.Emits {
		fmt.Printf("%d emits %s to %s\n", emit.Delivery, emit.Payload, emit.Output)
	}
	if err := p.Close(context.Background()); err != nil {
		panic(err)
	}
	// Output:
	// 0 ack
	// 1 ack
	// 2 dead(no delay)
	// 1 emits 42 to late
}
