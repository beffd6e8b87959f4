package loop_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/delivery"
	"github.com/peltonhq/pelton/delivery/lot"
	"github.com/peltonhq/pelton/store"
)

// A paused plugin is offered nothing, from the lane's start on: its lane fills and pauses, and says why. Resumed, it gets
// everything once and in order.
func TestPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 20_000, echo)
		out := w.to(0)
		w.options.Paused = []delivery.Pause{delivery.Paused}
		w.start()
		w.pass(time.Minute)
		if s := w.loop.Stats(); s.Wait != delivery.WaitPaused || !strings.HasPrefix(s.Paused, "plugin/a: paused by an operator") || s.Counts.Plugins[0].Offered != 0 {
			t.Errorf("waits for %q: %q, %d offered", s.Wait, s.Paused, s.Counts.Plugins[0].Offered)
		}
		w.loop.Resume(0) // which is for one that stopped
		w.pass(time.Second)
		if n := w.loop.Stats().Counts.Plugins[0].Offered; n != 0 {
			t.Errorf("%d offered to a paused plugin", n)
		}
		w.loop.Pause(0, delivery.Flowing)
		w.settle()
		w.told(20_000)
		for i, got := range out.payloads() {
			if got != fmt.Sprint(i) {
				t.Fatalf("effect %d is %q", i, got)
			}
		}
		w.close()
	})
}

// A plugin whose deliveries are parked holds nothing up: the source goes on and is told. They spend no attempt, survive
// a restart, and come back in the order of their keys once they are released.
func TestPauseParks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 500
		w := newWorld(t, n, echo, echo)
		parks, flows := w.to(0), w.to(1)
		w.options.Paused = []delivery.Pause{delivery.Parking, delivery.Flowing}
		w.start()
		w.settle()
		w.told(n)
		if len(parks.payloads()) != 0 || len(flows.payloads()) != n {
			t.Errorf("%d and %d effects", len(parks.payloads()), len(flows.payloads()))
		}
		heads := w.paused(n)
		if err := w.loop.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.options.Paused = nil
		w.run()
		w.pass(time.Hour)
		w.paused(n)
		for _, id := range heads {
			err := w.loop.Act(t.Context(), func(out func(pelton.EffectID) bool) ([]store.Record, error) {
				e, err := lot.Get(w.store, id)
				if err != nil || out(id) {
					return nil, err
				}
				return lot.Postpone(e, time.Now().UTC()), nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		w.settle()
		w.pass(time.Minute)
		last := map[int]int{}
		for _, got := range parks.payloads() {
			var at int
			_, _ = fmt.Sscan(got, &at)
			if before, ok := last[at%7]; ok && before >= at {
				t.Errorf("D3: %d came after %d", at, before)
			}
			last[at%7] = at
		}
		if len(parks.payloads()) != n || len(w.parked()) != 0 || w.marks() != 0 {
			t.Errorf("%d effects, %d parked, %d marks", len(parks.payloads()), len(w.parked()), w.marks())
		}
		w.close()
	})
}

// paused checks that n deliveries are parked since their plugin is paused, or behind such, and gives the former.
func (w *world) paused(n int) (heads []pelton.EffectID) {
	w.t.Helper()
	all := w.parked()
	for _, e := range all {
		if e.Kind == delivery.KindPause {
			heads = append(heads, e.ID)
		}
		if e.Kind != delivery.KindPause && e.Kind != delivery.KindBehind || e.Attempt != 1 {
			w.t.Errorf("parked %+v", e)
		}
	}
	if c, err := lot.Count(w.store); len(all) != n || len(heads) == 0 || err != nil || !c.NextDue.IsZero() {
		w.t.Errorf("%d parked, %d of them heads, next due %v, %v", len(all), len(heads), c.NextDue, err)
	}
	return heads
}
