package actortest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
)

// Kit is a runtime under test.
type Kit struct {
	Suite   func(t testing.TB) actor.Module // a fresh module of the suite plugin; who gets it closes it
	Reducer func(t testing.TB) actor.Module // of the suite reducer
	// Trusted: guests share the process, so limits.memory is not enforced and a loop can't be stopped.
	Trusted bool
	// Capable is a fresh module of the plugin that uses capabilities; nil where guests can't.
	Capable func(t testing.TB) actor.Module
}

// The limits that the kit runs with.
const (
	Memory = 64 << 20
	Time   = 250 * time.Millisecond
	Output = 64 << 10
)

// LoopTime is how long the command loop takes where the runtime can't stop it: package actor has given its instance up
// as stuck by then, which it does after 15 times Time without a sign of life at the latest.
const LoopTime = 16 * Time

// Run runs the kit. When it returns, no goroutine of the runtime is left.
func Run(t *testing.T, k Kit) {
	t.Helper()
	ignore := goleak.IgnoreCurrent()
	t.Run("Init", k.testInit)
	t.Run("Verdicts", k.testVerdicts)
	t.Run("Emits", k.testEmits)
	t.Run("Ownership", k.testOwnership)
	t.Run("Message", k.testMessage)
	t.Run("After", k.testAfter)
	t.Run("Sizes", k.testSizes)
	t.Run("State", k.testState)
	t.Run("Hold", k.testHold)
	t.Run("Log", k.testLog)
	t.Run("Faults", k.testFaults)
	t.Run("Isolation", k.testIsolation)
	t.Run("Restart", k.testRestart)
	t.Run("Swap", k.testSwap)
	t.Run("Keep", k.testKeep)
	t.Run("KeepFails", k.testKeepFails)
	t.Run("KeepNothing", k.testKeepNothing)
	t.Run("Handover", k.testHandover)
	t.Run("Close", k.testClose)
	t.Run("Reduce", k.testReduce)
	t.Run("ReduceFaults", k.testReduceFaults)
	if k.Capable != nil {
		t.Run("KV", k.testKV)
		t.Run("KVFaults", k.testKVFaults)
		t.Run("KVDenied", k.testKVDenied)
		t.Run("HTTP", k.testHTTP)
		t.Run("HTTPFaults", k.testHTTPFaults)
		t.Run("HTTPDenied", k.testHTTPDenied)
	}
	goleak.VerifyNone(t, ignore)
}

// Env is what the kit starts plugins with.
func Env(config string) actor.Env {
	return actor.Env{
		Plugin: "suite", Config: []byte(config), Log: func(string, string) {},
		Limits: actor.Limits{Memory: Memory, Time: int64(Time), Output: Output},
	}
}

func load(t *testing.T, fresh func(testing.TB) actor.Module) actor.Module {
	t.Helper()
	m := fresh(t)
	t.Cleanup(func() {
		if err := m.Close(context.Background()); err != nil {
			t.Errorf("close the module: %v", err)
		}
	})
	return m
}

func start(t *testing.T, fresh func(testing.TB) actor.Module, env actor.Env) actor.Instance {
	t.Helper()
	m := load(t, fresh)
	i, err := m.Start(t.Context(), env)
	if err != nil {
		t.Fatalf("start: %v", err)
	}
	t.Cleanup(func() {
		if err := i.Close(context.Background()); err != nil {
			t.Errorf("close the instance: %v", err)
		}
	})
	return i
}

// open runs the suite plugin in an actor; it is closed at the end of the test.
func open(t *testing.T, m actor.Module, o actor.Options) *actor.Plugin {
	t.Helper()
	if o.Env.Plugin == "" {
		o.Env = Env("{}")
	}
	p, err := actor.Open(t.Context(), o, actor.Version{Revision: 1, Module: m})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() {
		if err := p.Close(context.Background()); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return p
}

// Turn is a turn of one delivery per payload, keys "k0", "k1" …, at positions 0, 1 ….
func Turn(payloads ...string) *actor.Turn {
	t := new(actor.Turn)
	for i, p := range payloads {
		meta := &pelton.Meta{Lane: &lane, Position: uint64(i), Attempt: 1}
		v := pelton.Borrow([]byte(p), fmt.Appendf(nil, "k%d", i), meta, nil, nil)
		t.Deliveries = append(t.Deliveries, actor.Delivery{View: v, Token: uint64(i), After: -1})
	}
	return t
}

var lane = pelton.LaneID{Source: "kit", Incarnation: "1", Lane: "0"}

// handle runs a turn on an instance alone.
func handle(t *testing.T, i actor.Instance, turn *actor.Turn) error {
	t.Helper()
	turn.Begin(Output)
	return i.Handle(t.Context(), turn)
}

// offer runs a turn through an actor and waits for it.
func offer(t *testing.T, p *actor.Plugin, turn *actor.Turn) *actor.Turn {
	t.Helper()
	done := make(chan *actor.Turn, 1)
	turn.Reply = func(t *actor.Turn) { done <- t }
	if !p.Offer(0, turn) {
		t.Fatal("the mailbox is full")
	}
	return <-done
}

func acked(t *testing.T, turn *actor.Turn, i int) {
	t.Helper()
	if o := turn.Outcomes[i]; o.Fault != nil || o.Verdict.Decision != pelton.DecisionAck {
		t.Errorf("delivery %d: %v, fault %v; want ack", i, o.Verdict, o.Fault)
	}
}

func faulty(t *testing.T, turn *actor.Turn, i int, kind actor.FaultKind) {
	t.Helper()
	if f := turn.Outcomes[i].Fault; f == nil || f.Kind != kind {
		t.Errorf("delivery %d: verdict %v, fault %v; want a fault of kind %s", i, turn.Outcomes[i].Verdict, f, kind)
	}
}

// emitted are the emits of delivery i.
func emitted(turn *actor.Turn, i int) (emits []pelton.Emit) {
	for _, e := range turn.Emits {
		if e.Delivery == i {
			emits = append(emits, e.Emit)
		}
	}
	return emits
}

// only is the payload of the one emit of delivery i.
func only(t *testing.T, turn *actor.Turn, i int) string {
	t.Helper()
	emits := emitted(turn, i)
	if len(emits) != 1 {
		t.Fatalf("delivery %d made %d emits, want 1", i, len(emits))
	}
	return string(emits[0].Payload)
}
