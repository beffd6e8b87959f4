package arena

import (
	"errors"
	"math"
	"runtime"
	"sync"
	"testing"

	"github.com/peltonhq/pelton"
)

// setGen makes every chunk of which nothing is lent one that has been opened so often.
func (a *Arena) setGen(generation uint32) {
	for i := range a.slots.made {
		s := a.slots.slabs[i].Load()
		for j := range s.chunks {
			if c := &s.chunks[j]; c.state.Load()&members == 0 {
				c.state.Store(uint64(generation) << 32)
			}
		}
	}
}

func small(t *testing.T) (*Arena, *Lane) {
	t.Helper()
	a, err := New(Options{Name: "test", Size: 64 << 10, MaxMessage: 16 << 10})
	if err != nil {
		t.Fatal(err)
	}
	l, err := a.Lane("lane")
	if err != nil {
		t.Fatal(err)
	}
	return a, l
}

// TestWrap: a slot whose generation would wrap is never lent again, and its last reference stays stale (A1).
func TestWrap(t *testing.T) {
	a, l := small(t)
	t.Cleanup(func() { // the arena's number is used up with its generations; other tests want it
		numbers.mutex.Lock()
		numbers.floor[a.number] = 0
		numbers.mutex.Unlock()
	})
	b, err := l.Acquire(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	l.Done(b)
	limit := a.Stats().SlotLimit
	a.setGen(math.MaxUint32 - 1)
	if b, err = l.Acquire(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	last, err := l.Commit(b, &Frame{})
	if err != nil || last.Generation != math.MaxUint32 {
		t.Fatalf("%s, %v", last, err)
	}
	if err := a.Release(last); err != nil {
		t.Fatal(err)
	}
	l.Done(b)
	for range 3 * slabSlots {
		if b, err = l.Acquire(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		ref, err := l.Commit(b, &Frame{})
		if err != nil || ref.Index == last.Index || !ref.Valid() {
			t.Fatalf("A1: %s after %s, %v", ref, last, err)
		}
		if err := a.Release(ref); err != nil {
			t.Fatal(err)
		}
		l.Done(b)
	}
	if _, err := a.View(last); !errors.Is(err, ErrStale) {
		t.Errorf("view of the last reference: %v", err)
	}
	if got := a.Stats().SlotLimit; got >= limit {
		t.Errorf("%d slots are left of %d, want fewer", got, limit)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
}

// TestTorn: a reader without a reference races with release and reuse. It gets an error or its message, never
// another (A1). The race detector cannot know that what it reads in vain is thrown away.
func TestTorn(t *testing.T) {
	if raceEnabled {
		t.Log("with the race detector the reader looks between the writer's steps, not during them")
	}
	a, l := small(t)
	refs := make(chan refAt, 1)
	var mutex sync.Mutex
	var viewer sync.WaitGroup
	viewer.Go(func() {
		for want := range refs {
			for looks := 0; ; looks++ {
				if raceEnabled {
					mutex.Lock()
				}
				v, err := a.View(want.ref)
				position := v.Meta().Position
				_, late := a.View(want.ref)
				if raceEnabled {
					mutex.Unlock()
				}
				if err != nil || late != nil {
					break
				}
				if position != want.position || len(v.Payload()) != want.length {
					t.Errorf("A1: %s is message %d of %d bytes, want %d of %d", want.ref, position, len(v.Payload()), want.position, want.length)
				}
				runtime.Gosched()
			}
		}
	})
	for i := range 20000 {
		mutex.Lock()
		b, err := l.Acquire(t.Context(), 16<<10)
		if err != nil {
			t.Fatal(err)
		}
		f := Frame{Length: i * 31 % (16 << 10)}
		f.Meta.Position = uint64(i)
		ref, err := l.Commit(b, &f)
		if err != nil {
			t.Fatal(err)
		}
		mutex.Unlock()
		select {
		case refs <- refAt{ref, uint64(i), f.Length}:
		default:
		}
		mutex.Lock()
		if err := a.Release(ref); err != nil {
			t.Fatal(err)
		}
		l.Done(b)
		mutex.Unlock()
	}
	close(refs)
	viewer.Wait()
	if err := a.Close(); err != nil {
		t.Error(err)
	}
}

// TestGap compares the bitmap's search with a naive one.
func TestGap(t *testing.T) {
	const n = 200
	for seed := range uint64(300) {
		one, two := newBitmap(n), newBitmap(n)
		var taken [n]bool
		for i, x := 0, seed*2654435761+1; i < n; i++ {
			x = x*6364136223846793005 + 1442695040888963407
			if x>>60 < seed%12 {
				taken[i] = true
				[]bitmap{one, two}[x>>50&1].set(i, 1, true)
			}
		}
		for _, size := range []int{1, 2, 5, 63, 64, 65, 128} {
			for _, limits := range [][2]int{{0, n}, {3, 150}, {64, 128}} {
				want := -1
				for from := limits[0]; from+size <= limits[1] && want < 0; from++ {
					want = from
					for i := range size {
						if taken[from+i] {
							want = -1
							break
						}
					}
				}
				if got := one.gap(two, limits[0], limits[1], size); got != want {
					t.Fatalf("seed %d, %d pages in %v: %d, want %d", seed, size, limits, got, want)
				}
			}
		}
	}
}

// TestRun compares the search in a page of cells with a naive one.
func TestRun(t *testing.T) {
	for _, used := range []uint64{0, 1, 1 << 63, math.MaxUint64, 0x5555555555555555, 0x00FF00FF00FF00FF, math.MaxUint64 >> 1, 0xF0F00000000F0F0F} {
		for n := 1; n <= 64; n++ {
			want := uint64(0)
			for shift := 0; shift+n <= 64 && want == 0; shift++ {
				if mask := ^uint64(0) >> (64 - n) << shift; mask&used == 0 {
					want = mask
				}
			}
			if got, ok := run(used, n); got != want || ok != (want != 0) {
				t.Errorf("%x, %d: %x, want %x", used, n, got, want)
			}
		}
	}
}

// refAt is a reference and what it names.
type refAt struct {
	ref      pelton.Ref
	position uint64
	length   int
}
