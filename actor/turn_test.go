package actor_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
)

// E1: emits are copies that nothing changes afterwards, whatever happens to the input and to the turn.
func TestEmitsAreOwned(t *testing.T) {
	turn := batch("a", "b")
	turn.Begin(1 << 20)
	key, payload := []byte("key"), bytes.Repeat([]byte("x"), 10_000)
	for i := range 4 { // over the end of a chunk
		if err := turn.Emit(i%2, pelton.Emit{Key: key, Payload: payload}); err != nil {
			t.Fatal(err)
		}
	}
	if err := turn.Settle(actor.Settlement{Token: "x", Verdict: pelton.Ack(), Emits: []pelton.Emit{{Payload: payload}}}); err != nil {
		t.Fatal(err)
	}
	emits := slices.Clone(turn.Emits)
	settled := turn.Settlements[0]
	clear(key)
	clear(payload)
	turn.Reset()
	turn.Deliveries = append(turn.Deliveries, batch("c").Deliveries...)
	turn.Begin(1 << 20)
	for range 50 {
		_ = turn.Emit(0, pelton.Emit{Payload: bytes.Repeat([]byte("y"), 1000)})
	}
	want := bytes.Repeat([]byte("x"), 10_000)
	for i, e := range emits {
		if string(e.Key) != "key" || !bytes.Equal(e.Payload, want) || cap(e.Payload) != len(e.Payload) {
			t.Errorf("emit %d changed", i)
		}
	}
	if !bytes.Equal(settled.Emits[0].Payload, want) {
		t.Error("the emit of a settlement changed")
	}
	if e := emits[0]; e.Payload == nil || turn.Emits[0].Key != nil {
		t.Error("a nil key became a key")
	}
}

// A2: an outbox is bounded in bytes and in number, for each delivery alone, and stays full.
func TestOutboxIsBounded(t *testing.T) {
	turn := batch("a", "b")
	turn.Begin(1000)
	if err := turn.Emit(0, pelton.Emit{Payload: make([]byte, 900)}); err != nil {
		t.Error(err)
	}
	err := turn.Emit(0, pelton.Emit{Payload: make([]byte, 900)})
	if f, ok := errors.AsType[*actor.Fault](err); !ok || f.Kind != actor.FaultOutput || f.Broken {
		t.Errorf("over the limit: %v", err)
	}
	if err := turn.Emit(0, pelton.Emit{}); err == nil {
		t.Error("a full outbox took a smaller emit: the order is lost")
	}
	n := 0
	for turn.Emit(1, pelton.Emit{}) == nil {
		n++
	}
	if n == 0 || n > 100 {
		t.Errorf("%d empty emits in 1000 bytes", n)
	}
	if turn.Settle(actor.Settlement{Delivery: 1}) == nil {
		t.Error("a full outbox took a settlement")
	}
	for _, i := range []int{-1, 2} {
		if f, ok := errors.AsType[*actor.Fault](turn.Emit(i, pelton.Emit{})); !ok || f.Kind != actor.FaultMalformed {
			t.Errorf("an emit of delivery %d: %v", i, f)
		}
	}
}

func TestTurnIsReused(t *testing.T) {
	turn := batch("a", "b", "c")
	turn.Begin(100)
	turn.Outcomes[2].Verdict = pelton.Ack()
	turn.Lost = true
	_ = turn.Emit(0, pelton.Emit{})
	turn.Reset()
	if len(turn.Deliveries)+len(turn.Outcomes)+len(turn.Emits) != 0 || turn.Lost {
		t.Errorf("after Reset: %+v", turn)
	}
	turn.Deliveries = append(turn.Deliveries, batch("a", "b", "c").Deliveries...)
	turn.Begin(100)
	if got := outcomes(turn); !slices.Equal(got, []string{"none", "none", "none"}) {
		t.Errorf("after Begin: %v", got)
	}
	turn.Deliveries = append(turn.Deliveries, batch("d", "e").Deliveries...)
	if turn.Begin(100); len(turn.Outcomes) != 5 {
		t.Errorf("%d outcomes, want 5", len(turn.Outcomes))
	}
	if allocs := testing.AllocsPerRun(100, func() { turn.Begin(100) }); allocs != 0 {
		t.Errorf("Begin allocates %v times", allocs)
	}
}

// D3
func TestReady(t *testing.T) {
	turn := batch("a", "b")
	turn.Deliveries[1].After = 0
	turn.Begin(100)
	ready := map[string]bool{"ack": true, "dead(x)": true, "retry(1s)": false, "hold(1s)": false, "defer(2026-01-01T00:00:00Z)": false}
	for word, want := range ready {
		v, err := pelton.ParseVerdict(word)
		if err != nil {
			t.Fatal(err)
		}
		turn.Outcomes[0] = actor.Outcome{Verdict: v}
		if turn.Ready(1) != want {
			t.Errorf("after %s: ready is %v", word, !want)
		}
	}
	if turn.Outcomes[0] = (actor.Outcome{}); turn.Ready(1) {
		t.Error("ready after an undecided one")
	}
	turn.Outcomes[0] = actor.Outcome{Verdict: pelton.Ack(), Fault: &actor.Fault{Err: wordError("x")}}
	if turn.Ready(1) {
		t.Error("ready after a fault")
	}
}

func TestHoldToken(t *testing.T) {
	meta := &pelton.Meta{Lane: &pelton.LaneID{Source: "flights", Incarnation: "1", Lane: "0"}, Position: 42, Attempt: 1}
	v := pelton.Borrow(nil, nil, meta, nil, nil)
	v = v.WithAttempt(3, 0, time.Time{})
	if got, want := actor.HoldToken("delays", &v), "flights/1/0/42>plugin/delays/3"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
