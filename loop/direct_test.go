package loop_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// What a source feeds to a target itself is copied out of its arena, so the arena does not bound it (A2).
func TestSourceOfTargetThatTakesNothingPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 5000)
		w.lane.make = func(i int) (string, string) { return strconv.Itoa(i % 7), fmt.Sprintf("%d%4000d", i, 0) }
		out := w.to(-1)
		out.room = 0
		w.start()
		for range 3 {
			w.pass(time.Minute)
			s := w.loop.Stats()
			if !strings.HasPrefix(s.Paused, "sink/k takes no more") {
				t.Errorf("paused %q", s.Paused)
			}
			if waiting := (s.Open - out.count()) * 4000; waiting > 3<<20 {
				t.Fatalf("A2: %d bytes wait for the target", waiting)
			}
			out.open(100)
		}
		out.open(5000)
		w.settle()
		w.told(5000)
		if out.count() != 5000 {
			t.Errorf("%d effects, want 5000", out.count())
		}
		w.close()
	})
}
