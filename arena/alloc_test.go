//go:build !invariants

package arena_test

import (
	"testing"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/arena"
)

// TestAllocs: a message's way through the arena makes no garbage once its slot has been used.
func TestAllocs(t *testing.T) {
	a := open(t, mib, 64*kib)
	l := lane(t, a, "lane")
	b := acquire(t, l, 64*kib)
	frame := arena.Frame{
		Length: 100, KeyLength: 5, HasKey: true, Fields: make([]pelton.Field, 3), Names: []string{"a", "b", "c"},
		Meta: pelton.Meta{Lane: &pelton.LaneID{}},
	}
	pass := func() {
		ref, err := l.Commit(b, &frame)
		if err != nil {
			t.Fatal(err)
		}
		if loan, err := a.Loan(ref); err != nil || len(loan.Payload) != 100 {
			t.Fatal(err)
		}
		if err := a.Release(ref); err != nil {
			t.Fatal(err)
		}
	}
	for range 10000 {
		pass()
	}
	if n := testing.AllocsPerRun(1000, pass); n != 0 {
		t.Errorf("%v allocations per message", n)
	}
	l.Done(b)
}
