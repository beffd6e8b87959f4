package arena_test

import (
	"errors"
	"testing"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/arena"
)

// TestMove: a message that waits lets its block go, and stays what it was.
func TestMove(t *testing.T) {
	tests := []struct {
		name   string
		length int
		key    []int // offset and length in the block; none
		cost   int64 // bytes of the arena, afterwards
	}{
		{"empty", 0, nil, 4 * kib},
		{"small", 100, nil, 4 * kib},
		{"key inside", 100, []int{10, 5}, 4 * kib},
		{"key beside", 100, []int{5000, 7}, 4 * kib},
		{"empty key", 100, []int{0, 0}, 4 * kib},
		{"one page", 4 * kib, []int{0, 4}, 4 * kib},
		{"pages", 5 * kib, []int{9000, 4}, 8 * kib},
		{"as large as its block", 64 * kib, nil, 64 * kib},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := open(t, mib, 64*kib)
			l := lane(t, a, "lane")
			b := acquire(t, l, 64*kib)
			for i := range b.Bytes() {
				b.Bytes()[i] = byte(i * 7)
			}
			f := arena.Frame{Length: test.length}
			if test.key != nil {
				f.KeyOffset, f.KeyLength, f.HasKey = test.key[0], test.key[1], true
			}
			ref := commit(t, l, b, f)
			l.Done(b)
			if a.Stats().BytesUsed != 64*kib {
				t.Fatalf("before: %+v", a.Stats())
			}
			for range 2 { // again changes nothing
				if err := a.Move(ref); err != nil {
					t.Fatal(err)
				}
				if s := a.Stats(); s.BytesUsed != test.cost || s.Slots != 1 {
					t.Errorf("moved: %+v, want %d bytes", s, test.cost)
				}
			}
			v, err := a.View(ref)
			if err != nil || len(v.Payload()) != test.length || (v.Key() != nil) != f.HasKey || len(v.Key()) != f.KeyLength {
				t.Fatalf("moved: %d bytes, key %v, %v", len(v.Payload()), v.Key(), err)
			}
			for i, got := range v.Payload() {
				if got != byte(i*7) {
					t.Fatalf("A1: byte %d is %d", i, got)
				}
			}
			for i, got := range v.Key() {
				if got != byte((f.KeyOffset+i)*7) {
					t.Fatalf("A1: byte %d of the key is %d", i, got)
				}
			}
			release(t, a, ref)
			if s := a.Stats(); s.BytesUsed != 0 || s.Moved != 0 || s.Slots != 0 {
				t.Errorf("A3: idle: %+v", s)
			}
		})
	}
}

// TestMoveMany: moved messages share pages, and room in them is used again.
func TestMoveMany(t *testing.T) {
	a := open(t, 4*mib, 64*kib)
	l := lane(t, a, "lane")
	r := seeded(t)
	var refs []pelton.Ref
	for range 2000 {
		b := acquire(t, l, 64*kib)
		copy(b.Bytes(), "moved")
		ref := commit(t, l, b, arena.Frame{Length: 5 + r.IntN(300)})
		l.Done(b)
		if err := a.Move(ref); err != nil {
			t.Fatal(err)
		}
		refs = append(refs, ref)
		if len(refs) > 200 {
			i := r.IntN(len(refs))
			release(t, a, refs[i])
			refs[i] = refs[len(refs)-1]
			refs = refs[:len(refs)-1]
		}
	}
	if s := a.Stats(); s.Moved != 200 || s.BytesUsed > 200*300*2 || s.Blocks != 0 {
		t.Errorf("200 messages of at most 305 bytes: %+v", s)
	}
	for _, ref := range refs {
		if v, err := a.View(ref); err != nil || string(v.Payload()[:5]) != "moved" {
			t.Errorf("A1: %s: %v", ref, err)
		}
	}
	release(t, a, refs...)
}

// TestMoveFull: without common memory nothing changes, since cells never go into a lane's share.
func TestMoveFull(t *testing.T) {
	a := open(t, 256*kib, 64*kib)
	l, other := lane(t, a, "lane"), lane(t, a, "other")
	b := acquire(t, l, 64*kib)
	copy(b.Bytes(), "stays")
	ref := commit(t, l, b, arena.Frame{Length: 5})
	before := a.Stats()
	wantError(t, a.Move(ref), arena.ErrFull, "move", ref)
	if v, err := a.View(ref); err != nil || string(v.Payload()) != "stays" || a.Stats() != before {
		t.Errorf("after a failed move: %v, %+v", err, a.Stats())
	}
	l.Done(b)
	whole := hog(t, a, other, 64*kib)
	if len(whole) != 2 {
		t.Fatalf("the other lane's share has %d blocks, want 2", len(whole))
	}
	done(other, whole...)
	release(t, a, ref)
}

// TestMoveKeepsNeighbours: a block with moved and unmoved messages goes with the last unmoved one.
func TestMoveKeepsNeighbours(t *testing.T) {
	a := open(t, mib, 64*kib)
	l := lane(t, a, "lane")
	b := acquire(t, l, 64*kib)
	copy(b.Bytes(), "onetwo")
	one := commit(t, l, b, arena.Frame{Length: 3})
	two := commit(t, l, b, arena.Frame{Offset: 3, Length: 3})
	l.Done(b)
	if err := a.Move(one); err != nil {
		t.Fatal(err)
	}
	if s := a.Stats(); s.Blocks != 1 || s.Moved != 1 {
		t.Errorf("one of two moved: %+v", s)
	}
	release(t, a, two)
	if s := a.Stats(); s.Blocks != 0 || s.Moved != 1 || s.BytesUsed != 4*kib {
		t.Errorf("the unmoved one released: %+v", s)
	}
	if _, err := a.View(two); !errors.Is(err, arena.ErrStale) {
		t.Error(err)
	}
	if v, err := a.View(one); err != nil || string(v.Payload()) != "one" {
		t.Errorf("%q, %v", v.Payload(), err)
	}
	release(t, a, one)
}
