package loop_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor/native"
	"github.com/peltonhq/pelton/decode"
)

// What decode located is there too when a message comes back from the store: parked, behind another of its key, or as a
// dead letter that is replayed.
func TestFieldsComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dead := true
		w := newWorld(t, 6, func(m *native.Message, out *native.Out) pelton.Verdict {
			v, ok := m.Field("n")
			if want := fmt.Sprintf(`{"n":%s}`, v.Raw); !ok || v.Kind != pelton.KindNumber || string(m.Payload()) != want {
				t.Errorf("field n of %s after %d defers is %q, %v", m.Payload(), m.Meta().Defers, v.Raw, ok)
			}
			if _, ok := m.Field("absent"); ok {
				t.Error("a field that the message does not have was found")
			}
			switch {
			case m.Meta().Position == 0 && m.Meta().Defers == 0:
				return pelton.Defer(time.Now().Add(time.Minute))
			case m.Meta().Position == 3*step && dead:
				return pelton.Dead("not yet")
			}
			return echo(m, out)
		})
		w.decode = decode.Config{Format: decode.JSON, Fields: []string{"absent", "n"}}
		w.lane.make = func(i int) (key, payload string) { return fmt.Sprint("k", i%2), fmt.Sprintf(`{"n":%d}`, i) }
		out := w.to(0)
		w.start()
		w.settle()
		if n := len(w.parked()); n != 3 { // message 0, and behind it 2 and 4
			t.Errorf("%d parked, want 3", n)
		}
		w.pass(2 * time.Minute)
		if out.count() != 5 {
			t.Errorf("%d effects, want 5", out.count())
		}
		dead = false
		w.replay(w.dead()[0], out)
		w.close()
	})
}
