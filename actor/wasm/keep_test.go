package wasm_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/actor/handover"
)

// keeper starts the guest that counts, with a version of its state's form.
func keeper(t *testing.T, m actor.Module, config string) actor.Instance {
	t.Helper()
	i, err := m.Start(t.Context(), actor.Env{Plugin: "keeper", Config: []byte(config), Log: func(string, string) {}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = i.Close(context.Background()) })
	return i
}

// counted has it handle one message, and gives the count that it emits.
func counted(t *testing.T, i actor.Instance, payload string) string {
	t.Helper()
	turn := &actor.Turn{Deliveries: []actor.Delivery{{
		View: pelton.Borrow([]byte(payload), nil, &pelton.Meta{Attempt: 1}, nil, nil), After: -1,
	}}}
	turn.Begin(1 << 20)
	if err := i.Handle(t.Context(), turn); err != nil {
		t.Fatal(err)
	}
	return string(turn.Emits[0].Payload)
}

// A guest's variables go over to another instance, also more of them than its window holds.
func TestKeep(t *testing.T) {
	m := load(t, guest(t, "testdata/keeper"))
	for _, payload := range []string{"x", "big 3000000"} {
		old, next := keeper(t, m, "{}"), keeper(t, m, "{}")
		for range 4 {
			counted(t, old, payload)
		}
		if r := handover.Move(t.Context(), old, next, 4<<20); r.Err() != nil {
			t.Fatal(r.Err())
		}
		if got := counted(t, next, "x"); got != "5" {
			t.Errorf("%s: the new instance counts %s, want 5", payload, got)
		}
		if got := counted(t, old, "x"); got != "5" {
			t.Errorf("%s: the old instance counts %s after it, want 5", payload, got)
		}
	}
}

// Each way in which a hand-over fails, and whether the old instance goes on after it.
func TestKeepFails(t *testing.T) {
	m := load(t, guest(t, "testdata/keeper"))
	plain := load(t, guest(t, "testdata/suite"))
	for _, c := range []struct {
		name, payload, config string
		to                    actor.Module
		want                  string
		broken                bool
	}{
		{"it is too large", "big 100000", "{}", m, "saving it: it is larger than state.max_size: 100000 bytes of 65536", false},
		{"it is refused", "refuse", "{}", m, "saving it: not now", false},
		{"it traps", "trap", "{}", m, "saving it: trap: panic: the save's trap", true},
		{"it takes too long", "spin", "{}", m, "saving it: timeout", true},
		{"it is too new", "x", `{"version": 2}`, m, "loading it: version 2 of the state is too new", false},
		{"nobody takes it", "x", "{}", plain, "loading it: the plugin has no function that loads a state", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			old, next := keeper(t, m, c.config), keeper(t, c.to, "{}")
			counted(t, old, c.payload)
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			r := handover.Move(ctx, old, next, 64<<10)
			if err := r.Err(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %s", err, c.want)
			}
			fault, ok := errors.AsType[*actor.Fault](r.Saved)
			if broken := ok && fault.Broken; broken != c.broken {
				t.Errorf("broken: %t, want %t", broken, c.broken)
			}
			if !c.broken && counted(t, old, "x") != "2" {
				t.Error("the old instance does not go on")
			}
		})
	}
}

// A guest of an SDK without these functions has nothing to hand over.
func TestKeepNothing(t *testing.T) {
	m := load(t, guest(t, "testdata/suite"))
	i := keeper(t, m, "{}")
	s, err := i.(handover.Keeper).Save(t.Context(), 1<<20)
	if s != nil || err != nil {
		t.Errorf("%+v, %v", s, err)
	}
	if bytes.Contains(guest(t, "testdata/keeper"), []byte("pelton_save")) == false {
		t.Error("the Go SDK does not export pelton_save")
	}
}
