package wasm

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

const (
	limit = 100 * time.Millisecond
	pause = 150 * time.Microsecond // between two questions of a guest
)

// share is a clock of a thread that gets a part of the time that passes.
func share(part float64) clock {
	start := time.Now()
	return func() (time.Duration, bool) {
		return time.Hour + time.Duration(part*float64(time.Since(start))), true
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
		"a loop":                    {1, loop, errLate, limit, limit / 10},
		"a loop on half a thread":   {0.5, loop, errLate, 2 * limit, limit / 5},
		"a loop on a 20th":          {0.05, loop, errLate, 20 * limit, 4 * limit},
		"in time though it starves": {0.01, func(d *deadline) { spin(d, 5*time.Second) }, nil, 5 * time.Second, pause},
		"a long sleep":              {0, func(d *deadline) { d.sleep(int64(time.Hour)) }, errLate, limit, 0},
		"sleeps without end":        {0, naps, errLate, limit, 0},
		"a short sleep":             {0, func(d *deadline) { d.sleep(int64(limit / 2)) }, nil, limit / 2, 0},
		"slow answers":              {1, func(d *deadline) { answer(d, 64, 90*time.Millisecond) }, nil, 64 * 90 * time.Millisecond, 64 * pause},
		"slow answers, then a loop": {1, func(d *deadline) {
			answer(d, 10, 90*time.Millisecond)
			loop(d)
		}, errLate, 900*time.Millisecond + limit, limit / 4},
		"answers, then a long sleep": {0, func(d *deadline) {
			answer(d, 1, 0)
			d.sleep(int64(limit / 2))
			put(d, 1)
			d.sleep(int64(limit / 2))
			put(d, 2)
			d.sleep(int64(time.Hour))
		}, errLate, 2 * limit, pause},
		"an answer taken back": {1, func(d *deadline) {
			d.enter(make([]byte, 2*deliverySize), deliverySize, decisionAt)
			for { // one step forth, one step back
				put(d, 0)
				spin(d, 60*time.Millisecond)
				d.call.answers.table[decisionAt] = 0
				spin(d, 60*time.Millisecond)
			}
		}, errLate, limit, limit + limit/4},
		"many calls": {1, func(d *deadline) {
			for range 20 {
				answer(d, 1, 90*time.Millisecond)
				d.leave()
			}
		}, nil, 20 * 90 * time.Millisecond, 20 * pause},
		"work of the host": {1, func(d *deadline) {
			for {
				time.Sleep(time.Microsecond)
				d.work(hostRation / 100)
			}
		}, errLate, limit, limit / 10},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDeadline(context.Background(), nil)
				d.clock = share(row.part)
				took := run(d, row.guest)
				if !errors.Is(d.err(), row.cause) || took < row.from || took > row.from+row.within {
					t.Errorf("ended after %v with %v, want %v after %v to %v", took, d.err(), row.cause, row.from, row.from+row.within)
				}
			})
		})
	}
}

// run is a span of one guest; a panic by which the deadline ends it comes no further.
func run(d *deadline, guest func(d *deadline)) time.Duration {
	start := time.Now()
	d.begin(context.Background(), limit)
	func() {
		defer func() {
			if r := recover(); r != nil && !errors.Is(r.(error), errEnded) {
				panic(r)
			}
		}()
		guest(d)
	}()
	d.stop()
	return time.Since(start)
}

// spin works, and asks now and then.
func spin(d *deadline, long time.Duration) {
	for start := time.Now(); time.Since(start) < long; {
		time.Sleep(pause)
		d.ask()
	}
}

func loop(d *deadline) { spin(d, time.Hour) }

func naps(d *deadline) {
	for {
		d.sleep(int64(time.Millisecond))
	}
}

// answer is a call with n deliveries, each of which takes each.
func answer(d *deadline, n int, each time.Duration) {
	d.enter(make([]byte, (n+2)*deliverySize), deliverySize, decisionAt)
	for i := range n {
		spin(d, each)
		put(d, i)
	}
}

// put writes an answer as a guest does.
func put(d *deadline, i int) { d.call.answers.table[i*deliverySize+decisionAt] = 1 }

// Elsewhere than on Linux nobody tells the time of a thread: then it is that on the wall.
func TestSpanWithoutAClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDeadline(context.Background(), nil)
		d.clock = func() (time.Duration, bool) { return 0, false }
		took := run(d, func(d *deadline) {
			answer(d, 5, 90*time.Millisecond)
			loop(d)
		})
		if took -= 450 * time.Millisecond; !errors.Is(d.err(), errLate) || took < limit || took > limit+limit/4 {
			t.Errorf("ended %v after the last answer with %v", took, d.err())
		}
	})
}

// A guest that does not ask, or once only, is not measured: that is most calls.
func TestShortCallsReadNoClock(t *testing.T) {
	d := newDeadline(context.Background(), nil)
	d.clock = func() (time.Duration, bool) {
		t.Error("the clock was read")
		return 0, true
	}
	for range 100 {
		d.begin(context.Background(), time.Hour)
		d.enter(make([]byte, deliverySize), deliverySize, decisionAt)
		if fuel := d.ask(); fuel <= 0 {
			t.Errorf("got %d units", fuel)
		}
		d.leave()
		d.stop()
	}
}

// Who gave up, and an instance that was closed, ends the call at its next question, and its sleep at once.
func TestEndFromOutside(t *testing.T) {
	for name, guest := range map[string]func(*deadline){"a loop": loop, "a sleep": func(d *deadline) { d.sleep(int64(limit)) }} {
		for _, closed := range []bool{true, false} {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				d := newDeadline(context.Background(), nil)
				d.clock = share(1)
				start := time.Now()
				time.AfterFunc(limit/2, func() {
					if closed {
						d.end(context.Canceled)
					} else {
						cancel()
					}
				})
				run(d, func(d *deadline) {
					d.parent = ctx
					guest(d)
				})
				if took := time.Since(start); !errors.Is(d.err(), context.Canceled) || took < limit/2 || took > limit/2+pause {
					t.Errorf("%s, closed %t: ended after %v with %v", name, closed, took, d.err())
				}
			})
		}
	}
}

// The real clock: it goes while its thread works.
func TestThreads(t *testing.T) {
	if runtime.GOOS != "linux" {
		return // there is none
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	begin, known := threads()
	if !known {
		t.Fatal("the clock of this thread is not known")
	}
	seen := time.Duration(0)
	for now := begin; now < begin+20*time.Millisecond; now, _ = threads() {
		if now < seen {
			t.Fatalf("it went back from %v to %v", seen, now)
		}
		seen = now
	}
}
