package sinktest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/sink"
	"github.com/peltonhq/pelton/store"
)

// Kit is one fresh place, and how to use it. All functions are called on the test's goroutine.
type Kit struct {
	// Open opens the sink over the place: again and again, as after restarts. The kit closes it.
	Open func() (sink.Sink, error)
	// Lines are the lines at the place, in order, without their newlines.
	Lines func() []string
	// Faults, by name: each makes a coming Write fail once, transiently; the attempt after it may succeed.
	Faults map[string]func()
	// Crashes, by name: each makes the coming Write, and all after it, end as if the process were killed in the midst
	// of it, until the sink is opened again.
	Crashes map[string]func()
	// Durable reports whether a sender knows, after a restart, that the effect is durable. nil: it never knows, so the
	// sink is at least once; else it is exact.
	Durable func(e *pelton.Effect) bool
	// Rejects is a payload that the sink refuses for good; nil if there is none.
	Rejects []byte
	// Repeats says that a refusal may take others with it, which are then written again; each comes last in order.
	Repeats bool
	// Real says that the sink waits on more than timers and channels: its tests run outside of bubbles, and take time.
	Real bool
}

// effects are those of the positions from..to of one lane, with payloads of many sizes.
func effects(lane string, from, to uint64) []pelton.Effect {
	var all []pelton.Effect
	for position := from; position <= to; position++ {
		id := pelton.MessageID{Lane: pelton.LaneID{Source: "kit", Incarnation: "1", Lane: lane}, Position: position}
		all = append(all, pelton.Effect{
			ID:      id.To(pelton.Target{Kind: pelton.TargetSink, Name: "kit"}),
			Token:   position,
			Payload: []byte(line(lane, position)),
			Mark:    store.Key(store.SpaceMark, "kit", lane, position),
		})
	}
	return all
}

// line is the payload of a position, so long that a few of them span any buffer.
func line(lane string, position uint64) string {
	return fmt.Sprintf("%s %d %s", lane, position, strings.Repeat("x", int(position*position%2999)))
}

func lines(lane string, from, to uint64) []string {
	var all []string
	for position := from; position <= to; position++ {
		all = append(all, line(lane, position))
	}
	return all
}

// diff fails the test at the first line that is wrong.
func diff(t *testing.T, got, want []string) {
	t.Helper()
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			t.Fatalf("line %d of %d is %.20q, want %.20q (of %d)", i+1, len(got), got[i], want[i], len(want))
		}
	}
	if len(got) != len(want) {
		t.Fatalf("%d lines, want %d", len(got), len(want))
	}
}
