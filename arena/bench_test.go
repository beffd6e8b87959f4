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
	return w.lane.Commit(w.block, f)
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
		loan, err := a.Loan(ref)
		if err != nil {
			b.Fatal(err)
		}
		if v.Lend(loan, 1, 0, 0); len(v.Payload()) != 128 {
			b.Fatal("a short view")
		}
		if err := a.Release(ref); err != nil {
			b.Fatal(err)
		}
	}
	w.lane.Done(w.block)
}

// BenchmarkLendRun is BenchmarkLend as a lane does it: 64 messages are lent, then all are looked at, then released.
func BenchmarkLendRun(b *testing.B) {
	a := open(b, 64*mib, mib)
	w := writer{lane: lane(b, a, "lane")}
	frame := arena.Frame{Length: 128, Fields: make([]pelton.Field, 2), Names: []string{"origin", "delay"}, Meta: pelton.Meta{Lane: &pelton.LaneID{}}}
	refs := make([]pelton.Ref, 0, 64)
	b.ReportAllocs()
	w.room(b, frame.Length)
	var v pelton.View
	for n := 0; n < b.N; n += cap(refs) {
		for refs = refs[:0]; len(refs) < cap(refs); {
			if w.at+frame.Length > len(w.block.Bytes()) {
				w.room(b, frame.Length)
			}
			ref, err := w.commit(&frame)
			if err != nil {
				b.Fatal(err)
			}
			refs = append(refs, ref)
		}
		for _, ref := range refs {
			loan, err := a.Loan(ref)
			if err != nil {
				b.Fatal(err)
			}
			if v.Lend(loan, 1, 0, 0); len(v.Payload()) != 128 {
				b.Fatal("a short view")
			}
		}
		for rest := refs; len(rest) > 0; {
			n, err := a.ReleaseRun(rest)
			if err != nil {
				b.Fatal(err)
			}
			rest = rest[n:]
		}
	}
	w.lane.Done(w.block)
}

// BenchmarkView is one more look at a message that is lent.
func BenchmarkView(b *testing.B) {
	a := open(b, 64*mib, mib)
	w := writer{lane: lane(b, a, "lane")}
	w.room(b, 128)
	ref, err := w.commit(&arena.Frame{Length: 128})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	var v pelton.View
	for b.Loop() {
		loan, err := a.Loan(ref)
		if err != nil {
			b.Fatal(err)
		}
		if v.Lend(loan, 1, 0, 0); len(v.Payload()) != 128 {
			b.Fatal("a short view")
		}
	}
	release(b, a, ref)
	w.lane.Done(w.block)
}
