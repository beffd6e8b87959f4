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
	"github.com/peltonhq/pelton/delivery"
	"github.com/peltonhq/pelton/loop"
	"github.com/peltonhq/pelton/store"
)

// inOrder checks that the target got 0 … n-1, each once, in order.
func inOrder(t *testing.T, g *target, n int) {
	t.Helper()
	got := g.payloads()
	for i, payload := range got {
		if payload != strconv.Itoa(i) {
			t.Fatalf("effect %d is %q", i, payload)
		}
	}
	if len(got) != n {
		t.Errorf("%d effects, want %d", len(got), n)
	}
}

func TestTargetThatTakesNothingPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 20_000, echo)
		out := w.to(0)
		out.room = 0
		w.start()
		for range 20 {
			w.pass(time.Minute)
			s := w.loop.Stats()
			if !strings.HasPrefix(s.Paused, "sink/k takes no more") || s.Idle {
				t.Fatalf("paused %q, idle %v", s.Paused, s.Idle)
			}
			if m := w.memory.Stats(); m.BytesUsed > m.Size || s.Position >= 20_000*step {
				t.Fatalf("A2: %d of %d bytes, position %d", m.BytesUsed, m.Size, s.Position)
			}
			out.open(100)
		}
		if out.count() < 1900 {
			t.Errorf("it took only %d", out.count())
		}
		out.open(20_000)
		w.settle()
		w.told(20_000)
		inOrder(t, out, 20_000)
		if why := w.loop.Stats().Paused; why != "" {
			t.Errorf("paused %q", why)
		}
		w.close()
	})
}

func TestFullStorePauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 20_000, func(m *native.Message, _ *native.Out) pelton.Verdict { return pelton.Dead(string(m.Payload())) })
		w.start()
		w.store.Fill("store.max_bytes reached")
		w.pass(time.Minute)
		if s := w.loop.Stats(); s.Paused != "store: store.max_bytes reached" || s.Ended || s.Position == 20_000*step {
			t.Errorf("paused %q with %d open", s.Paused, s.Open)
		}
		told := w.lane.told()
		w.pass(time.Minute)
		if w.lane.told() != told {
			t.Error("D2: the source is told while nothing becomes durable")
		}
		for range 10 { // room for a while only
			w.store.Fill("")
			w.pass(time.Microsecond)
			w.store.Fill("again")
			w.pass(time.Second)
		}
		w.store.Fill("")
		w.settle()
		w.told(20_000)
		if dead := w.dead(); len(dead) != 20_000 {
			t.Errorf("%d dead letters", len(dead))
		}
		w.close()
	})
}

func TestSlowStoreBoundsWhatIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2000)
		w.decode.Format, w.decode.MaxMessage = "json", 32<<10
		w.lane.make = func(int) (string, string) { return "", strings.Repeat("{", 16<<10) }
		w.start()
		w.store.Hold()
		w.pass(time.Minute)
		s := w.loop.Stats()
		if s.Counts.Bad > 400 || !strings.HasPrefix(s.Paused, "store: it is behind") {
			t.Errorf("A2: %d bad frames of 16 KiB wait for the store; paused %q", s.Counts.Bad, s.Paused)
		}
		w.store.Release()
		w.settle()
		if len(w.dead()) != 2000 {
			t.Errorf("%d dead letters", len(w.dead()))
		}
		w.close()
	})
}

func TestBrokenStoreEndsTheLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1000, echo)
		w.to(0)
		w.lane.endless = true
		w.start()
		w.pass(time.Second)
		told := w.lane.told()
		w.store.Break()
		if err := w.loop.Act(t.Context(), change([]store.Record{{Op: store.Put, Key: store.Key(store.SpaceKV, "x")}})); !errors.Is(err, loop.ErrClosed) {
			t.Errorf("an append to a broken store: %v", err)
		}
		w.pass(time.Second)
		_, failure := w.trouble()
		if !errors.Is(failure, store.ErrFailed) || !strings.Contains(w.loop.Stats().Failure, "lane s/i/l") || w.lane.told() != told {
			t.Errorf("failure %v, stats %q", failure, w.loop.Stats().Failure)
		}
		w.close()
	})
}

// A dead letter or a parked record that can't be written leaves its message with the source: nothing is told, and after
// the store is mended it comes again (D2).
func TestFailedRecordLeavesItsMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 200
		var asked atomic.Int64
		w := newWorld(t, n, func(m *native.Message, _ *native.Out) pelton.Verdict {
			asked.Add(1)
			if m.Meta().Position/step%2 == 0 || m.Meta().Defers > 0 {
				return pelton.Dead("never")
			}
			return pelton.Defer(time.Now().Add(time.Hour))
		})
		w.graph.Plugins[0].Policy.ByKey = false
		w.options.Pace = loop.NewPace(100)
		w.reopen()
		w.furnish()
		w.run()
		w.pass(time.Second)
		if told := w.lane.told(); told == 0 || told == n*step {
			t.Fatalf("the source was told %d before anything failed", told)
		}
		w.store.Break()
		before := asked.Load()
		w.pass(10 * time.Second)
		told := w.lane.told()
		if _, failure := w.trouble(); !errors.Is(failure, store.ErrFailed) || asked.Load() == before {
			t.Errorf("failure %v after %d offers more", failure, asked.Load()-before)
		}
		_ = w.loop.Close(t.Context()) // its failure was told
		if w.lane.told() != told {
			t.Error("D2: the source was told after the store broke")
		}
		w.dismantle()

		w.reopen()
		if written := uint64(len(w.dead()) + len(w.parked())); written*step < told {
			t.Errorf("D2: the source was told %d, and %d records are there", told, written)
		}
		w.furnish()
		w.run()
		w.pass(2 * time.Hour)
		w.settle()
		w.told(n)
		if len(w.dead()) != n || len(w.parked()) != 0 {
			t.Errorf("%d dead letters of %d, %d parked", len(w.dead()), n, len(w.parked()))
		}
		w.close()
	})
}

// chain is three plugins, each of which emits two for one.
func chain(t *testing.T, n int) (*world, *target) {
	t.Helper()
	twice := func(m *native.Message, out *native.Out) pelton.Verdict {
		for i := range 2 {
			out.Emit("", m.Key(), fmt.Appendf(nil, "%s.%d", m.Payload(), i))
		}
		return pelton.Ack()
	}
	w := newWorld(t, n, []handler{twice, twice, twice}...)
	w.graph.Source.Plugins = []int{0}
	w.route(0, delivery.Routes{Plugins: []int{1}})
	w.route(1, delivery.Routes{Plugins: []int{2}})
	w.arena.Size, w.arena.MaxMessage, w.queue = 16<<10, 4<<10, 16<<10
	w.decode.MaxMessage = 4 << 10
	out := w.to(2)
	return w, out
}

func TestChainInTheSmallestArenas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, out := chain(t, 3000)
		w.start()
		w.settle()
		w.told(3000)
		got := out.payloads()
		if len(got) != 8*3000 {
			t.Fatalf("%d effects, want %d", len(got), 8*3000)
		}
		n := 0
		seen := map[string]bool{}
		for _, payload := range got {
			seen[payload] = true
			if strings.HasPrefix(payload, "17.") {
				want := fmt.Sprintf("17.%d.%d.%d", n>>2&1, n>>1&1, n&1)
				if n++; payload != want {
					t.Errorf("D3: %s where %s comes next", payload, want)
				}
			}
		}
		if len(seen) != 8*3000 || out.got[0].ID.Message.Path != "a#0/b#0/c#0" {
			t.Errorf("%d different effects, the first is %s", len(seen), out.got[0].ID)
		}
		w.close()
	})
}

func TestChainBehindATargetThatTakesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, out := chain(t, 6000)
		out.room = 0
		w.start()
		w.pass(time.Minute)
		if s := w.loop.Stats(); !strings.HasPrefix(s.Paused, "sink/k takes no more") {
			t.Errorf("paused %q", s.Paused)
		}
		for range 1000 {
			out.open(3)
			w.pass(time.Millisecond)
		}
		out.open(8 * 6000)
		w.settle()
		if out.count() != 8*6000 {
			t.Errorf("%d effects", out.count())
		}
		w.close()
	})
}

func TestEmitTooLargeForItsReaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 3, func(m *native.Message, out *native.Out) pelton.Verdict {
			out.Emit("", m.Key(), make([]byte, 5000))
			out.Emit("", m.Key(), m.Payload())
			return pelton.Ack()
		}, ack, watch(new(log[seen]), ack))
		w.graph.Source.Plugins = []int{0}
		w.queue = 16 << 10
		w.route(0, delivery.Routes{Plugins: []int{1, 2}})
		w.start()
		w.settle()
		w.told(3)
		dead := w.dead()
		if len(dead) != 6 || dead[0].Kind != delivery.KindEmit || !strings.Contains(dead[0].Reason, "5000 bytes") || len(dead[0].Payload) != 5000 {
			t.Errorf("%d dead letters", len(dead))
		}
		if c := w.loop.Stats().Counts.Plugins; c[1].Acked != 3 || c[2].Acked != 3 {
			t.Errorf("counts %+v", c)
		}
		w.close()
	})
}

// Two lanes of one source share its arena, the plugins and their output arenas.
func TestTwoLanes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2000, echo, watch(new(log[seen]), echo))
		w.graph.Source.Plugins = []int{0}
		w.route(0, delivery.Routes{Plugins: []int{1}})
		out := w.to(1)
		w.start()
		second := lane{id: pelton.LaneID{Source: "s", Incarnation: "i", Lane: "m"}, n: 2000, make: w.lane.make}
		first := w.loop
		w.loop = second.start(t, w)
		w.settle()
		if err := w.loop.Close(t.Context()); err != nil {
			t.Error(err)
		}
		w.loop = first
		w.settle()
		w.told(2000)
		if second.told() != 2000*step || out.count() != 4000 {
			t.Errorf("the second lane was told %d; %d effects", second.told(), out.count())
		}
		w.close()
	})
}

// Several instances, several plugins, retries, faults and deferrals: each plugin sees the messages of a key in order, and
// each message once more only if it asked for it (D1, D3); the bytes are the message's own (A1).
func TestKeyOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 3000
		var done [2]log[int]
		order := func(p int) handler {
			return func(m *native.Message, _ *native.Out) pelton.Verdict {
				i := 0
				_, _ = fmt.Sscan(string(m.Payload()), &i)
				if at := int(m.Meta().Position / step); at != i || string(m.Key()) != fmt.Sprint("k", i%7) {
					t.Errorf("A1: message %d is %q with key %q", at, m.Payload(), m.Key())
				}
				switch meta := m.Meta(); {
				case meta.Attempt == 1 && meta.Defers == 0 && (i+p)%11 == 0:
					return pelton.Retry(0)
				case meta.Attempt == 1 && meta.Defers == 0 && (i+p)%13 == 0:
					return pelton.Defer(time.Now().Add(time.Second))
				case meta.Attempt == 1 && meta.Defers == 0 && (i+p)%101 == 0:
					return pelton.Defer(time.Now().Add(time.Minute))
				case meta.Attempt == 1 && meta.Defers == 0 && (i+p)%997 == 0:
					panic("now and then")
				}
				done[p].add(i)
				return pelton.Ack()
			}
		}
		w := newWorld(t, n, order(0), order(1))
		w.graph.Plugins[0].Instances, w.graph.Plugins[1].Instances = 4, 3
		w.start()
		for range 20_000 {
			if w.loop.Stats().Counts.Plugins[0].Acked+w.loop.Stats().Counts.Plugins[1].Acked == 2*n {
				break
			}
			w.pass(time.Second)
		}
		w.settle()
		w.told(n)
		for p := range done {
			got := done[p].get()
			last := map[int]int{}
			for _, i := range got {
				if before, ok := last[i%7]; ok && before >= i {
					t.Fatalf("D3: plugin %d acked %d after %d", p, i, before)
				}
				last[i%7] = i
			}
			slices.Sort(got)
			if len(slices.Compact(got)) != n {
				t.Errorf("D1: plugin %d acked %d of %d", p, len(got), n)
			}
		}
		if len(w.parked()) != 0 || w.marks() != 0 {
			t.Errorf("%d records and %d marks are left", len(w.parked()), w.marks())
		}
		w.close()
	})
}

func TestBehindAKeyPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 5000, func(m *native.Message, _ *native.Out) pelton.Verdict {
			if m.Meta().Position == 0 && m.Meta().Defers == 0 {
				return pelton.Defer(time.Now().Add(time.Hour))
			}
			return pelton.Ack()
		})
		w.graph.Plugins[0].Policy.Behind = 50
		w.lane.make = func(i int) (string, string) { return fmt.Sprint("k", i%2), strings.Repeat("x", 500) }
		w.start()
		w.pass(time.Minute)
		if s := w.loop.Stats(); !strings.Contains(s.Paused, "plugin/a: order.behind reached") || len(w.parked()) != 51 {
			t.Errorf("paused %q, %d parked", s.Paused, len(w.parked()))
		}
		if s := w.loop.Stats(); s.Wait != delivery.WaitBehind || s.Plugins[0].Behind != 50 {
			t.Errorf("waits for %q: %+v", s.Wait, s.Plugins)
		}
		w.pass(2 * time.Hour)
		w.settle()
		w.told(5000)
		w.close()
	})
}
