//go:build unix && !race

package loop_test

import (
	"runtime"
	"testing"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor/native"
	"github.com/peltonhq/pelton/arena"
	"github.com/peltonhq/pelton/loop"
)

// carried is how often memory was allocated while a lane carried n messages to four plugins, start and end included.
func carried(t *testing.T, n int) uint64 {
	t.Helper()
	ack := func(*native.Message, *native.Out) pelton.Verdict { return pelton.Ack() }
	w := newWorld(t, n, ack, ack, ack, ack)
	w.arena = arena.Options{Name: "s", Size: 4 << 20, MaxMessage: 64 << 10}
	j := &jet{lane: lane{id: w.lane.id, n: n}, payload: make([]byte, 16<<10), keys: [][]byte{[]byte("ORD"), nil}, end: make(chan struct{})}
	var err error
	if w.store, err = w.disk.Open(); err != nil {
		t.Fatal(err)
	}
	w.furnish()
	o := w.with(&j.lane, 0)
	o.Lane = j
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if w.loop, err = loop.Start(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	<-j.end
	runtime.ReadMemStats(&after)
	w.close()
	return after.Mallocs - before.Mallocs
}

// TestAllocs: a lane at work makes no garbage, neither for messages nor for blocks, checkpoints and figures.
func TestAllocs(t *testing.T) {
	const n = 20_000
	carried(t, n)
	few, many := carried(t, n), carried(t, 4*n)
	if more := float64(many) - float64(few); more > 0.05*3*n {
		t.Errorf("%.3f allocations a message: %d for %d, %d for %d", more/(3*n), few, n, many, 4*n)
	}
}
