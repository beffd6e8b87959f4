package loop_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/actor/native"
)

// swap puts another handler in the place of the first plugin's, and waits for the answer, which must not need the lane.
func (w *world) swap(revision int, h handler, s actor.Strategy) {
	w.t.Helper()
	module := native.Module("next", func() native.Plugin { return plugin{h} })
	result, err := w.plugins[0].Swap(w.t.Context(), actor.Version{Revision: revision, Module: module}, s)
	if err != nil || result.State != actor.StateLive {
		w.t.Errorf("swap: %+v, %v", result, err)
	}
	synctest.Wait()
}

// marked echoes with a word in front.
func marked(word string) handler {
	return func(m *native.Message, out *native.Out) pelton.Verdict {
		out.Emit("", m.Key(), append([]byte(word+" "), m.Payload()...))
		return pelton.Ack()
	}
}

// Swap while deliveries are held, retried and parked, with their timers running: they stay what they are. A held one is settled by
// the token that the old version gave out; what comes back comes to the new version, at its time and in the same attempt.
func TestSwapWhileMessagesWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 6, func(m *native.Message, out *native.Out) pelton.Verdict {
			switch m.Position() / step {
			case 0, 1:
				return pelton.Hold(time.Hour)
			case 2:
				return pelton.Retry(3 * time.Second) // waits in memory
			case 3:
				return pelton.Retry(time.Minute) // waits in the store
			case 4:
				return pelton.Defer(time.Now().Add(10 * time.Minute))
			}
			return marked("old")(m, out)
		})
		w.lane.make = keyed(0)
		out := w.to(0)
		w.start()
		w.pass(time.Second)
		if got := out.payloads(); !slices.Equal(got, []string{"old 5"}) {
			t.Fatalf("before the swap %q", got)
		}
		var attempts log[string]
		began := time.Now()
		w.swap(2, func(m *native.Message, out *native.Out) pelton.Verdict {
			attempts.add(string(m.Payload()) + " in attempt " + strconv.Itoa(int(m.Attempt())) + " after " + time.Since(began).Round(time.Second).String())
			return marked("new")(m, out)
		}, actor.Strategy{})
		held := w.parked()
		for _, e := range held {
			if e.ID.Message.Position == 0 {
				if err := w.loop.Settle(t.Context(), e.ID, 1, decision(pelton.Ack(), "settled 0")); err != nil {
					t.Error(err)
				}
			}
		}
		w.pass(2 * time.Hour)
		if got := out.payloads(); !slices.Equal(got, []string{"old 5", "new 2", "settled 0", "new 3", "new 4", "new 1"}) {
			t.Errorf("effects %q", got)
		}
		want := []string{"2 in attempt 2 after 2s", "3 in attempt 2 after 59s", "4 in attempt 1 after 9m59s"}
		if got := attempts.get(); len(got) != 4 || !slices.Equal(got[:3], want) || !strings.HasPrefix(got[3], "1 in attempt 2 after 59m") {
			t.Errorf("the new version got %q", got)
		}
		w.settle()
		w.told(6)
		w.close()
	})
}

// Swap while the store does not answer and while a sink takes nothing: it waits for neither, and all is done once when they do.
func TestSwapWhileStoreAndSinkAreStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 50, func(m *native.Message, out *native.Out) pelton.Verdict {
			if m.Position()/step%5 == 0 {
				return pelton.Defer(time.Now().Add(time.Hour)) // to be written
			}
			return marked("old")(m, out)
		})
		out := w.to(0)
		out.room = 3
		w.start()
		w.store.Hold()
		w.pass(time.Second)
		for revision := range 3 {
			began := time.Now()
			w.swap(revision+2, marked("new"), actor.Strategy{})
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("the swap was answered after %v", took)
			}
		}
		if out.count() != 3 {
			t.Errorf("the sink took %d effects", out.count())
		}
		w.store.Release()
		out.open(1000)
		w.pass(2 * time.Hour)
		w.settle()
		w.told(50)
		if out.count() != 50 {
			t.Errorf("%d effects, want 50: %q", out.count(), out.payloads())
		}
		w.close()
	})
}

// A paused plugin is given nothing more: its lane fills and its source waits, and nothing is lost when it goes on.
func TestPausedPluginPausesItsLane(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 40_000, echo)
		out := w.to(0)
		w.start()
		w.plugins[0].Pause(true)
		w.pass(time.Minute)
		stopped := out.count()
		if s := w.loop.Stats(); s.Ended || stopped == 40_000 {
			t.Fatalf("the lane goes on: %d effects, %+v", stopped, s)
		}
		w.swap(2, echo, actor.Strategy{})
		w.pass(time.Minute)
		if out.count() != stopped || w.plugins[0].Stats().State != actor.StatePaused {
			t.Errorf("%d effects after a swap of the paused plugin, which is %s; before %d", out.count(), w.plugins[0].Stats().State, stopped)
		}
		w.plugins[0].Pause(false)
		w.settle()
		w.told(40_000)
		if out.count() != 40_000 {
			t.Errorf("%d effects", out.count())
		}
		w.close()
	})
}

// The order of keys through a canary that moves them, with retries and deferrals at their heads (D3).
func TestCanaryKeepsKeyOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := func(m *native.Message, out *native.Out) pelton.Verdict {
			switch at := m.Position() / step; {
			case at%17 == 3 && m.Attempt() == 1:
				return pelton.Retry(200 * time.Millisecond)
			case at%19 == 4 && m.Meta().Defers == 0:
				return pelton.Defer(time.Now().Add(time.Second))
			}
			time.Sleep(5 * time.Millisecond)
			return echo(m, out)
		}
		w := newWorld(t, 3000, slow)
		w.lane.make = keyed(40)
		w.graph.Plugins[0].Instances = 2
		out := w.to(0)
		w.start()
		w.pass(time.Second)
		w.swap(2, slow, actor.Strategy{Kind: actor.Canary, Percent: []float64{10, 40, 70}, Hold: time.Second})
		w.settle()
		w.told(3000)
		last := map[string]int{}
		for _, e := range out.got {
			n, err := strconv.Atoi(string(e.Payload))
			if err != nil {
				t.Fatal(err)
			}
			if before, ok := last[string(e.Key)]; ok && n <= before {
				t.Errorf("D3: message %d of key %s came after %d", n, e.Key, before)
			}
			last[string(e.Key)] = n
		}
		if out.count() != 3000 {
			t.Errorf("%d effects", out.count())
		}
		w.close()
	})
}

// Another number of instances comes with a restart: keys that wait are blocked before anything is admitted, wherever they are
// pinned then.
func TestInstanceCountChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 200, func(m *native.Message, out *native.Out) pelton.Verdict {
			if m.Position()/step < 20 && m.Attempt() < 3 {
				return pelton.Retry(20 * time.Second)
			}
			return echo(m, out)
		})
		w.lane.make = keyed(20)
		out := w.to(0)
		for _, instances := range []int{1, 4, 2} {
			w.graph.Plugins[0].Instances = instances
			w.start()
			w.pass(10 * time.Second)
			if instances == 2 {
				break
			}
			_ = w.loop.Close(t.Context())
			w.dismantle()
		}
		w.pass(time.Minute)
		w.settle()
		w.told(200)
		last, seen := map[string]int{}, map[string]bool{}
		for _, e := range out.got {
			n, _ := strconv.Atoi(string(e.Payload))
			if n < last[string(e.Key)] {
				t.Errorf("D3: message %d of key %s came after %d", n, e.Key, last[string(e.Key)])
			}
			last[string(e.Key)], seen[string(e.Payload)] = n, true
		}
		if len(seen) != 200 {
			t.Errorf("%d of 200 messages came out", len(seen))
		}
		w.close()
	})
}
