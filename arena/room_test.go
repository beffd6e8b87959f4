package arena_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/arena"
)

// hog takes every block the lane can get without waiting.
func hog(tb testing.TB, a *arena.Arena, l *arena.Lane, n int) (blocks []*arena.Block) {
	tb.Helper()
	for {
		b, ok, err := l.TryAcquire(n)
		if err != nil {
			tb.Fatal(err)
		}
		if s := a.Stats(); s.BytesUsed > s.Size || s.HighWater > s.Size {
			tb.Fatalf("A2: %d of %d bytes used", s.BytesUsed, s.Size)
		}
		if !ok {
			return blocks
		}
		blocks = append(blocks, b)
	}
}

func done(l *arena.Lane, blocks ...*arena.Block) {
	for _, b := range blocks {
		l.Done(b)
	}
}

// TestCeiling: A2, a full arena makes the lane wait until a message is released.
func TestCeiling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := open(t, mib, 64*kib)
		l := lane(t, a, "lane")
		var refs []pelton.Ref
		for _, b := range hog(t, a, l, 64*kib) {
			refs = append(refs, commit(t, l, b, arena.Frame{Length: 64 * kib}))
			l.Done(b)
		}
		if s := a.Stats(); s.BytesUsed != mib || s.Slots != len(refs) {
			t.Errorf("full: %+v", s)
		}
		got := make(chan *arena.Block)
		go func() { got <- acquire(t, l, 64*kib) }()
		synctest.Wait()
		if s := a.Stats(); s.Waiting != 1 || s.Waits != 1 {
			t.Fatalf("full: %+v", s)
		}
		release(t, a, refs[0])
		l.Done(<-got)
		release(t, a, refs[1:]...)
		if s := a.Stats(); s.Waiting != 0 || s.BytesUsed != 0 {
			t.Errorf("A3: idle: %+v", s)
		}
	})
}

// TestShare: whatever one lane holds, another has two largest messages at once.
func TestShare(t *testing.T) {
	tests := []struct {
		name       string
		size, most int64
		lanes      int // that fit
		block      int
	}{
		{"one MiB", mib, 64 * kib, 8, 100},
		{"one MiB, large blocks", mib, 64 * kib, 8, 64 * kib},
		{"smallest", 16 * kib, 4 * kib, 2, 1},
		{"a quarter", 256 * kib, 64 * kib, 2, 4 * kib},
		{"large", 64 * mib, mib, 32, mib},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := open(t, test.size, test.most)
			var lanes []*arena.Lane
			for range test.lanes {
				lanes = append(lanes, lane(t, a, "lane"))
			}
			if _, err := a.Lane("one more"); !errors.Is(err, arena.ErrFull) {
				t.Errorf("a lane too many: %v", err)
			}
			held := hog(t, a, lanes[0], test.block)
			for _, l := range lanes[1:] {
				var mine []*arena.Block
				for range 2 {
					b, ok, err := l.TryAcquire(int(test.most))
					if !ok || err != nil || len(b.Bytes()) < int(test.most) {
						t.Fatalf("no block of max_message beside the hog: %v", err)
					}
					mine = append(mine, b)
				}
				done(l, mine...)
			}
			done(lanes[0], held...)
		})
	}
}

// TestShareOdd: a quarter of the arena that is no whole number of pages still gives each of two lanes its message.
func TestShareOdd(t *testing.T) {
	a := open(t, 260*kib, 65*kib)
	one, two := lane(t, a, "one"), lane(t, a, "two")
	held := hog(t, a, one, 1)
	b, ok, err := two.TryAcquire(65 * kib)
	c, more, _ := two.TryAcquire(1)
	if !ok || !more || err != nil {
		t.Fatal("the share is not there", ok, more, err)
	}
	done(two, b, c)
	done(one, held...)
}

// TestLateLane: a lane that opens in a full arena gets its share as the others let go of it, and keeps it.
func TestLateLane(t *testing.T) {
	a := open(t, mib, 64*kib)
	early := lane(t, a, "early")
	held := hog(t, a, early, 64*kib)
	late := lane(t, a, "late")
	if _, ok, _ := late.TryAcquire(64 * kib); ok {
		t.Fatal("a full arena has room")
	}
	done(early, held...)
	held = hog(t, a, early, 64*kib)
	b, ok, _ := late.TryAcquire(64 * kib)
	if !ok {
		t.Fatal("the share of the late lane was taken")
	}
	late.Done(b)
	late.Close()
	late.Close()
	if more := hog(t, a, early, 64*kib); len(more) != 2 {
		t.Errorf("a closed lane left %d blocks to the others, want 2", len(more))
	} else {
		done(early, more...)
	}
	done(early, held...)
}

// TestFragmentation: after much small use in a random order the largest block fits, everywhere.
func TestFragmentation(t *testing.T) {
	a := open(t, 8*mib, 2*mib)
	l := lane(t, a, "lane")
	r := seeded(t)
	var blocks []*arena.Block
	for range 20 {
		blocks = append(blocks, hog(t, a, l, 1+r.IntN(100*kib))...)
		r.Shuffle(len(blocks), func(i, j int) { blocks[i], blocks[j] = blocks[j], blocks[i] })
		keep := r.IntN(len(blocks))
		done(l, blocks[keep:]...)
		blocks = blocks[:keep]
	}
	done(l, blocks...)
	if blocks = hog(t, a, l, 2*mib); len(blocks) != 4 {
		t.Errorf("an idle arena has %d largest blocks, want 4", len(blocks))
	}
	done(l, blocks...)
}

// TestOrder: common memory goes to the lanes in the order in which they came, a large wish before later small ones.
func TestOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := open(t, 2*mib, 64*kib)
		first := lane(t, a, "hog")
		var lanes []*arena.Lane
		for range 3 {
			lanes = append(lanes, lane(t, a, "lane"))
		}
		held := hog(t, a, first, 64*kib)
		own := make([][]*arena.Block, 3)
		for i, l := range lanes {
			own[i] = hog(t, a, l, 64*kib) // only what lies in the share
		}
		var served [3]atomic.Bool
		blocks := make(chan *arena.Block, 3)
		for i, n := range []int{64 * kib, 1, 1} {
			go func() {
				b := acquire(t, lanes[i], n)
				served[i].Store(true)
				blocks <- b
			}()
			synctest.Wait()
		}
		if _, ok, _ := first.TryAcquire(1); ok {
			t.Error("a lane overtook those that wait")
		}
		slices.SortFunc(held, func(x, y *arena.Block) int { return len(x.Bytes()) - len(y.Bytes()) })
		for n, b := range held {
			first.Done(b)
			synctest.Wait()
			if one, two, three := served[0].Load(), served[1].Load(), served[2].Load(); two && !one || three && !two {
				t.Fatalf("after %d blocks came back: served %t, %t, %t", n+1, one, two, three)
			}
		}
		for range 3 {
			b := <-blocks
			for _, l := range lanes {
				if _, err := l.Commit(b, &arena.Frame{Offset: -1}); errors.Is(err, arena.ErrMisuse) {
					l.Done(b)
					break
				}
			}
		}
		for i, l := range lanes {
			done(l, own[i]...)
			if !served[i].Load() {
				t.Errorf("lane %d was never served", i)
			}
		}
	})
}

// TestCancel: a wait ends with its context, leaves nothing behind and does not hold up those behind it.
func TestCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := open(t, mib, 64*kib)
		one, two := lane(t, a, "one"), lane(t, a, "two")
		held, own := hog(t, a, one, 64*kib), hog(t, a, two, 64*kib)
		ctx, cancel := context.WithCancel(t.Context())
		errs := make(chan error)
		go func() {
			_, err := one.Acquire(ctx, 64*kib)
			errs <- err
		}()
		synctest.Wait()
		got := make(chan *arena.Block)
		go func() { got <- acquire(t, two, 1) }()
		synctest.Wait()
		cancel()
		if err := <-errs; !errors.Is(err, context.Canceled) {
			t.Errorf("canceled: %v", err)
		}
		one.Done(held[0])
		two.Done(<-got)
		done(one, held[1:]...)
		done(two, own...)
		one.Done(acquire(t, one, 64*kib)) // the lane works as before
	})
}

// TestCloseWakes: closing a lane ends its wait.
func TestCloseWakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := open(t, mib, 64*kib)
		l := lane(t, a, "lane")
		held := hog(t, a, l, 1)
		errs := make(chan error)
		go func() {
			_, err := l.Acquire(t.Context(), 1)
			errs <- err
		}()
		synctest.Wait()
		l.Close()
		if err := <-errs; !errors.Is(err, arena.ErrClosed) {
			t.Errorf("closed: %v", err)
		}
		if s := a.Stats(); s.Lanes != 0 || s.Waiting != 0 {
			t.Errorf("closed: %+v", s)
		}
		done(l, held...)
	})
}

// TestOnRoom: one call per failed try, made when there is room for what was tried.
func TestOnRoom(t *testing.T) {
	a := open(t, mib, 64*kib)
	l := lane(t, a, "lane")
	calls := 0
	l.OnRoom(func() {
		calls++
		if _, err := a.View(pelton.Ref{}); err == nil { // the arena may be used from within
			t.Error("the zero reference names something")
		}
	})
	held := hog(t, a, l, 64*kib)
	if calls != 0 {
		t.Fatalf("%d calls without room", calls)
	}
	for i, b := range held {
		l.Done(b)
		if calls != 1 {
			t.Fatalf("%d calls after %d blocks came back", calls, i+1)
		}
	}
	b, ok, err := l.TryAcquire(64 * kib)
	if !ok || err != nil {
		t.Fatal("no room after all came back", err)
	}
	l.Done(b)
	if calls != 1 {
		t.Errorf("%d calls, but the last try worked", calls)
	}
}

func TestTooLarge(t *testing.T) {
	a := open(t, mib, 64*kib)
	l := lane(t, a, "lane")
	_, err := l.Acquire(t.Context(), 64*kib+1)
	wantError(t, err, arena.ErrTooLarge, "acquire", pelton.Ref{})
	_, _, err = l.TryAcquire(64*kib + 1)
	wantError(t, err, arena.ErrTooLarge, "try-acquire", pelton.Ref{})
	l.Done(acquire(t, l, 64*kib))
	l.Done(acquire(t, l, 0))
}

// TestTinyMessages: slots are bounded too. A lane that runs out of them gives its block back and waits; another lane
// has its own.
func TestTinyMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := open(t, mib, 64*kib)
		l, other := lane(t, a, "lane"), lane(t, a, "other")
		var refs []pelton.Ref
		b := acquire(t, l, 64*kib)
		for {
			ref, err := l.Commit(b, &arena.Frame{})
			if err != nil {
				wantError(t, err, arena.ErrFull, "commit", pelton.Ref{})
				break
			}
			refs = append(refs, ref)
		}
		limit := a.Stats().SlotLimit
		if len(refs) >= limit || len(refs) < limit/2 {
			t.Errorf("%d messages of a limit of %d", len(refs), limit)
		}
		ob := acquire(t, other, 1)
		release(t, a, commit(t, other, ob, arena.Frame{}))
		other.Done(ob)
		l.Done(b)
		got := make(chan *arena.Block)
		go func() { got <- acquire(t, l, 1) }()
		synctest.Wait()
		if a.Stats().Waiting != 1 {
			t.Fatal("a lane without slots does not wait")
		}
		release(t, a, refs[:64]...)
		b = <-got
		refs = append(refs[64:], commit(t, l, b, arena.Frame{}))
		l.Done(b)
		release(t, a, refs...)
	})
}
