package loop_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor/native"
)

// TestStatsAreOwned: the figures that somebody was given stay as they were, whatever the loop writes later.
func TestStatsAreOwned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 100, func(*native.Message, *native.Out) pelton.Verdict {
			time.Sleep(100 * time.Millisecond)
			return pelton.Ack()
		})
		w.start()
		w.pass(time.Second)
		early := w.loop.Stats()
		acked, pending := early.Counts.Plugins[0].Acked, early.Plugins[0].Pending
		w.settle()
		last := w.loop.Stats()
		if early.Counts.Plugins[0].Acked != acked || early.Plugins[0].Pending != pending {
			t.Errorf("%d acked and %d pending became %+v", acked, pending, early)
		}
		if last.Counts.Plugins[0].Acked != 100 || acked == 100 {
			t.Errorf("%d acked, then %d of 100", acked, last.Counts.Plugins[0].Acked)
		}
		w.close()
	})
}
