package wasm

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"
)

const limit = 100 * time.Millisecond

// share is a clock of a thread that gets a part of the time that passes.
func share(part float64) clock {
	start := time.Now()
	return clock{
		thread: func() int { return 7 },
		used: func(thread int) (time.Duration, bool) {
			return time.Hour + time.Duration(part*float64(time.Since(start))), thread == 7
		},
	}
}

// Each row is a span: what the guest does in it, the part of the processor that it gets, and when and why it is ended.
func TestSpan(t *testing.T) {
	rows := map[string]struct {
		part   float64
		guest  func(d *deadline)
		cause  error
		from   time.Duration // the earliest end
		within time.Duration // after that
	}{
		"a loop":                    {1, loop, errLate, limit, limit / 5},
		"a loop on half a thread":   {0.5, loop, errLate, 2 * limit, limit},
		"a loop on a 20th":          {0.05, loop, errLate, 20 * limit, 5 * limit},
		"in time though it starves": {0.01, func(*deadline) { time.Sleep(5 * time.Second) }, nil, 5 * time.Second, 0},
		"blocked":                   {0, loop, errBlocked, far(limit), limit},
		"a long sleep":              {0, func(d *deadline) { d.sleep(int64(time.Hour)) }, errLate, 0, limit / 5},
		"sleeps without end":        {0, naps, errLate, limit - 5*time.Millisecond, limit},
		"a short sleep":             {0, func(d *deadline) { d.sleep(int64(limit / 2)) }, nil, limit / 2, 0},
		"slow answers":              {1, func(d *deadline) { answer(d, 64, 90*time.Millisecond) }, nil, 64 * 90 * time.Millisecond, 0},
		"slow answers, then a loop": {1, func(d *deadline) {
			answer(d, 10, 90*time.Millisecond)
			loop(d)
		}, errLate, 900*time.Millisecond + limit, limit + limit/5},
		"an answer taken back": {1, func(d *deadline) {
			table := make([]byte, 2*deliverySize)
			d.enter(table, deliverySize, decisionAt)
			for d.err() == nil { // one step forth, one step back
				put(table, 0, 1)
				time.Sleep(60 * time.Millisecond)
				put(table, 0, 0)
				time.Sleep(60 * time.Millisecond)
			}
		}, errLate, limit, 4 * limit},
		"many calls": {1, func(d *deadline) {
			for range 20 {
				answer(d, 1, 90*time.Millisecond)
			}
		}, nil, 20 * 90 * time.Millisecond, 0},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDeadline(context.Background(), nil)
				d.clock = share(row.part)
				start := time.Now()
				d.begin(context.Background(), limit)
				row.guest(d)
				d.stop()
				took := time.Since(start)
				if !errors.Is(d.err(), row.cause) || took < row.from || took > row.from+row.within {
					t.Errorf("ended after %v with %v, want %v after %v to %v", took, d.err(), row.cause, row.from, row.from+row.within)
				}
			})
		})
	}
}

func loop(d *deadline) { <-d.done }

func naps(d *deadline) {
	for d.err() == nil {
		d.sleep(int64(time.Millisecond))
	}
}

// answer is a call with n deliveries, each of which takes each.
func answer(d *deadline, n int, each time.Duration) {
	table := make([]byte, n*deliverySize)
	d.enter(table, deliverySize, decisionAt)
	for i := range n {
		time.Sleep(each)
		put(table, i, 1)
	}
	d.leave()
}

// put writes an answer as a guest does: without a lock, while the watch may look.
func put(table []byte, i int, v uint32) {
	atomic.StoreUint32((*uint32)(unsafe.Pointer(&table[i*deliverySize+decisionAt])), v)
}

// Elsewhere than on Linux nobody tells the time of a thread: then it is that on the wall.
func TestSpanWithoutAClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDeadline(context.Background(), nil)
		d.clock.used = func(int) (time.Duration, bool) { return 0, false }
		start := time.Now()
		d.begin(context.Background(), limit)
		answer(d, 5, 90*time.Millisecond)
		if d.err() != nil {
			t.Errorf("slow answers: %v", d.err())
		}
		loop(d)
		d.stop()
		if took := time.Since(start) - 450*time.Millisecond; !errors.Is(d.err(), errLate) || took < limit || took > 2*limit+limit/5 {
			t.Errorf("ended %v after the last answer with %v", took, d.err())
		}
	})
}

// A process that stood still for an hour has not waited for an hour: the backstop counts what the watch asked for.
func TestStandstill(t *testing.T) {
	start := time.Now()
	s := span{open: true, limit: limit, since: start}
	still := clock{used: func(int) (time.Duration, bool) { return time.Minute, true }}
	for n := range 20 {
		if _, err := s.look(start.Add(time.Duration(n)*time.Hour), still); err != nil {
			t.Fatalf("look %d: %v", n, err)
		}
	}
}

// A look that comes late, of a span before, finds nothing to judge.
func TestLateLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDeadline(context.Background(), nil)
		d.clock.used = func(int) (time.Duration, bool) {
			t.Error("a late look read the clock")
			return 0, false
		}
		d.watch()
		d.begin(context.Background(), limit)
		d.watch()
		d.stop()
		d.watch()
		if d.err() != nil {
			t.Error(d.err())
		}
	})
}

// The real clock: it goes while its thread works.
func TestThreads(t *testing.T) {
	if runtime.GOOS != "linux" {
		return // there is none
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	thread := threads.thread()
	begin, known := threads.used(thread)
	if !known {
		t.Fatal("the clock of this thread is not known")
	}
	other, seen := make(chan struct{}), time.Duration(0)
	for now := begin; now < begin+20*time.Millisecond; now, _ = threads.used(thread) {
		if now < seen {
			t.Fatalf("it went back from %v to %v", seen, now)
		}
		seen = now
	}
	go func() { // read from another thread, since this one is taken
		defer close(other)
		if now, known := threads.used(thread); !known || now < seen {
			t.Errorf("another thread sees %v, %t; want %v at least", now, known, seen)
		}
	}()
	<-other
	if _, known := threads.used(1 << 28); known {
		t.Error("a thread that is not there has a clock")
	}
}
