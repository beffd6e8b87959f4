package actortest

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/actor/handover"
)

// counted is how many deliveries an instance has handled, with one more that has these commands.
func counted(t *testing.T, i actor.Instance, commands string) string {
	t.Helper()
	turn := Turn(commands + ";count")
	if err := handle(t, i, turn); err != nil {
		t.Fatal(err)
	}
	return only(t, turn, 0)
}

// testKeep: what an instance has in its memory goes over to another one, much of it too, and it goes on after it.
func (k Kit) testKeep(t *testing.T) {
	for _, saves := range []string{"ack", "saves big 3000000"} {
		old, next := start(t, k.Suite, Env("{}")), start(t, k.Suite, Env("{}"))
		counted(t, old, "ack")
		counted(t, old, saves)
		if err := handover.Move(t.Context(), old, next, 4<<20).Err(); err != nil {
			t.Fatalf("%q: %v", saves, err)
		}
		if a, b := counted(t, next, "ack"), counted(t, old, "ack"); a != "3" || b != "3" {
			t.Errorf("%q: the new instance counts %s, the old one %s, want 3", saves, a, b)
		}
	}
}

// testKeepFails: each way in which it fails, and what that leaves of the two.
func (k Kit) testKeepFails(t *testing.T) {
	cases := map[string]struct {
		half, want  string
		saved, load actor.FaultKind // what the old and the new instance did wrong
	}{
		"saves big 70000":         {half: "saving it: ", want: "it is larger than state.max_size: 70000 bytes of 65536"},
		"saves refuse not now: é": {half: "saving it: ", want: "not now: é"},
		"saves trap":              {half: "saving it: trap: ", want: "trap", saved: actor.FaultTrap},
		"saves loop":              {half: "saving it: timeout: ", saved: actor.FaultTimeout},
		"saves version 2":         {half: "loading it: ", want: "version 2 is too new"},
		"saves version 3":         {half: "loading it: trap: ", want: "trap", load: actor.FaultTrap},
	}
	if k.Trusted {
		delete(cases, "saves loop")
	}
	for saves, c := range inOrder(cases) {
		old, next := start(t, k.Suite, Env("{}")), start(t, k.Suite, Env("{}"))
		counted(t, old, saves)
		ctx, cancel := context.WithTimeout(t.Context(), 4*Time)
		if saves != "saves loop" { // only this one has to run out of time
			cancel()
			ctx, cancel = context.WithCancel(t.Context())
		}
		r := handover.Move(ctx, old, next, 64<<10)
		cancel()
		if err := r.Err(); err == nil || !strings.HasPrefix(err.Error(), c.half) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %s…%s", saves, err, c.half, c.want)
		}
		for half, err := range map[actor.FaultKind]error{c.saved: r.Saved, c.load: r.Loaded} {
			if f, ok := errors.AsType[*actor.Fault](err); ok != (half != "") || ok && (f.Kind != half || !f.Broken) {
				t.Errorf("%q: %v, want the kind of fault %q, if any, and a broken instance", saves, err, half)
			}
		}
		if n := ""; c.saved == "" {
			if n = counted(t, old, "ack"); n != "2" {
				t.Errorf("%q: the old instance counts %s after it, want 2", saves, n)
			}
		}
	}
}

// testKeepNothing: what has no state hands none over, and takes none.
func (k Kit) testKeepNothing(t *testing.T) {
	suite, reducer := start(t, k.Suite, Env("{}")), start(t, k.Reducer, Env("{}"))
	if r := handover.Move(t.Context(), reducer, suite, 64<<10); r.Err() != nil {
		t.Errorf("from a plugin without a state: %v", r.Err())
	}
	if r := handover.Move(t.Context(), suite, reducer, 64<<10); !errors.Is(r.Loaded, handover.ErrNoLoad) || r.Saved != nil {
		t.Errorf("to a plugin without a state: %+v", r)
	}
	if n := counted(t, suite, "ack"); n != "1" {
		t.Errorf("it counts %s, want 1", n)
	}
}

// testHandover: a swap takes the state along; a version that can't load it starts anew and says so, or goes back.
func (k Kit) testHandover(t *testing.T) {
	for abort, want := range map[bool]struct {
		revision int
		count    string
	}{false: {3, "1"}, true: {2, "4"}} {
		events := make(chan actor.Event, 100)
		policy := handover.Policy{On: true, Abort: abort}
		p := open(t, k.Suite(t), actor.Options{
			Env: Env("{}"), Health: actor.Health{MinSamples: 1}, Handover: policy, OnChange: func(e actor.Event) { events <- e },
		})
		offer(t, p, Turn("ack", "ack"))
		done := swap(t, p, actor.Version{Revision: 2, Module: k.Suite(t)})
		if turn := offer(t, p, Turn("count;saves version 2")); turn.Revision != 2 || only(t, turn, 0) != "3" {
			t.Errorf("revision %d counts %s, want 2 and 3", turn.Revision, only(t, turn, 0))
		}
		if result := <-done; result.State != actor.StateLive {
			t.Errorf("a version that takes the state: %+v", result)
		}
		answer := make(chan actor.Result, 1)
		go func() {
			result, err := p.Swap(context.Background(), actor.Version{Revision: 3, Module: k.Suite(t)}, actor.Strategy{})
			if err != nil {
				t.Errorf("swap: %v", err)
			}
			answer <- result
		}()
		told := ""
		for told == "" {
			if e := <-events; e.Revision == 3 && e.State != actor.StateLoading && e.State != actor.StateProbing {
				told = string(e.State) + ": " + e.Reason
			}
		}
		turn := offer(t, p, Turn("count"))
		if turn.Revision != want.revision || only(t, turn, 0) != want.count || !strings.Contains(told, "version 2 is too new") {
			t.Errorf("abort %t: revision %d counts %s, told %q", abort, turn.Revision, only(t, turn, 0), told)
		}
		if result := <-answer; (result.State == actor.StateRolledBack) != abort {
			t.Errorf("abort %t: %+v", abort, result)
		}
	}
}
