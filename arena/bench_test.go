package arena_test

import (
	"testing"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/arena"
)

// writer fills block after block with frames of one size.
type writer struct {
	lane  *arena.Lane
	block *arena.Block
	at    int
}

func (w *writer) commit(b *testing.B, f *arena.Frame) pelton.Ref {
	if w.block == nil || w.at+f.Length > len(w.block.Bytes()) {
		if w.block != nil {
			w.lane.Done(w.block)
		}
		w.block, w.at = acquire(b, w.lane, f.Length), 0
	}
	f.Offset = w.at
	w.at += f.Length
	ref, err := w.lane.Commit(w.block, *f)
	if err != nil {
		b.Fatal(err)
	}
	return ref
}

// BenchmarkLend is one message's way through the arena: commit, view, release.
func BenchmarkLend(b *testing.B) {
	a := open(b, 64*mib, mib)
	w := writer{lane: lane(b, a, "lane")}
	frame := arena.Frame{Length: 128, Fields: make([]pelton.Field, 2), Names: []string{"origin", "delay"}, Meta: pelton.Meta{Lane: &pelton.LaneID{}}}
	b.ReportAllocs()
	for b.Loop() {
		ref := w.commit(b, &frame)
		v, err := a.View(ref)
		if err != nil || len(v.Payload()) != 128 {
			b.Fatal(err)
		}
		if err := a.Release(ref); err != nil {
			b.Fatal(err)
		}
	}
	w.lane.Done(w.block)
}

// BenchmarkView is one more look at a message that is lent.
func BenchmarkView(b *testing.B) {
	a := open(b, 64*mib, mib)
	w := writer{lane: lane(b, a, "lane")}
	ref := w.commit(b, &arena.Frame{Length: 128})
	b.ReportAllocs()
	for b.Loop() {
		v, err := a.View(ref)
		if err != nil || len(v.Payload()) != 128 {
			b.Fatal(err)
		}
	}
	release(b, a, ref)
	w.lane.Done(w.block)
}
