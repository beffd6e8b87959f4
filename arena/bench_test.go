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

// room makes room for a frame of n bytes.
func (w *writer) room(b *testing.B, n int) {
	b.Helper()
	if w.block != nil {
		w.lane.Done(w.block)
	}
	w.block, w.at = acquire(b, w.lane, n), 0
}

func (w *writer) commit(f *arena.Frame) (pelton.Ref, error) {
	f.Offset = w.at
	w.at += f.Length
	return w.lane.Commit(w.block, *f)
}

// BenchmarkLend is one message's way through the arena: commit, view, release.
func BenchmarkLend(b *testing.B) {
	a := open(b, 64*mib, mib)
	w := writer{lane: lane(b, a, "lane")}
	frame := arena.Frame{Length: 128, Fields: make([]pelton.Field, 2), Names: []string{"origin", "delay"}, Meta: pelton.Meta{Lane: &pelton.LaneID{}}}
	b.ReportAllocs()
	w.room(b, frame.Length)
	var v pelton.View
	for b.Loop() {
		if w.at+frame.Length > len(w.block.Bytes()) {
			w.room(b, frame.Length)
		}
		ref, err := w.commit(&frame)
		if err != nil {
			b.Fatal(err)
		}
		if err := a.Borrow(ref, &v); err != nil || len(v.Payload()) != 128 {
			b.Fatal(err)
		}
		if err := a.Release(ref); err != nil {
			b.Fatal(err)
		}
	}
	w.lane.Done(w.block)
}

// BenchmarkView is one more look at a message that is lent, as a value and in place.
func BenchmarkView(b *testing.B) {
	a := open(b, 64*mib, mib)
	w := writer{lane: lane(b, a, "lane")}
	w.room(b, 128)
	ref, err := w.commit(&arena.Frame{Length: 128})
	if err != nil {
		b.Fatal(err)
	}
	b.Run("value", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			v, err := a.View(ref)
			if err != nil || len(v.Payload()) != 128 {
				b.Fatal(err)
			}
		}
	})
	b.Run("place", func(b *testing.B) {
		b.ReportAllocs()
		var v pelton.View
		for b.Loop() {
			if err := a.Borrow(ref, &v); err != nil || len(v.Payload()) != 128 {
				b.Fatal(err)
			}
		}
	})
	release(b, a, ref)
	w.lane.Done(w.block)
}
