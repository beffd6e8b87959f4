package actor_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/peltonhq/pelton/actor"
)

// A paused plugin takes no turns: what is offered waits, and its mailbox fills.
func TestPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		r := open(t, actor.Options{Mailbox: 2}, f)
		r.Pause(true)
		first, second := r.post("a"), r.post("b")
		synctest.Wait()
		third := batch("c")
		third.Reply = func(t *actor.Turn) { r.done <- t }
		if s := r.Stats(); s.Deliveries != 0 || s.State != actor.StatePaused || r.Offer(0, third) {
			t.Errorf("%+v; the mailbox has room", s)
		}
		r.Pause(false)
		if <-r.done != first || <-r.done != second {
			t.Error("not in order")
		}
		if s := r.Stats(); s.State != actor.StateLive {
			t.Errorf("it is %s", s.State)
		}
		r.Pause(true)
		r.post("d")
		synctest.Wait()
		r.close()
		if turn := <-r.done; !turn.Lost {
			t.Error("a paused plugin handled a turn when it closed")
		}
		balanced(t, f)
	})
}

// Swap of a paused plugin: it works at once and stays paused, and the first message after it is the new version's. A canary or
// shadow has nothing to go by.
func TestSwapOfAPausedPlugin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old, next, third := &fake{}, &fake{}, &fake{}
		r := open(t, actor.Options{Health: health}, old)
		r.Pause(true)
		turn := r.post("a")
		_, err := r.Swap(t.Context(), actor.Version{Revision: 3, Module: third}, actor.Strategy{Kind: actor.Canary})
		if !errors.Is(err, actor.ErrPaused) || !strings.Contains(err.Error(), "resume it") {
			t.Errorf("a canary of a paused plugin: %v", err)
		}
		if result := <-r.swap(2, next); result.State != actor.StateLive {
			t.Errorf("%+v", result)
		}
		if s := r.Stats(); s.State != actor.StatePaused || s.Revision != 2 || s.Deliveries != 0 {
			t.Errorf("%+v", s)
		}
		r.Pause(false)
		if <-r.done; turn.Revision != 2 {
			t.Errorf("revision %d answers", turn.Revision)
		}
		r.close()
		balanced(t, old, next, third)
	})
}

// A pause during a canary takes it back; during the window of an immediate swap it does not.
func TestPauseInCanary(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old, next := &fake{}, &fake{}
		r := open(t, actor.Options{Health: health}, old)
		answer := r.rollout(2, next, actor.Strategy{Kind: actor.Canary})
		r.Pause(true)
		if result := <-answer; result.State != actor.StateRolledBack || result.Reason != "the plugin was paused" {
			t.Errorf("%+v", result)
		}
		r.close()
		balanced(t, old, next)
	})
}

// W3: swap during a swap, swap back in the middle, a rollback of the rollback, and a drain, in a canary: each is answered.
func TestSwapsInCanary(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, two, three, four := &fake{}, &fake{}, &fake{}, &fake{}
		r := open(t, actor.Options{Health: health}, one)
		canary := actor.Strategy{Kind: actor.Canary, Percent: []float64{50}, Hold: time.Minute}
		answer := r.rollout(2, two, canary)
		_, err := r.Swap(t.Context(), actor.Version{Revision: 3, Module: three}, actor.Strategy{})
		if !errors.Is(err, actor.ErrSwapping) || !strings.Contains(err.Error(), "revision 2 is canary") {
			t.Errorf("a swap during a canary: %v", err)
		}
		if !r.Revert("not this one") {
			t.Error("there is nothing to revert")
		}
		if result := <-answer; result.State != actor.StateRolledBack || result.Reason != "not this one" {
			t.Errorf("%+v", result)
		}
		if got := share(versions(r.keyed(0, "", keys(100)...)), 1); got != 100 {
			t.Errorf("the old version has %v %% of the keys", got)
		}
		if r.Revert("twice") {
			t.Error("it was reverted twice")
		}
		answer = r.rollout(4, four, canary) // the rollback is rolled back
		time.Sleep(time.Minute)
		if result := <-answer; result.State != actor.StateLive {
			t.Errorf("%+v", result)
		}
		// Its window is open: the old instance comes back as it was.
		if !r.Revert("after all") {
			t.Error("there is nothing to revert in the window")
		}
		synctest.Wait()
		if s := r.Stats(); s.Revision != 1 || one.starts.Load() != 1 {
			t.Errorf("revision %d after %d starts of the first", s.Revision, one.starts.Load())
		}
		r.close()
		balanced(t, one, two, three, four)
	})
}

func TestSwapDuringDrain(t *testing.T) {
	for _, kind := range []actor.Strategy{{Kind: actor.Canary}, {Kind: actor.Shadow}} {
		synctest.Test(t, func(t *testing.T) {
			old, next := &fake{}, &fake{}
			r := open(t, actor.Options{Health: health}, old)
			done := make(chan struct{})
			go func() {
				defer close(done)
				result, err := r.Swap(t.Context(), actor.Version{Revision: 2, Module: next}, kind)
				if kind.Kind == actor.Canary && (err != nil || result.State != actor.StateRolledBack) || kind.Kind == actor.Shadow && !errors.Is(err, actor.ErrClosed) {
					t.Errorf("%s: %+v, %v", kind.Kind, result, err)
				}
			}()
			synctest.Wait()
			begin := time.Now()
			r.close()
			if <-done; time.Since(begin) > 0 {
				t.Errorf("%s: answered after %v", kind.Kind, time.Since(begin))
			}
			synctest.Wait()
			balanced(t, old, next)
		})
	}
}

// A turn in which a stuck native plugin never returns does not keep the canary from going back.
func TestCanaryHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		old, next := &fake{}, &fake{each: hang(gate)}
		r := open(t, actor.Options{Health: health}, old)
		answer := r.rollout(2, next, actor.Strategy{Kind: actor.Canary, Percent: []float64{100}})
		turn := r.post("hang", "hang")
		if result := <-answer; result.State != actor.StateRolledBack || !strings.Contains(result.Reason, "could not be stopped") {
			t.Errorf("%+v", result)
		}
		close(gate)
		<-r.done
		if got := outcomes(turn); !slices.Equal(got, []string{"ack", "ack"}) || turn.Outcomes[0].Revision != 1 {
			t.Errorf("%v by %d", got, turn.Outcomes[0].Revision)
		}
		synctest.Wait()
		r.close()
		balanced(t, old, next)
	})
}

// A canary of a reducer divides the keys of sessions.
func TestReducerCanary(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fold := func(word string) func(c *actor.Call) error {
			return func(c *actor.Call) error { c.Next = []byte(word); return nil }
		}
		old, next := &fake{fold: fold("old")}, &fake{fold: fold("new")}
		r := open(t, actor.Options{Health: health}, old)
		answer := r.rollout(2, next, actor.Strategy{Kind: actor.Canary, Keys: []string{"key1"}, Hold: time.Second})
		calls := []actor.Call{{Key: []byte("key0")}, {Key: []byte("key1")}, {Key: []byte("key2")}}
		if err := r.Reduce(context.Background(), calls); err != nil {
			t.Fatal(err)
		}
		for i, want := range []string{"old", "new", "old"} {
			if got := string(calls[i].Next); got != want {
				t.Errorf("%s is folded by %s", calls[i].Key, got)
			}
		}
		if result := <-answer; result.State != actor.StateLive {
			t.Errorf("%+v", result)
		}
		r.close()
		balanced(t, old, next)
	})
}
