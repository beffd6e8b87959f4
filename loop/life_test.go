package loop_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor/native"
	"github.com/peltonhq/pelton/loop"
	"github.com/peltonhq/pelton/source"
	"github.com/peltonhq/pelton/store"
)

func (l *lane) start(t *testing.T, w *world) *loop.Loop {
	t.Helper()
	started, err := loop.Start(t.Context(), w.with(l, 0))
	if err != nil {
		t.Fatal(err)
	}
	return started
}

// A lane is killed at random moments, and each life goes on from what is durable: every effect is there exactly once in
// the end, whatever waited, retried or stood in the lot (D1, D2, E2, S2).
func TestCrash(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	synctest.Test(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(seed, 1))
		const n = 600
		w := newWorld(t, n, func(m *native.Message, out *native.Out) pelton.Verdict {
			meta := m.Meta()
			switch i := meta.Position / step; {
			case i%17 == 3 && meta.Attempt == 1:
				return pelton.Retry(time.Second)
			case i%19 == 4 && meta.Defers == 0:
				return pelton.Defer(time.Now().Add(10 * time.Second))
			}
			return echo(m, out)
		}, echo)
		w.graph.Plugins[0].Instances = 2
		w.graph.Source.Plugins = []int{0}
		out := w.to(0)
		w.route(0, w.graph.Source)
		w.graph.Plugins[0].Outputs["default"].Plugins[0] = 1
		second := w.to(1)
		w.options.Pace = loop.NewPace(100)
		for life := 0; ; life++ {
			w.reopen()
			w.furnish()
			w.run()
			if life == 15 {
				break
			}
			w.pass(time.Duration(rng.IntN(2000)) * time.Millisecond)
			w.store.Hold() // what is under way from here on may be lost, or not
			w.pass(time.Duration(rng.IntN(100)) * time.Millisecond)
			w.store.Step(rng.IntN(5))
			synctest.Wait()
			told := w.lane.told()
			w.store.Crash()
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			_ = w.loop.Close(ctx)
			cancel()
			if w.lane.told() != told {
				t.Error("D2: the source was told after the crash")
			}
			w.dismantle()
		}
		w.pass(time.Minute)
		w.settle()
		w.told(n)
		snapshots := map[string]int{}
		for e, err := range w.store.Scan([]byte{store.SpaceSnapshot}, []byte{store.SpaceSnapshot + 1}, store.ScanOptions{}) {
			if err != nil {
				t.Fatal(err)
			}
			snapshots[string(e.Value)]++
		}
		for i := range n {
			if snapshots[strconv.Itoa(i)] != 2 { // one of each target: their keys are the effects' ids
				t.Errorf("D1: message %d has %d effects", i, snapshots[strconv.Itoa(i)])
			}
		}
		taken := map[pelton.EffectID]int{}
		for _, e := range append(out.got, second.got...) {
			taken[e.ID]++
		}
		if len(taken) != 2*n || len(w.parked()) != 0 || w.marks() != 0 {
			t.Errorf("%d different effects, %d records and %d marks are left", len(taken), len(w.parked()), w.marks())
		}
		w.close()
	})
}

func TestCloseDrains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 5000, func(m *native.Message, out *native.Out) pelton.Verdict {
			if m.Attempt() == 1 && m.Meta().Position%(9*step) == 0 {
				return pelton.Retry(2 * time.Second)
			}
			return echo(m, out)
		})
		out := w.to(0)
		out.keep = true
		w.lane.endless, w.options.Pace = true, loop.NewPace(1000)
		w.start()
		w.pass(500 * time.Millisecond)
		closed := make(chan struct{})
		go func() {
			w.close()
			close(closed)
		}()
		w.pass(time.Second)
		select {
		case <-closed:
			t.Error("it ended before its effects were complete")
		default:
		}
		handed := out.count()
		out.complete()
		<-closed
		if out.count() != handed || handed == 0 {
			t.Errorf("%d effects were handed over while it closed, %d before", out.count()-handed, handed)
		}
		w.again(out)
	})
}

// again checks that what a life abandoned comes in the next one.
func (w *world) again(out *target) {
	w.t.Helper()
	w.lane.endless, w.options.Pace = false, nil
	w.start()
	w.settle()
	got := map[string]bool{}
	for _, payload := range out.payloads() {
		got[payload] = true
	}
	if len(got) != w.lane.n {
		w.t.Errorf("%d different effects, want %d", len(got), w.lane.n)
	}
	w.close()
}

func TestCloseGoesWithoutTheRest(t *testing.T) {
	for name, c := range map[string]struct {
		before func(w *world, out *target)
		after  func(w *world, out *target)
		why    string
	}{
		"effects":    {func(_ *world, out *target) { out.keep = true }, func(_ *world, out *target) { out.complete() }, "sink/k has not completed"},
		"no room":    {func(_ *world, out *target) { out.room = 0 }, func(_ *world, out *target) { out.open(1 << 30) }, "sink/k has not completed"},
		"full store": {func(w *world, _ *target) { w.store.Fill("no space") }, func(w *world, _ *target) { w.store.Fill("") }, "store: no space"},
		"held store": {func(w *world, _ *target) { w.store.Hold() }, func(w *world, _ *target) { w.store.Release() }, "the store has not made everything durable"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 5000, echo)
				out := w.to(0)
				w.lane.endless, w.options.Pace = true, loop.NewPace(1000)
				w.start()
				w.pass(500 * time.Millisecond)
				out.mu.Lock()
				c.before(w, out)
				out.mu.Unlock()
				w.pass(500 * time.Millisecond)
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				err := w.loop.Close(ctx)
				if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), c.why) || !strings.HasPrefix(err.Error(), "lane s/i/l: not drained: ") {
					t.Errorf("close: %v, want it to name %s", err, c.why)
				}
				c.after(w, out)
				w.dismantle()
				w.again(out)
			})
		})
	}
}

func TestCloseDuringATurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		w := newWorld(t, 200, func(*native.Message, *native.Out) pelton.Verdict {
			<-gate
			return pelton.Ack()
		}).start()
		w.pass(time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := w.loop.Close(ctx); err == nil || !strings.Contains(err.Error(), "plugin/a is in its turn") {
			t.Errorf("close: %v", err)
		}
		if s := w.memory.Stats(); s.Slots != 64 {
			t.Errorf("A1: the plugin has 64 messages, %d are lent", s.Slots)
		}
		close(gate)
		for _, p := range w.plugins {
			if err := p.Close(t.Context()); err != nil {
				t.Error(err)
			}
		}
		_ = w.store.Close()
	})
}

// A loop that was closed while the store was full claims nothing later: the lane has a new owner then.
func TestCloseWhileFullLeavesTheLaneAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 100, func(*native.Message, *native.Out) pelton.Verdict { return pelton.Dead("no") })
		w.lane.endless = true
		w.start()
		w.store.Fill("no space")
		w.pass(time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := w.loop.Close(ctx); err == nil {
			t.Error("it drained into a full store")
		}
		w.lane.endless = false
		w.run()
		w.store.Fill("")
		w.settle()
		if _, failure := w.trouble(); failure != nil || len(w.dead()) != 100 {
			t.Errorf("failure %v, %d dead", failure, len(w.dead()))
		}
		w.close()
	})
}

func TestRate(t *testing.T) {
	for _, rate := range []float64{0.5, 10, 2000, 100_000} {
		t.Run(fmt.Sprint(rate), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := max(20, int(rate*3))
				var first, last time.Time
				w := newWorld(t, n, func(*native.Message, *native.Out) pelton.Verdict {
					if last = time.Now(); first.IsZero() {
						first = last
					}
					return pelton.Ack()
				})
				w.options.Pace = loop.NewPace(rate)
				w.start()
				w.settle()
				want := time.Duration(float64(n) / rate * float64(time.Second))
				if took := last.Sub(first); took > want || took < want*9/10 {
					t.Errorf("%d messages at %v a second took %v, want %v", n, rate, took, want)
				}
				w.close()
			})
		})
	}
}

func TestSourceErrorIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 500, echo)
		out := w.to(0)
		left := map[int]int{0: 2, 100: 3, 333: 1}
		w.lane.fail = func(i int) error {
			if left[i] > 0 {
				left[i]--
				return fmt.Errorf("no light at %d", i)
			}
			return nil
		}
		w.start()
		w.settle()
		inOrder(t, out, 500)
		w.told(500)
		troubles, failure := w.trouble()
		if len(troubles) != 6 || failure != nil || !strings.Contains(troubles[0].Error(), "lane s/i/l: no light at 0") {
			t.Errorf("troubles %v, failure %v", troubles, failure)
		}
		if got := fmt.Sprint(w.lane.reads); got != "[0 0 0 1000 1000 1000 3330]" {
			t.Errorf("read from %v", got)
		}
		w.close()
	})
}

func TestRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 500, echo)
		out := w.to(0)
		w.lane.fail = func(i int) error {
			if i == 300 {
				return fmt.Errorf("rotated: %w", source.ErrRenewed)
			}
			return nil
		}
		renewed := 0
		w.options.Renewed = func() { renewed++ }
		w.start()
		w.settle()
		inOrder(t, out, 300)
		if troubles, _ := w.trouble(); renewed != 1 || len(troubles) != 0 {
			t.Errorf("renewed %d times, troubles %v", renewed, troubles)
		}
		if err := w.loop.Close(t.Context()); err != nil {
			t.Error(err)
		}
		for range 50 { // the next lane has this one's shares
			w.lane.id.Incarnation += "+"
			w.loop = w.lane.start(t, w)
			w.settle()
			if err := w.loop.Close(t.Context()); err != nil {
				t.Error(err)
			}
		}
		w.dismantle()
	})
}

func TestStartFailsWithoutALeak(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 10, ack).start()
		o := w.with(&w.lane, 0)
		o.Decode.Format = "yaml"
		for range 20 {
			if _, err := loop.Start(t.Context(), o); err == nil || !strings.Contains(err.Error(), "lane s/i/l: decode.format") {
				t.Fatalf("start: %v", err)
			}
		}
		if s := w.memory.Stats(); s.Lanes != 2 {
			t.Errorf("%d lanes are open, want the 2 of the one that runs", s.Lanes)
		}
		_ = w.loop.Close(t.Context()) // its claim is gone
		w.dismantle()
	})
}

// The figures of a lane that came to rest are its last ones, however short the work was.
func TestStatsAreFresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 50, ack)
		w.options.Pace = loop.NewPace(100)
		w.start()
		w.pass(600 * time.Millisecond)
		if s := w.loop.Stats(); s.Counts.Admitted != 50 || !s.Idle || !s.Ended || s.Watermark != 50*step {
			t.Errorf("stats %+v", s)
		}
		w.close()
	})
}

// A message that waits is offered again while others never stop coming.
func TestTimersUnderLoad(t *testing.T) {
	again := make(chan struct{})
	w := newWorld(t, 1<<40, func(m *native.Message, _ *native.Out) pelton.Verdict {
		if m.Meta().Position == 0 {
			if m.Attempt() == 1 {
				return pelton.Retry(time.Millisecond)
			}
			close(again)
		}
		return pelton.Ack()
	})
	w.start()
	<-again
	if err := w.loop.Close(t.Context()); err != nil {
		t.Error(err)
	}
	w.dismantle()
}
