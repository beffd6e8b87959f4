package loop_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor/native"
	"github.com/peltonhq/pelton/delivery"
	"github.com/peltonhq/pelton/delivery/lot"
	"github.com/peltonhq/pelton/loop"
	"github.com/peltonhq/pelton/store"
)

func change(records []store.Record) func(func(pelton.EffectID) bool) ([]store.Record, error) {
	return func(func(pelton.EffectID) bool) ([]store.Record, error) { return records, nil }
}

// held is a world whose first message is held for a minute at its first attempt.
func held(t *testing.T) (*world, *target, pelton.EffectID) {
	t.Helper()
	w := newWorld(t, 3, func(m *native.Message, out *native.Out) pelton.Verdict {
		if m.Meta().Position == 0 && m.Attempt() == 1 {
			return pelton.Hold(time.Minute)
		}
		return echo(m, out)
	})
	out := w.to(0)
	w.start()
	w.settle()
	all := w.parked()
	if len(all) != 1 || all[0].Kind != delivery.KindHold {
		t.Fatalf("parked %+v", all)
	}
	w.told(3)
	return w, out, all[0].ID
}

func decision(v pelton.Verdict, payload string) delivery.Decision {
	return delivery.Decision{Verdict: v, Emits: []pelton.Emit{{Payload: []byte(payload)}}}
}

func TestSettle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, out, id := held(t)
		for _, attempt := range []uint32{0, 2} {
			if err := w.loop.Settle(t.Context(), id, attempt, decision(pelton.Ack(), "no")); !errors.Is(err, loop.ErrNotHeld) {
				t.Errorf("attempt %d: %v, want ErrNotHeld", attempt, err)
			}
		}
		if err := w.loop.Settle(t.Context(), id, 1, decision(pelton.Ack(), "late")); err != nil {
			t.Fatal(err)
		}
		if len(w.parked()) != 0 {
			t.Error("D1: it is settled and not durably so")
		}
		if err := w.loop.Settle(t.Context(), id, 1, decision(pelton.Ack(), "twice")); !errors.Is(err, loop.ErrNotHeld) {
			t.Errorf("again: %v, want ErrNotHeld", err)
		}
		w.pass(time.Hour)
		if got := strings.Join(out.payloads(), " "); got != "1 2 late" {
			t.Errorf("effects %q", got)
		}
		if w.marks() != 0 {
			t.Errorf("%d marks are left", w.marks())
		}
		w.close()
		if err := w.loop.Settle(t.Context(), id, 1, delivery.Decision{}); !errors.Is(err, loop.ErrClosed) {
			t.Errorf("closed: %v, want ErrClosed", err)
		}
	})
}

func TestSettleWaitsUntilItIsDurable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, out, id := held(t)
		out.mu.Lock()
		out.keep = true
		out.mu.Unlock()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := w.loop.Settle(ctx, id, 1, decision(pelton.Ack(), "late")); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("its effect is not complete, and Settle says %v", err)
		}
		if len(w.parked()) != 1 {
			t.Error("D1: its record is gone before its effect is complete")
		}
		out.complete()
		w.settle()
		if len(w.parked()) != 0 {
			t.Error("its record is left")
		}
		w.close()
	})
}

func TestSettleOtherwise(t *testing.T) {
	for name, c := range map[string]struct {
		verdict pelton.Verdict
		effects string
		dead    int
	}{
		"dead":        {pelton.Dead("no answer"), "1 2", 1},
		"short retry": {pelton.Retry(2 * time.Second), "1 2 0", 0},
		"long retry":  {pelton.Retry(time.Hour), "1 2 0", 0},
		"defer":       {pelton.Defer(time.Now().Add(200 * 365 * 24 * time.Hour / 1000)), "1 2 0", 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, out, id := held(t)
				if c.verdict.Decision == pelton.DecisionDefer {
					c.verdict.Until, c.effects = time.Now().Add(time.Minute), "1 2"
				}
				at := time.Now()
				if err := w.loop.Settle(t.Context(), id, 1, decision(c.verdict, "discarded")); err != nil {
					t.Fatal(err)
				}
				w.pass(2 * time.Hour)
				if c.verdict.Decision == pelton.DecisionDefer { // the same attempt again, which holds it again
					if all := w.parked(); len(all) > 1 {
						t.Errorf("parked %+v", all)
					}
				} else if got := strings.Join(out.payloads(), " "); got != c.effects || len(w.dead()) != c.dead || len(w.parked()) != 0 {
					t.Errorf("effects %q, %d dead, %d parked, since %v", got, len(w.dead()), len(w.parked()), at)
				}
				w.close()
			})
		})
	}
}

func TestHoldEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, out, id := held(t)
		w.pass(59 * time.Second)
		if out.count() != 2 {
			t.Error("the lease ended early")
		}
		w.pass(2 * time.Second)
		if got := strings.Join(out.payloads(), " "); got != "1 2 0" || len(w.parked()) != 0 {
			t.Errorf("effects %q after the lease", got)
		}
		if err := w.loop.Settle(t.Context(), id, 1, decision(pelton.Ack(), "late")); !errors.Is(err, loop.ErrNotHeld) {
			t.Errorf("after the lease: %v, want ErrNotHeld", err)
		}
		w.close()
	})
}

func TestPluginSettles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		token, started := "", make(chan struct{})
		w := newWorld(t, 3, func(m *native.Message, out *native.Out) pelton.Verdict {
			switch m.Meta().Position {
			case 0:
				token = m.HoldToken()
				return pelton.Hold(time.Hour)
			case 2 * step:
				out.Settle(token, pelton.Ack(), pelton.Emit{Payload: []byte("by a later one")})
			}
			return pelton.Ack()
		})
		out := w.to(0)
		w.options.Settle = func(ctx context.Context, token string, d delivery.Decision) error {
			at := strings.LastIndexByte(token, '/')
			id, err := pelton.ParseEffectID(token[:at])
			if err != nil {
				return err
			}
			<-started
			return w.loop.Settle(ctx, id, 1, d)
		}
		w.start()
		close(started)
		w.settle()
		w.pass(time.Second)
		if got := strings.Join(out.payloads(), " "); got != "by a later one" || len(w.parked()) != 0 {
			t.Errorf("effects %q, %d parked", got, len(w.parked()))
		}
		w.close()
	})
}

// What is changed from outside does not come back before that is durable, and then as it was changed.
func TestActKeepsTheRecordIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, out, id := held(t)
		w.store.Hold()
		acted := make(chan error, 1)
		go func() {
			acted <- w.loop.Act(t.Context(), func(out func(pelton.EffectID) bool) ([]store.Record, error) {
				for range 2 { // asking changes nothing
					if out(id) {
						return nil, errors.New("it is out")
					}
				}
				return []store.Record{{Op: store.Put, Key: store.Key(store.SpaceKV, "x")}}, nil
			})
		}()
		w.pass(2 * time.Minute) // its lease ends meanwhile
		if out.count() != 2 {
			t.Error("it came back while it was being changed")
		}
		w.store.Release()
		w.pass(time.Second)
		if err := <-acted; err != nil || out.count() != 3 {
			t.Errorf("act: %v, %d effects", err, out.count())
		}
		if err := w.loop.Act(t.Context(), func(func(pelton.EffectID) bool) ([]store.Record, error) { return nil, errors.New("changed my mind") }); err == nil || err.Error() != "changed my mind" {
			t.Errorf("act: %v", err)
		}
		w.close()
		if err := w.loop.Act(t.Context(), change(nil)); !errors.Is(err, loop.ErrClosed) {
			t.Errorf("closed: %v", err)
		}
	})
}

// A key whose head is dropped from the lot goes on with what is behind it (D3).
func TestDroppedHeadFreesItsKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 4, func(m *native.Message, out *native.Out) pelton.Verdict {
			if m.Meta().Position == 0 {
				return pelton.Hold(time.Hour)
			}
			return echo(m, out)
		})
		out := w.to(0)
		w.lane.make = keyed(1)
		w.start()
		w.settle()
		all := w.parked()
		if len(all) != 4 || all[0].Kind != delivery.KindHold || all[1].Kind != delivery.KindBehind {
			t.Fatalf("parked %+v", all)
		}
		err := w.loop.Act(t.Context(), func(out func(pelton.EffectID) bool) ([]store.Record, error) {
			if out(all[0].ID) {
				return nil, errors.New("it is out")
			}
			return lot.Remove(w.store, all[0], w.loop.Stats().Watermark)
		})
		if err != nil {
			t.Fatal(err)
		}
		w.pass(time.Second)
		if got := strings.Join(out.payloads(), " "); got != "1 2 3" || len(w.parked()) != 0 || w.marks() != 0 {
			t.Errorf("effects %q, %d parked, %d marks", got, len(w.parked()), w.marks())
		}
		w.close()
	})
}
