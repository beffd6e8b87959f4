package place

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/peltonhq/pelton"
)

// textOf is the n-th entry's, of a length that changes.
func textOf(epoch, n uint64) []byte {
	return append(fmt.Appendf(nil, "%d:%d ", epoch, n), bytes.Repeat([]byte{'a' + byte(n%26)}, int(n*n%4000))...)
}

// Readers at all kinds of places are given what they lack, in order, or are told that the scroll has left it behind; bytes that
// were given stay as they were.
func TestScroll(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	var s Scroll
	type given struct{ run, copied []byte }
	var kept []given
	epoch, newest := uint64(1), uint64(0)
	for range 3000 {
		newest += random.Uint64N(4)
		if random.IntN(400) == 0 {
			epoch, newest = epoch+1, 1
		}
		at := newest + 1 - random.Uint64N(min(newest+1, 40))
		n, ok := s.Lacks(epoch, at)
		if !ok {
			if len(s.pieces) == 0 || at >= s.pieces[0].first {
				t.Fatalf("%d:%d was refused although it is not behind", epoch, at)
			}
			continue
		}
		for ; n <= newest; n++ {
			s.Add(&Entry{N: n, Snap: &pelton.Snapshot{ID: n}, Sum: n * 10}, textOf(epoch, n))
		}
		for at <= newest {
			run, next, sum := s.Run(at)
			var want []byte
			for i := at; i < next; i++ {
				want = append(want, textOf(epoch, i)...)
			}
			if next <= at || !bytes.Equal(run, want) || cap(run) != len(run) || sum != (next-1)*10 {
				t.Fatalf("from %d:%d to %d (newest %d): %d bytes, want %d; sum %d", epoch, at, next, newest, len(run), len(want), sum)
			}
			kept = append(kept, given{run, bytes.Clone(run)})
			at = next
		}
		if run, next, _ := s.Run(at); run != nil || next != at {
			t.Fatalf("behind the end, %d, there is more", at)
		}
		if s.Bytes() > scrollBytes+pieceMost {
			t.Fatalf("%d bytes", s.Bytes())
		}
	}
	for _, g := range kept {
		if !bytes.Equal(g.run, g.copied) {
			t.Fatal("a run that was given has changed")
		}
	}
}

func TestScrollBounds(t *testing.T) {
	var s Scroll
	if _, ok := s.Lacks(2, 1); !ok {
		t.Fatal("an empty scroll has left something behind")
	}
	for n := uint64(1); n <= 40; n++ {
		s.Add(&Entry{N: n}, make([]byte, 100<<10))
		if s.Bytes() > scrollBytes {
			t.Fatalf("%d bytes of %d entries", s.Bytes(), n)
		}
	}
	s.Add(&Entry{N: 41}, make([]byte, 3*scrollBytes))
	if run, next, _ := s.Run(41); len(run) != 3*scrollBytes || next != 42 || len(s.pieces) != 1 {
		t.Error("the newest must stay, alone, whatever its size")
	}
	if _, ok := s.Lacks(2, 1); ok {
		t.Error("what was let go of is there")
	}
	if _, ok := s.Lacks(1, 41); ok {
		t.Error("an epoch came back")
	}
	if n, ok := s.Lacks(2, 50); !ok || n != 50 || s.Bytes() != 0 {
		t.Error("nobody stands between, and it is kept")
	}
}
