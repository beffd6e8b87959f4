package actortest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
)

// faults are the commands that fail, with what they count as.
func (k Kit) faults() map[string]actor.FaultKind {
	f := map[string]actor.FaultKind{
		"trap": actor.FaultTrap, "loop": actor.FaultTimeout, "emit-undeclared": actor.FaultOutput,
		"none": actor.FaultMalformed, "emit 1 70000": actor.FaultOutput, "flood": actor.FaultOutput, "drip": actor.FaultOutput,
	}
	if !k.Trusted {
		f["hog"] = actor.FaultTrap
	}
	return f
}

// inOrder goes through the cases of a test by name, so that a plugin meets them in the same order each time.
func inOrder[V any](cases map[string]V) iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		for _, name := range slices.Sorted(maps.Keys(cases)) {
			if !yield(name, cases[name]) {
				return
			}
		}
	}
}

// testFaults: each failure is told by its kind, and the plugin goes on after it (P1).
func (k Kit) testFaults(t *testing.T) {
	p := open(t, k.Suite(t), actor.Options{})
	for command, kind := range inOrder(k.faults()) {
		turn := offer(t, p, Turn(command))
		faulty(t, turn, 0, kind)
		if len(turn.Emits) != 0 {
			t.Errorf("%q: %d emits of a delivery that failed", command, len(turn.Emits))
		}
		acked(t, offer(t, p, Turn("emit 1 1")), 0)
	}
	s := p.Stats()
	if n := uint64(len(k.faults())); s.Faults.Total() != n || s.Verdicts[pelton.DecisionAck] != n || s.Turns != 2*n {
		t.Errorf("stats %+v, want %d faults and as many acks", s, n)
	}
}

// testIsolation: of a batch only the delivery at fault fails, and the others keep what they decided.
func (k Kit) testIsolation(t *testing.T) {
	p := open(t, k.Suite(t), actor.Options{})
	for command, kind := range inOrder(k.faults()) {
		turn := Turn("emit 1 1", "ack", command, "retry 1s", "emit 2 3", "ack", "ack")
		turn.Deliveries[5].After = 2 // waits for the one at fault
		turn.Deliveries[6].After = 4
		turn = offer(t, p, turn)
		faulty(t, turn, 2, kind)
		for _, i := range []int{0, 1, 4, 6} {
			acked(t, turn, i)
		}
		if v := turn.Outcomes[3].Verdict; v.Decision != pelton.DecisionRetry {
			t.Errorf("%q: delivery 3 is %v, want retry", command, v)
		}
		if o := turn.Outcomes[5]; o.Fault != nil || o.Verdict.Decision != pelton.DecisionNone {
			t.Errorf("%q: delivery 5 is %v, fault %v; it must wait", command, o.Verdict, o.Fault)
		}
		if a, b := len(emitted(turn, 0)), len(emitted(turn, 4)); a != 1 || b != 2 || len(turn.Emits) != 3 {
			t.Errorf("%q: %d and %d of %d emits, want 1 and 2 of 3", command, a, b, len(turn.Emits))
		}
	}
}

// testRestart: what trapped is replaced by an instance that knows nothing of it.
func (k Kit) testRestart(t *testing.T) {
	p := open(t, k.Suite(t), actor.Options{})
	offer(t, p, Turn("ack", "ack"))
	if n := only(t, offer(t, p, Turn("count")), 0); n != "3" {
		t.Errorf("count %s, want 3", n)
	}
	faulty(t, offer(t, p, Turn("trap")), 0, actor.FaultTrap)
	if n := only(t, offer(t, p, Turn("count")), 0); n != "1" {
		t.Errorf("count %s after a trap, want 1 of a new instance", n)
	}
	if s := p.Stats(); s.Restarts != 1 {
		t.Errorf("%d restarts, want 1", s.Restarts)
	}
}

// failing starts the suite with a config of its own.
type failing struct {
	actor.Module

	config string
}

// Start implements actor.Module.
func (f *failing) Start(ctx context.Context, env actor.Env) (actor.Instance, error) {
	env.Config = []byte(f.config)
	return f.Module.Start(ctx, env)
}

func (k Kit) testSwap(t *testing.T) {
	p := open(t, k.Suite(t), actor.Options{Health: actor.Health{MinSamples: 1}})
	offer(t, p, Turn("ack", "ack"))
	result, err := p.Swap(t.Context(), actor.Version{Revision: 2, Module: &failing{k.Suite(t), `{"fail":"not today"}`}}, actor.Strategy{})
	if err != nil || result.State != actor.StateRolledBack || !strings.Contains(result.Reason, "not today") {
		t.Errorf("a version that fails to start: %+v, %v", result, err)
	}
	if turn := offer(t, p, Turn("count")); turn.Revision != 1 || only(t, turn, 0) != "3" {
		t.Errorf("revision %d, count %s: the old version must be untouched", turn.Revision, only(t, turn, 0))
	}
	// A first delivery that traps sends the new version back; the old one answers it, with its state.
	done := swap(t, p, actor.Version{Revision: 3, Module: k.Suite(t)})
	turn := offer(t, p, Turn("count;trap"))
	faulty(t, turn, 0, actor.FaultTrap)
	if result := <-done; result.State != actor.StateRolledBack {
		t.Errorf("a version that traps: %+v", result)
	}
	done = swap(t, p, actor.Version{Revision: 4, Module: k.Suite(t)})
	if turn := offer(t, p, Turn("count")); turn.Revision != 4 || only(t, turn, 0) != "1" {
		t.Errorf("revision %d, count %s: want the new version", turn.Revision, only(t, turn, 0))
	}
	if result := <-done; result.State != actor.StateLive {
		t.Errorf("a good version: %+v", result)
	}
}

// swap begins a swap and waits until it is probing.
func swap(t *testing.T, p *actor.Plugin, v actor.Version) <-chan actor.Result {
	t.Helper()
	done := make(chan actor.Result, 1)
	go func() {
		result, err := p.Swap(context.Background(), v, actor.Strategy{})
		if err != nil {
			t.Errorf("swap: %v", err)
		}
		done <- result
	}()
	for p.Stats().Revision != v.Revision {
		offer(t, p, Turn())
	}
	return done
}

// testClose: what is queued is answered as lost, and nothing is taken afterwards.
func (k Kit) testClose(t *testing.T) {
	p := open(t, k.Suite(t), actor.Options{Mailbox: 16})
	const n = 16
	done := make(chan *actor.Turn, n)
	accepted := 0
	for range n {
		turn := Turn("emit 100 1")
		turn.Reply = func(t *actor.Turn) { done <- t }
		if p.Offer(0, turn) {
			accepted++
		}
	}
	if err := p.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	lost := 0
	for range accepted {
		turn := <-done
		if turn.Lost {
			lost++
		} else {
			acked(t, turn, 0)
		}
	}
	if s := p.Stats(); s.State != actor.StateClosed || int(s.Lost) != lost || int(s.Turns)+lost != accepted {
		t.Errorf("stats %+v: %d accepted, %d lost", s, accepted, lost)
	}
	if p.Offer(0, Turn("ack")) {
		t.Error("a closed plugin took a turn")
	}
	if _, err := p.Swap(t.Context(), actor.Version{Revision: 2, Module: k.Suite(t)}, actor.Strategy{}); !errors.Is(err, actor.ErrClosed) {
		t.Errorf("swap of a closed plugin: %v", err)
	}
}

func calls(emits ...string) (calls []actor.Call) {
	for i, e := range emits {
		calls = append(calls, actor.Call{Key: fmt.Appendf(nil, "k%d", i), Emit: []byte(e)})
	}
	return calls
}

func (k Kit) testReduce(t *testing.T) {
	i := start(t, k.Reducer, Env("{}"))
	batch := calls("1", "20", "refuse too late: é", "-7")
	batch[1].State = []byte("22")
	if err := i.Reduce(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	for n, want := range []string{"1", "42", "", "-7"} {
		if c := batch[n]; string(c.Next) != want || (c.Err != nil) != (n == 2) {
			t.Errorf("call %d: %q, %v; want %q", n, c.Next, c.Err, want)
		}
	}
	if err := batch[2].Err; err == nil || !strings.Contains(err.Error(), "too late: é") {
		t.Errorf("refused with %v, want the plugin's words", err)
	}
	kept := slices.Clone(batch)
	next := calls("5", "6", "7", "8")
	if err := i.Reduce(t.Context(), next); err != nil {
		t.Fatal(err)
	}
	if string(kept[0].Next) != "1" || string(kept[1].Next) != "42" {
		t.Errorf("states changed with the next call: %q, %q", kept[0].Next, kept[1].Next)
	}
}

func (k Kit) testReduceFaults(t *testing.T) {
	p := open(t, k.Reducer(t), actor.Options{})
	commands := map[string]actor.FaultKind{"trap": actor.FaultTrap, "loop": actor.FaultTimeout, "big 70000": actor.FaultOutput}
	if !k.Trusted {
		commands["hog"] = actor.FaultTrap
	}
	for command, kind := range inOrder(commands) {
		batch := calls("1", command, "refuse no", "4")
		if err := p.Reduce(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
		if f, ok := errors.AsType[*actor.Fault](batch[1].Err); !ok || f.Kind != kind {
			t.Errorf("%q: %v, want a fault of kind %s", command, batch[1].Err, kind)
		}
		if f, ok := errors.AsType[*actor.Fault](batch[2].Err); ok || batch[2].Err == nil {
			t.Errorf("%q: a refused emit has error %v, fault %v", command, batch[2].Err, f)
		}
		if string(batch[0].Next) != "1" || string(batch[3].Next) != "4" || batch[0].Err != nil || batch[3].Err != nil {
			t.Errorf("%q: the others have %q, %q", command, batch[0].Next, batch[3].Next)
		}
	}
}
