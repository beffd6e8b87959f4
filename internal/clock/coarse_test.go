package clock_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/peltonhq/pelton/internal/clock"
)

func TestStandsStillBetweenRefreshes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		c := clock.New()
		if got := c.Now(); !got.Equal(start) {
			t.Fatalf("a new clock shows %v, want %v", got, start)
		}
		time.Sleep(3 * time.Second)
		if got := c.Now(); !got.Equal(start) {
			t.Fatalf("the clock moved to %v without Refresh, want %v", got, start)
		}
		want := start.Add(3 * time.Second)
		if got := c.Refresh(); !got.Equal(want) {
			t.Fatalf("Refresh = %v, want %v", got, want)
		}
		if got := c.Now(); !got.Equal(want) {
			t.Fatalf("Now after Refresh = %v, want %v", got, want)
		}
	})
}

func TestZeroClock(t *testing.T) {
	t.Parallel()
	var c clock.Coarse
	if got := c.Now(); !got.IsZero() {
		t.Fatalf("the zero clock shows %v, want the zero time", got)
	}
	if got := c.Refresh(); got.IsZero() || !got.Equal(c.Now()) {
		t.Fatalf("Refresh = %v, Now = %v, want the same time", got, c.Now())
	}
}

// One goroutine refreshes, others read: a reader never sees time go back.
func TestReadersNeverSeeTimeGoBack(t *testing.T) {
	t.Parallel()
	c := clock.New()
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			last := c.Now()
			for {
				now := c.Now()
				if now.Before(last) {
					t.Errorf("time went back from %v to %v", last, now)
					return
				}
				last = now
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for range 10_000 {
		c.Refresh()
	}
	close(done)
	readers.Wait()
}

func TestNoAllocation(t *testing.T) {
	c := clock.New()
	if n := testing.AllocsPerRun(100, func() { c.Refresh(); c.Now() }); n != 0 {
		t.Fatalf("Refresh and Now allocate %v times, want 0", n)
	}
}

func BenchmarkNow(b *testing.B) {
	c := clock.New()
	for b.Loop() {
		c.Now()
	}
}

func BenchmarkRefresh(b *testing.B) {
	c := clock.New()
	for b.Loop() {
		c.Refresh()
	}
}
