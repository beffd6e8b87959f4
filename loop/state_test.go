package loop_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor/native"
	"github.com/peltonhq/pelton/delivery/lot"
	"github.com/peltonhq/pelton/loop"
	"github.com/peltonhq/pelton/store"
	"github.com/peltonhq/pelton/store/kv"
)

// count counts the messages of each key in the plugin's state, and emits the key and its count.
func count(m *native.Message, out *native.Out) pelton.Verdict {
	state := out.KV()
	value, _ := state.Get(m.Key())
	n, _ := strconv.Atoi(string(value))
	value = strconv.AppendInt(nil, int64(n+1), 10)
	state.Put(m.Key(), value)
	out.Emit("", m.Key(), fmt.Appendf(nil, "%s is at %s", m.Key(), value))
	return pelton.Ack()
}

// spaces opens the states of all plugins of the world.
func (w *world) openSpaces() {
	w.t.Helper()
	w.spaces, w.options.Grants = nil, nil
	for i := range w.graph.Plugins {
		s, err := kv.Open(context.Background(), kv.Options{Store: w.store, Plugin: w.graph.Plugins[i].Name})
		if err != nil {
			w.t.Fatal(err)
		}
		w.spaces, w.options.Grants = append(w.spaces, s), append(w.options.Grants, loop.Grant{State: s})
	}
}

func (w *world) counted(plugin, key string) int {
	w.t.Helper()
	value, err := w.store.Get(append(store.Key(store.SpaceKV, "key", plugin), key...))
	if err != nil {
		w.t.Errorf("%s counted nothing of %s: %v", plugin, key, err)
	}
	n, _ := strconv.Atoi(string(value))
	return n
}

// Two lanes share two plugins that count in their state, one behind the other, and are killed at random moments. In the end
// each message is counted once, and each count was emitted once, though deliveries were run several times (E1, S2).
func TestStateSurvivesCrashes(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	synctest.Test(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(seed, 1))
		const n, keys = 300, 7
		w := newWorld(t, n, func(m *native.Message, out *native.Out) pelton.Verdict {
			meta := m.Meta()
			switch i := meta.Position / step; {
			case i%17 == 3 && meta.Attempt == 1:
				out.KV().Put(m.Key(), []byte("1000")) // takes no effect
				return pelton.Retry(time.Second)
			case i%19 == 4 && meta.Defers == 0:
				out.KV().Delete(m.Key())
				return pelton.Defer(time.Now().Add(10 * time.Second))
			}
			return count(m, out)
		}, count)
		w.graph.Plugins[0].Instances = 2
		w.graph.Source.Plugins = []int{0}
		w.to(0)
		w.route(0, w.graph.Source)
		w.graph.Plugins[0].Outputs["default"].Plugins[0] = 1
		w.to(1)
		w.options.Pace = loop.NewPace(100)
		second := lane{id: pelton.LaneID{Source: "s", Incarnation: "i", Lane: "m"}, n: n, make: keyed(keys)}
		for life := 0; ; life++ {
			w.reopen()
			w.openSpaces()
			w.furnish()
			w.run()
			other := w.runOther(&second)
			if life == 15 {
				w.pass(time.Minute)
				for !other.Stats().Ended || !other.Stats().Idle {
					w.pass(time.Second)
				}
				w.settle()
				w.auditCounts(n, keys)
				if err := other.Close(t.Context()); err != nil {
					t.Error(err)
				}
				w.close()
				return
			}
			w.pass(time.Duration(rng.IntN(1500)) * time.Millisecond)
			w.store.Hold() // what is under way from here on may be lost, or not
			w.pass(time.Duration(rng.IntN(100)) * time.Millisecond)
			w.store.Step(rng.IntN(9))
			synctest.Wait()
			w.store.Crash()
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			_ = w.loop.Close(ctx)
			_ = other.Close(ctx)
			cancel()
			w.dismantle()
		}
	})
}

// reopen opens the store, and its targets write there.
func (w *world) reopen() {
	w.t.Helper()
	var err error
	if w.store, err = w.disk.Open(); err != nil {
		w.t.Fatal(err)
	}
	for i, g := range w.targets {
		g.store = w.store
		if g.token, err = w.store.Claim(w.t.Context(), fmt.Sprint("target", i)); err != nil {
			w.t.Fatal(err)
		}
	}
}

// runOther starts the loop of another lane of the world.
func (w *world) runOther(l *lane) *loop.Loop {
	w.t.Helper()
	at, err := loop.LoadCheckpoint(w.store, "s", l.id.Lane)
	if err != nil {
		w.t.Fatal(err)
	}
	other, err := loop.Start(w.t.Context(), w.with(l, at.Position))
	if err != nil {
		w.t.Fatal(err)
	}
	return other
}

func (w *world) auditCounts(n, keys int) {
	w.t.Helper()
	emitted := map[string]int{}
	for e, err := range w.store.Scan([]byte{store.SpaceSnapshot}, []byte{store.SpaceSnapshot + 1}, store.ScanOptions{}) {
		if err != nil {
			w.t.Fatal(err)
		}
		emitted[string(e.Value)]++
	}
	for k := range keys {
		key := fmt.Sprint("k", k)
		want := 2 * ((n - k + keys - 1) / keys)
		for _, plugin := range []string{"a", "b"} {
			if got := w.counted(plugin, key); got != want {
				w.t.Errorf("E1: %s counted %d of %s, want %d", plugin, got, key, want)
			}
		}
		for i := 1; i <= want; i++ {
			if text := fmt.Sprintf("%s is at %d", key, i); emitted[text] != 2 { // one of each plugin
				w.t.Errorf("S2: %q was emitted %d times", text, emitted[text])
			}
		}
	}
	for e := range lot.Owed(w.store, "s", "l") {
		w.t.Errorf("owed is left: %v", e.ID)
	}
	if len(w.parked()) != 0 || w.marks() != 0 {
		w.t.Errorf("%d records and %d marks are left", len(w.parked()), w.marks())
	}
}
