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
// space is address space: mappings that are alike are counted as one, and what is not touched takes no memory.
type holdings struct{ space, resident, mappings, goroutines int }

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
	var pages [2]int
	for i := range pages {
		if pages[i], err = strconv.Atoi(string(bytes.Fields(statm)[i])); err != nil {
			t.Fatal(err)
		}
	}
	return holdings{pages[0] * os.Getpagesize(), pages[1] * os.Getpagesize(), bytes.Count(maps, []byte("\n")), runtime.NumGoroutine()}
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
	round()                 // the heap and the engine's tables have grown
	for try := 1; ; try++ { // what leaks, leaks each time; the collector of tests before may give and take once
		before := held(t)
		round()
		after := held(t)
		t.Logf("before %+v, after %+v", before, after)
		if after.goroutines <= before.goroutines && after.mappings <= before.mappings+16 && after.resident <= before.resident+8<<20 && after.space <= before.space+1<<30 {
			return
		}
		if try == 5 {
			t.Fatalf("before %+v, after %+v, and so each time", before, after)
		}
	}
}
