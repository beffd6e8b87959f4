package actor_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
)

// Deliveries are counted by their time, to a factor of two; those of a turn share its time.
func TestTook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var each time.Duration
		f := &fake{each: func(context.Context, *instance, *pelton.View) (pelton.Verdict, error) {
			time.Sleep(each)
			return pelton.Ack(), nil
		}}
		r := open(t, actor.Options{}, f)
		if took := r.Stats().Took; len(took) != 0 {
			t.Errorf("nothing was delivered, and took %v", took)
		}
		for _, c := range []struct {
			each time.Duration
			keys []string
		}{
			{0, []string{"a"}},                                      // < 1 µs
			{time.Microsecond, []string{"a", "b"}},                  // < 2 µs
			{1023 * time.Microsecond, []string{"a", "b", "c"}},      // < 1024 µs
			{1024 * time.Microsecond, []string{"a", "b", "c", "d"}}, // < 2048 µs
		} {
			each = c.each
			turn := batch(c.keys...)
			turn.Reply = func(t *actor.Turn) { r.done <- t }
			r.Offer(0, turn)
			<-r.done
		}
		r.close()
		s := r.Stats()
		if want := []uint64{1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 3, 4}; !slices.Equal(s.Took, want) {
			t.Errorf("took %v, want %v", s.Took, want)
		}
		if want := (2 + 3*1023 + 4*1024) * time.Microsecond; s.Busy != want {
			t.Errorf("busy for %v, want %v", s.Busy, want)
		}
		balanced(t, f)
	})
}
