package loop_test

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor/native"
	"github.com/peltonhq/pelton/decode"
	"github.com/peltonhq/pelton/delivery"
	"github.com/peltonhq/pelton/delivery/lot"
)

// seen is one offer of a message.
type seen struct {
	payload string
	attempt uint32
	at      time.Time
}

// watch is a plugin that notes its offers and answers them.
func watch(offers *log[seen], answer handler) handler {
	return func(m *native.Message, out *native.Out) pelton.Verdict {
		offers.add(seen{string(m.Payload()), m.Attempt(), time.Now()})
		return answer(m, out)
	}
}

func TestAck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1000, echo, ack)
		out := w.to(0)
		w.start()
		w.settle()
		w.told(1000)
		for i, payload := range out.payloads() {
			if payload != strconv.Itoa(i) {
				t.Fatalf("effect %d is %q", i, payload)
			}
		}
		s := w.loop.Stats()
		if c := s.Counts; out.count() != 1000 || c.Admitted != 1000 || c.Plugins[0].Acked != 1000 || c.Plugins[0].Emits != 1000 || c.Plugins[1].Acked != 1000 {
			t.Errorf("counts %+v, %d effects", c, out.count())
		}
		if s.Position != 1000*step || s.Watermark != 1000*step || s.Open != 0 || s.Paused != "" {
			t.Errorf("stats %+v", s)
		}
		w.close()
	})
}

func TestRetryByPolicy(t *testing.T) {
	for name, c := range map[string]struct {
		exhausted delivery.Exhausted
		dead      int
		dropped   uint64
	}{"dead": {delivery.ExhaustedDead, 1, 0}, "drop": {delivery.ExhaustedDrop, 0, 1}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var offers log[seen]
				w := newWorld(t, 3, watch(&offers, func(m *native.Message, _ *native.Out) pelton.Verdict {
					if string(m.Payload()) == "1" {
						return pelton.Retry(0)
					}
					return pelton.Ack()
				}))
				w.graph.Plugins[0].Policy.Exhausted = c.exhausted
				w.start()
				w.settle()
				w.told(3)
				var last time.Time
				attempt := uint32(0)
				for _, o := range offers.get() {
					if o.payload != "1" {
						continue
					}
					attempt++
					least, most := time.Second*3/4<<(attempt-2), time.Second<<(attempt-2)
					if wait := o.at.Sub(last); o.attempt != attempt || attempt > 1 && (wait < least || wait > most) {
						t.Errorf("attempt %d after %v, want attempt %d after %v to %v", o.attempt, wait, attempt, least, most)
					}
					last = o.at
				}
				if attempt != 3 {
					t.Errorf("%d attempts, want 3", attempt)
				}
				dead := w.dead()
				if len(dead) != c.dead || w.loop.Stats().Counts.Plugins[0].Dropped != c.dropped {
					t.Errorf("%d dead, %+v", len(dead), w.loop.Stats().Counts)
				}
				for _, e := range dead {
					if e.Kind != delivery.KindDelivery || e.Attempt != 3 || string(e.Payload) != "1" || string(e.Key) != "k1" ||
						!strings.Contains(e.Reason, "after 3 attempts") || e.Revision != 1 {
						t.Errorf("dead letter %+v", e)
					}
				}
				w.close()
			})
		})
	}
}

func TestExhaustedStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mended atomic.Bool
		w := newWorld(t, 20_000, func(*native.Message, *native.Out) pelton.Verdict {
			if mended.Load() {
				return pelton.Ack()
			}
			return pelton.Verdict{Decision: pelton.DecisionRetry, Reason: "no database"}
		})
		w.graph.Plugins[0].Policy.Exhausted = delivery.ExhaustedStop
		w.lane.make = keyed(0)
		w.start()
		w.pass(time.Minute)
		if why := w.loop.Stats().Paused; !strings.Contains(why, "plugin/a: stopped after 3 attempts: no database") {
			t.Errorf("paused: %q", why)
		}
		if s := w.loop.Stats(); s.Wait != delivery.WaitStopped || s.Plugins[0].Halted == "" {
			t.Errorf("waits for %q: %+v", s.Wait, s.Plugins)
		}
		w.told(0)
		w.loop.Resume(0) // nothing is mended: it stops after one attempt more
		w.pass(time.Minute)
		if why := w.loop.Stats().Plugins[0].Halted; !strings.Contains(why, "stopped after 3 attempts") {
			t.Errorf("after a resume in vain: %q", why)
		}
		mended.Store(true)
		w.loop.Resume(0)
		w.settle()
		w.told(20_000)
		if s := w.loop.Stats(); s.Plugins[0].Halted != "" || s.Counts.Plugins[0].Dead != 0 {
			t.Errorf("after the resume: %+v", s)
		}
		w.close()
	})
}

func TestRetryAfterIsNeverEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var offers log[seen]
		w := newWorld(t, 1, watch(&offers, func(m *native.Message, _ *native.Out) pelton.Verdict {
			switch m.Attempt() {
			case 1:
				return pelton.Retry(3 * time.Second) // in memory
			case 2:
				return pelton.Retry(time.Hour) // parked
			}
			return pelton.Ack()
		})).start()
		w.pass(time.Minute)
		if all := w.parked(); len(all) != 1 || all[0].Kind != delivery.KindRetry {
			t.Fatalf("parked %+v", all)
		}
		w.empty()
		w.told(1)
		w.pass(2 * time.Hour)
		w.settle()
		got := offers.get()
		if len(got) != 3 || got[1].at.Sub(got[0].at) < 3*time.Second || got[2].at.Sub(got[1].at) < time.Hour || got[2].attempt != 3 {
			t.Errorf("offers %v", got)
		}
		if len(w.parked()) != 0 || w.marks() != 0 {
			t.Errorf("%d records and %d marks are left", len(w.parked()), w.marks())
		}
		w.close()
	})
}

func TestDefer(t *testing.T) {
	for _, wait := range []time.Duration{time.Millisecond, time.Second, time.Hour} {
		t.Run(wait.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var offers log[seen]
				w := newWorld(t, 100, watch(&offers, func(m *native.Message, _ *native.Out) pelton.Verdict {
					if meta := m.Meta(); meta.Defers == 0 && meta.Position%(4*step) == 0 {
						return pelton.Defer(time.Now().Add(wait))
					}
					return pelton.Ack()
				}))
				w.lane.make = keyed(0)
				w.start()
				w.settle()
				if wait == time.Hour {
					if len(w.parked()) != 25 {
						t.Errorf("%d parked, want 25", len(w.parked()))
					}
					w.told(100) // they don't hold the watermark
					w.pass(wait)
					w.settle()
				}
				w.told(100)
				first := map[string]time.Time{}
				back := 0
				for _, o := range offers.get() {
					if was, ok := first[o.payload]; !ok {
						first[o.payload] = o.at
					} else if back++; o.at.Sub(was) < max(wait, delivery.MinDefer) || o.attempt != 1 {
						t.Errorf("%s came back after %v as attempt %d", o.payload, o.at.Sub(was), o.attempt)
					}
				}
				if back != 25 || len(w.parked()) != 0 || w.marks() != 0 {
					t.Errorf("%d came back; %d records and %d marks are left", back, len(w.parked()), w.marks())
				}
				w.close()
			})
		})
	}
}

func TestDueOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var back log[seen]
		start := time.Now()
		due := func(payload string) time.Time {
			n := 0
			_, _ = fmt.Sscan(payload, &n)
			return start.Add(time.Hour + time.Duration(n*7919%1000)*time.Second)
		}
		w := newWorld(t, 1000, func(m *native.Message, _ *native.Out) pelton.Verdict {
			if m.Meta().Defers == 0 {
				return pelton.Defer(due(string(m.Payload())))
			}
			back.add(seen{payload: string(m.Payload()), at: time.Now()})
			return pelton.Ack()
		})
		w.lane.make = keyed(0)
		w.start()
		w.settle()
		w.pass(2 * time.Hour)
		got := back.get()
		for i, o := range got {
			if o.at.Before(due(o.payload)) || i > 0 && due(o.payload).Before(due(got[i-1].payload)) {
				t.Fatalf("%s came at %v, due %v", o.payload, o.at, due(o.payload))
			}
		}
		if len(got) != 1000 {
			t.Errorf("%d came back", len(got))
		}
		w.close()
	})
}

func TestMaxDefers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, func(*native.Message, *native.Out) pelton.Verdict { return pelton.Defer(time.Now().Add(time.Minute)) }).start()
		w.pass(time.Hour)
		if dead := w.dead(); len(dead) != 1 || !strings.Contains(dead[0].Reason, "deferred 5 times") {
			t.Errorf("dead %+v", dead)
		}
		w.close()
	})
}

func TestDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 10, func(m *native.Message, out *native.Out) pelton.Verdict {
			out.Emit("", nil, m.Payload())
			return pelton.Dead("not wanted: " + string(m.Payload()))
		}, ack)
		out := w.to(0)
		w.start()
		w.settle()
		w.told(10)
		dead := w.dead()
		if len(dead) != 10 || out.count() != 0 {
			t.Fatalf("%d dead, %d effects (E1)", len(dead), out.count())
		}
		for i, e := range dead {
			if e.Reason != fmt.Sprint("not wanted: ", i) || e.ID.Target.Name != "a" || e.First.IsZero() || e.Failed.IsZero() || e.State != lot.StateDead {
				t.Errorf("dead letter %+v", e)
			}
		}
		if c := w.loop.Stats().Counts.Plugins; c[0].Dead != 10 || c[0].Discarded != 10 || c[1].Acked != 10 {
			t.Errorf("counts %+v", c)
		}
		w.close()
	})
}

func TestFaultsHarmOnlyTheirMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 100, func(m *native.Message, out *native.Out) pelton.Verdict {
			if string(m.Payload()) == "42" {
				panic("the answer")
			}
			return echo(m, out)
		})
		out := w.to(0)
		w.start()
		w.settle()
		w.told(100)
		dead := w.dead()
		if len(dead) != 1 || string(dead[0].Payload) != "42" || !strings.Contains(dead[0].Reason, "panic: the answer") {
			t.Errorf("dead %+v", dead)
		}
		if c := w.loop.Stats().Counts.Plugins[0]; c.Faults != 3 || c.Acked != 99 || out.count() != 99 {
			t.Errorf("counts %+v, %d effects", c, out.count())
		}
		w.close()
	})
}

func TestBadFrames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 10, ack)
		w.decode = decode.Config{Format: decode.JSON, MaxMessage: 1000}
		w.lane.make = func(i int) (string, string) {
			switch i {
			case 3:
				return "", "{"
			case 5:
				return "", `"` + strings.Repeat("x", 2000) + `"`
			}
			return "", strconv.Itoa(i)
		}
		w.start()
		w.settle()
		w.told(10)
		dead := w.dead()
		if len(dead) != 2 {
			t.Fatalf("%d dead letters, want 2", len(dead))
		}
		for i, at := range []uint64{3 * step, 5 * step} {
			if e := dead[i]; e.Kind != delivery.KindFrame || e.ID.Message.Position != at || e.ID.Target.Valid() || len(e.Payload) == 0 || e.Reason == "" {
				t.Errorf("dead letter %+v", e)
			}
		}
		if dead[1].Length != 2002 {
			t.Errorf("length %d, want 2002", dead[1].Length)
		}
		if c := w.loop.Stats().Counts; c.Bad != 2 || c.Plugins[0].Acked != 8 {
			t.Errorf("counts %+v", c)
		}
		w.close()
	})
}

func TestRefusedEffects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runs := log[string]{}
		w := newWorld(t, 10, func(m *native.Message, out *native.Out) pelton.Verdict {
			runs.add(string(m.Payload()))
			return echo(m, out)
		})
		out := w.to(0)
		out.refuse = func(e *pelton.Effect) error {
			if string(e.Payload) == "4" {
				return errors.New("too spicy")
			}
			return nil
		}
		w.start()
		w.settle()
		w.told(10)
		dead := w.dead()
		if len(dead) != 1 || dead[0].Kind != delivery.KindEmit || dead[0].Reason != "too spicy" || dead[0].ID.Target != w.graph.Targets[0] || string(dead[0].Payload) != "4" {
			t.Errorf("dead %+v", dead)
		}
		if len(runs.get()) != 10 {
			t.Errorf("E2: the plugin ran %d times", len(runs.get()))
		}
		w.replay(dead[0], out)
		if len(runs.get()) != 10 {
			t.Errorf("E2: the plugin ran %d times", len(runs.get()))
		}
		w.close()
	})
}

// replay sends a dead letter back, and checks that its target got it this time.
func (w *world) replay(e *lot.Entry, g *target) {
	w.t.Helper()
	before := g.count()
	g.refuse = nil
	records, err := lot.Replay(w.store, e, time.Now(), false, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.loop.Act(w.t.Context(), change(records)); err != nil {
		w.t.Fatal(err)
	}
	w.pass(time.Second)
	if got := w.dead(); len(got) != 1 || got[0].State != lot.StateSettled || g.count() != before+1 || len(w.parked()) != 0 {
		w.t.Errorf("after the replay: %+v, %d effects, %d parked", got, g.count(), len(w.parked()))
	}
}

func TestReplayOfADelivery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fixed := false
		w := newWorld(t, 3, func(m *native.Message, out *native.Out) pelton.Verdict {
			if string(m.Payload()) == "1" && !fixed {
				return pelton.Dead("broken")
			}
			return echo(m, out)
		})
		out := w.to(0)
		w.start()
		w.settle()
		fixed = true
		w.replay(w.dead()[0], out)
		if got := out.payloads(); !slices.Equal(got, []string{"0", "2", "1"}) {
			t.Errorf("effects %v", got)
		}
		if c := w.loop.Stats().Counts.Plugins[0]; c.Acked != 3 || c.Dead != 1 {
			t.Errorf("counts %+v", c)
		}
		w.close()
	})
}

func TestDirect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 500)
		out := w.to(-1)
		w.start()
		w.settle()
		w.told(500)
		for i, payload := range out.payloads() {
			if payload != strconv.Itoa(i) || string(out.got[i].Key) != fmt.Sprint("k", i%7) {
				t.Fatalf("effect %d is %q", i, payload)
			}
		}
		if out.count() != 500 {
			t.Errorf("%d effects", out.count())
		}
		w.close()
	})
}
