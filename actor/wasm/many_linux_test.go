package wasm_test

import (
	"bytes"
	"context"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"testing"

	"github.com/peltonhq/pelton/actor"
)

// holdings are what instances could leave behind.
type holdings struct{ resident, mappings, goroutines int }

func held(t *testing.T) holdings {
	t.Helper()
	debug.FreeOSMemory()
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.Atoi(string(bytes.Fields(statm)[1]))
	if err != nil {
		t.Fatal(err)
	}
	return holdings{pages * os.Getpagesize(), bytes.Count(maps, []byte("\n")), runtime.NumGoroutine()}
}

// A thousand instances that live side by side, work and go leave nothing behind: no memory, mappings or goroutines. Nor
// do those that are ended in their turn.
func TestThousandInstances(t *testing.T) {
	const instances = 1000
	m := load(t, noop())
	loop := load(t, endlessGuests["loop"].bytes())
	round := func() {
		var all []actor.Instance
		for i := range instances {
			n, err := m.Start(t.Context(), patient())
			if err != nil {
				t.Fatalf("instance %d: %v", i, err)
			}
			all = append(all, n)
		}
		for _, n := range all {
			if err := n.Handle(t.Context(), batch(actor.DefaultOutput, "x")); err != nil {
				t.Fatal(err)
			}
		}
		for _, n := range all {
			if err := n.Close(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		for range 10 {
			n, err := loop.Start(t.Context(), actor.Env{Limits: actor.Limits{Time: 1e6}})
			if err != nil {
				t.Fatal(err)
			}
			if n.Handle(t.Context(), batch(actor.DefaultOutput, "x")) == nil {
				t.Error("the loop ended")
			}
			if err := n.Close(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
	}
	round() // the heap and the engine's tables have grown
	before := held(t)
	round()
	after := held(t)
	t.Logf("before %+v, after %+v", before, after)
	if after.goroutines > before.goroutines || after.mappings > before.mappings+16 || after.resident > before.resident+32<<20 /* a page of 64 KiB left by each would be 64 MiB */ {
		t.Errorf("before %+v, after %+v", before, after)
	}
}
