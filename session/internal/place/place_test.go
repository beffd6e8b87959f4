package place

import (
	"testing"

	"github.com/peltonhq/pelton"
)

func TestRing(t *testing.T) {
	var r Ring
	if r.Read(1, 1, 9) != nil || r.First(7) != 7 {
		t.Error("an empty ring has something")
	}
	push := func(epoch, n uint64, payload int) {
		r.Push(epoch, Entry{N: n, Snap: &pelton.Snapshot{ID: n, Payload: make([]byte, payload)}})
	}
	for n := uint64(1); n <= 1000; n++ {
		push(1, n, 10)
	}
	if r.count != ringCount || r.First(0) != 1000-ringCount+1 {
		t.Errorf("%d entries from %d", r.count, r.First(0))
	}
	got := r.Read(1, 990, 5)
	if len(got) != 5 || got[0].N != 990 || got[4].Snap.ID != 994 || len(r.Read(1, 999, 5)) != 2 {
		t.Errorf("read %v", got)
	}
	if r.Read(2, 990, 5) != nil || r.Read(1, 1, 5) != nil || r.Read(1, 1001, 5) != nil {
		t.Error("read what is not there")
	}
	for n := uint64(1001); n <= 1010; n++ {
		push(1, n, ringBytes/4)
	}
	if r.bytes > ringBytes || r.count != 3 {
		t.Errorf("%d entries of %d bytes", r.count, r.bytes)
	}
	push(1, 1011, 2*ringBytes)
	if r.count != 1 || r.First(0) != 1011 {
		t.Error("the newest must stay, alone, whatever its size")
	}
	push(1, 1013, 1) // a hole: what is in the ring is always consecutive
	if r.count != 1 || r.First(0) != 1013 {
		t.Errorf("S1: the ring spans a hole: %d entries from %d", r.count, r.First(0))
	}
	push(2, 1014, 1)
	if r.count != 1 || r.Read(1, 1013, 1) != nil {
		t.Error("the ring spans two epochs")
	}
}

// Tile: whatever entries are missing, events and gaps cover every number once and in order (S1).
func FuzzTile(f *testing.F) {
	f.Add(uint64(1), []byte{0b1011}, uint8(4))
	f.Add(uint64(7), []byte{0, 255}, uint8(20))
	f.Fuzz(func(t *testing.T, from uint64, bits []byte, extra uint8) {
		from = from%1000 + 1
		bits = bits[:min(len(bits), 32)]
		var entries []Entry
		there := map[uint64]bool{}
		for i := range len(bits) * 8 {
			if bits[i/8]&(1<<(i%8)) != 0 {
				n := from + uint64(i)
				there[n] = true
				entries = append(entries, Entry{N: n, Snap: &pelton.Snapshot{ID: n}})
			}
		}
		upTo := from + uint64(extra)
		p := Position{Epoch: 1, Next: from}
		events, stopped := p.Tile(entries, upTo, true)
		if stopped {
			t.Fatal("stopped although gaps are declared")
		}
		at := from
		for _, e := range events {
			if e.Kind == KindGap {
				if e.Gap.From.ID+1 != at || e.Gap.To.ID < at || e.Gap.Reason != Trimmed {
					t.Fatalf("gap %+v at %d", e.Gap, at)
				}
				for ; at <= e.Gap.To.ID; at++ {
					if there[at] {
						t.Fatalf("S1: %d is declared missing", at)
					}
				}
			} else if e.Snapshot.ID != at || !there[at] {
				t.Fatalf("S1: snapshot %d at %d", e.Snapshot.ID, at)
			} else {
				at++
			}
			if e.Cursor.ID != at-1 {
				t.Fatalf("cursor %s at %d", e.Cursor, at)
			}
		}
		if at != p.Next || (at <= upTo && at != from) || at < from {
			t.Fatalf("covered up to %d, next is %d, want behind %d", at, p.Next, upTo)
		}

		q := Position{Epoch: 1, Next: from}
		events, stopped = q.Tile(entries, upTo, false)
		for i, e := range events {
			if e.Kind != KindSnapshot || e.Snapshot.ID != from+uint64(i) {
				t.Fatalf("S1: not declared, event %d is %+v", i, e)
			}
		}
		if !stopped && q.Next <= upTo {
			t.Fatal("S1: a hole was neither declared nor reported")
		}
	})
}

func TestMarkOrder(t *testing.T) {
	order := []Mark{{}, {1, 1, Open}, {1, 2, Open}, {1, 2, Closed}, {1, 2, Gone}, {2, 0, Open}, {2, 1, Open}, {2, 1, Gone}}
	for i, a := range order {
		for j, b := range order {
			if a.Behind(b) != (i < j) {
				t.Errorf("%v behind %v: %v", a, b, i >= j)
			}
		}
	}
}

func TestStep(t *testing.T) {
	tests := []struct {
		p    Position
		m    Mark
		want Step
	}{
		{Position{}, Mark{}, Wait},
		{Position{}, Mark{1, 1, Open}, Begin},
		{Position{Floor: 1}, Mark{1, 9, Gone}, Wait},
		{Position{Floor: 1}, Mark{2, 9, Gone}, Begin}, // a whole life passed unseen: it is told of
		{Position{Epoch: 1, Next: 2}, Mark{1, 1, Open}, Wait},
		{Position{Epoch: 1, Next: 2}, Mark{1, 2, Open}, Read},
		{Position{Epoch: 1, Next: 2}, Mark{1, 2, Gone}, Read},
		{Position{Epoch: 1, Next: 3}, Mark{1, 2, Gone}, Ended},
		{Position{Epoch: 1, Next: 3, Ended: true}, Mark{1, 2, Gone}, Wait},
		{Position{Epoch: 1, Next: 3, Ended: true}, Mark{2, 1, Open}, Reset},
		{Position{Epoch: 3, Next: 3}, Mark{2, 1, Open}, Reset},
		{Position{Epoch: 3, Next: 3}, Mark{}, Wait},
		{Position{}, Mark{1, 0, Open}, Begin},
		{Position{Epoch: 1, Next: 1}, Mark{1, 0, Open}, Wait},
		{Position{Epoch: 1, Next: 2}, Mark{1, 2, Closed}, Read},
		{Position{Epoch: 1, Next: 3}, Mark{1, 2, Closed}, Finish},
	}
	for _, test := range tests {
		if got := test.p.Step(test.m); got != test.want {
			t.Errorf("%+v at %+v: step %d, want %d", test.p, test.m, got, test.want)
		}
	}
}
