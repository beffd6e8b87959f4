package actor_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
)

var health = actor.Health{Window: 10 * time.Second, MaxErrorRate: 0.1, MinSamples: 10}

// Each row is the life of a new version: the payloads of its turns, one delivery each, and what becomes of it.
func TestHealth(t *testing.T) {
	const live, back = actor.StateLive, actor.StateRolledBack
	many := func(n int, payload string) []string { return slices.Repeat([]string{payload}, n) }
	cases := map[string]struct {
		payloads []string
		want     actor.State
		reason   string
		after    time.Duration // how long the answer takes
	}{
		"no traffic":           {nil, live, "", health.Window},
		"few samples":          {many(9, "ack"), live, "", health.Window},
		"enough samples":       {many(10, "ack"), live, "", 0},
		"defer and hold":       {slices.Concat(many(5, "defer(2026-01-01T00:00:00Z)"), many(5, "hold(1s)")), live, "", 0},
		"first traps":          {many(1, "trap"), back, "the first delivery failed: trap: trap", 0},
		"first is malformed":   {many(1, "none"), back, "the first delivery failed: malformed", 0},
		"second traps":         {[]string{"ack", "trap"}, live, "", health.Window},
		"three in a row":       {[]string{"ack", "trap", "bad", "trap"}, back, "3 deliveries in a row failed: trap: trap", 0},
		"two in a row":         {[]string{"ack", "trap", "trap", "ack", "trap", "trap", "ack"}, live, "", health.Window},
		"dead":                 {append(many(8, "ack"), "dead(x)", "dead(y)"), back, "2 of 10 deliveries were errors, more than max_error_rate 0.1", 0},
		"first-attempt retry":  {append(many(8, "ack"), "retry(1s)", "retry(1s)"), back, "2 of 10 deliveries were errors", 0},
		"at the rate":          {append(many(9, "ack"), "dead(x)"), live, "", health.Window},
		"well within the rate": {append(append(many(9, "ack"), "dead(x)"), many(10, "ack")...), live, "", 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				old, next := &fake{}, &fake{each: spell}
				r := open(t, actor.Options{Health: health}, old)
				r.states()
				begin := time.Now()
				answer := r.swap(2, next)
				for _, payload := range c.payloads {
					if turn := r.run(payload); turn.Outcomes[0].Fault != nil {
						t.Errorf("%q: the loop saw a fault of a probe", payload)
					}
				}
				result := <-answer
				if result.State != c.want || !strings.HasPrefix(result.Reason, c.reason) || (c.reason == "") != (result.Reason == "") {
					t.Errorf("%+v, want %s, %q", result, c.want, c.reason)
				}
				if took := time.Since(begin).Truncate(time.Second); took != c.after {
					t.Errorf("answered after %v, want %v", took, c.after)
				}
				wins := map[actor.State]int{live: 2, back: 1}[c.want]
				if turn := r.run("ack"); turn.Revision != wins {
					t.Errorf("revision %d answers, want %d", turn.Revision, wins)
				}
				if s := r.Stats(); s.Revision != wins || s.State != live {
					t.Errorf("stats %+v, want revision %d live", s, wins)
				}
				time.Sleep(health.Window)
				synctest.Wait()
				end := []string{"2 loading", "2 probing", "2 live", "1 superseded"}
				if c.want == back {
					end = []string{"2 loading", "2 probing", "2 rolled back"}
				}
				if got := r.states(); !slices.Equal(got, end) {
					t.Errorf("events %q, want %q", got, end)
				}
				r.close()
				balanced(t, old, next)
			})
		})
	}
}

// W2: a version that does not start leaves the old one as it was.
func TestSwapFailsToStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		outputs := []pelton.Output{{Name: "out"}}
		old := &fake{outputs: outputs}
		r := open(t, actor.Options{Instances: 2, Require: []string{"out"}, SwapTimeout: time.Second}, old)
		third := &fake{outputs: outputs}
		third.start = func(context.Context) error {
			if third.starts.Load() == 2 {
				return errors.New("second instance: no room")
			}
			return nil
		}
		bad := map[string]*fake{
			"no such zone":                   {start: func(context.Context) error { return errors.New("no such zone") }},
			`does not declare output "out"`:  {},
			"start took longer":              {start: func(context.Context) error { <-gate; return nil }},
			"a reducer can't take the place": {fold: func(*actor.Call) error { return nil }},
			"second instance: no room":       third,
		}
		for want, f := range bad {
			if result := <-r.swap(2, f); result.State != actor.StateRolledBack || !strings.Contains(result.Reason, want) {
				t.Errorf("%+v, want %q", result, want)
			}
			if turn := r.run("x"); turn.Revision != 1 || turn.Outcomes[0].Verdict != pelton.Ack() {
				t.Errorf("revision %d: %v", turn.Revision, outcomes(turn))
			}
		}
		close(gate)
		synctest.Wait()
		for _, f := range bad {
			balanced(t, f)
		}
		if old.starts.Load() != 2 {
			t.Errorf("the old version was started %d times", old.starts.Load())
		}
		r.close()
		balanced(t, old)
	})
}

// W2: a rollback resumes the old instance as it was, and what failed in the probe is run by it in the same turn.
func TestRollbackKeepsState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		counts := []int{}
		old := &fake{each: func(_ context.Context, i *instance, _ *pelton.View) (pelton.Verdict, error) {
			counts = append(counts, i.count)
			return pelton.Ack(), nil
		}, outputs: []pelton.Output{{Name: "out"}}}
		next := &fake{each: spell, outputs: old.outputs}
		r := open(t, actor.Options{}, old)
		r.run("1", "2", "3")
		answer := r.swap(2, next)
		turn := batch("trap", "ack", "ack", "ack")
		turn.Deliveries[1].After, turn.Deliveries[3].After = 0, 2
		turn.Reply = func(t *actor.Turn) { r.done <- t }
		r.Offer(0, turn)
		<-r.done
		if got := outcomes(turn); !slices.Equal(got, []string{"ack", "ack", "ack", "ack"}) {
			t.Errorf("%v, want acks", got)
		}
		if result := <-answer; result.State != actor.StateRolledBack {
			t.Errorf("%+v", result)
		}
		if !slices.Equal(counts, []int{1, 2, 3, 4, 5, 6, 7}) || old.starts.Load() != 1 {
			t.Errorf("counts %v of the old instance, want 1 to 7", counts)
		}
		if s := r.Stats(); s.Redelivered != 2 || s.Faults.Total() != 0 {
			t.Errorf("stats %+v, want 2 redelivered and no fault", s)
		}
		r.close()
		balanced(t, old, next)
	})
}

// A message that both versions fail on is a fault of the old one, not a turn without end.
func TestPoisonInProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old, next := &fake{each: spell}, &fake{each: spell}
		r := open(t, actor.Options{}, old)
		answer := r.swap(2, next)
		turn := r.run("ack", "trap", "ack")
		if got := outcomes(turn); !slices.Equal(got, []string{"ack", "!trap", "ack"}) || turn.Outcomes[1].Revision != 1 {
			t.Errorf("%v by %d, want the fault of revision 1", got, turn.Outcomes[1].Revision)
		}
		if result := <-answer; result.State != actor.StateLive {
			t.Errorf("%+v", result)
		}
		r.close()
		balanced(t, old, next)
	})
}

// After an early answer the window goes on: a late breach still sends the version back.
func TestLateRollback(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old, next := &fake{}, &fake{each: spell}
		r := open(t, actor.Options{Health: health}, old)
		answer := r.swap(2, next)
		r.run(slices.Repeat([]string{"ack"}, 10)...)
		if result := <-answer; result.State != actor.StateLive {
			t.Fatalf("%+v, want live", result)
		}
		r.states()
		r.run("trap", "trap", "trap")
		synctest.Wait()
		if got := r.states(); !slices.Equal(got, []string{"2 rolled back"}) {
			t.Errorf("events %q", got)
		}
		if turn := r.run("ack"); turn.Revision != 1 || r.Stats().Revision != 1 {
			t.Errorf("revision %d answers, want 1", turn.Revision)
		}
		r.close()
		balanced(t, old, next)
	})
}

// W3: a version that hangs in its first delivery and can't be stopped goes back all the same, also where the health window
// is over before.
func TestSwapHangs(t *testing.T) {
	for _, window := range []time.Duration{10 * time.Second, 10 * time.Millisecond} {
		t.Run(window.String(), func(t *testing.T) { swapHangs(t, window) })
	}
}

func swapHangs(t *testing.T, window time.Duration) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		old, next := &fake{}, &fake{each: hang(gate)}
		r := open(t, actor.Options{Health: actor.Health{Window: window}}, old)
		answer := r.swap(2, next)
		begin := time.Now()
		stuck, behind := r.post("hang"), r.post("hang")
		if result := <-answer; result.State != actor.StateRolledBack || !strings.Contains(result.Reason, "could not be stopped") {
			t.Errorf("%+v", result)
		}
		if took := time.Since(begin); took > 3*time.Second {
			t.Errorf("answered after %v", took)
		}
		if <-r.done != behind || behind.Outcomes[0].Verdict != pelton.Ack() || behind.Revision != 1 {
			t.Errorf("the turn behind: %v by %d", outcomes(behind), behind.Revision)
		}
		close(gate)
		if <-r.done != stuck || stuck.Outcomes[0].Verdict != pelton.Ack() || stuck.Outcomes[0].Revision != 1 {
			t.Errorf("the turn that hung: %v, want ack of revision 1", outcomes(stuck))
		}
		synctest.Wait()
		r.close()
		balanced(t, old, next)
	})
}

// W3: two swaps in a row, and a swap while the plugin closes, always answer.
func TestSwapsAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		one, two, three, four, five := &fake{}, &fake{}, &fake{}, &fake{}, &fake{}
		r := open(t, actor.Options{Health: health}, one)
		slow := r.swap(2, two)
		_, err := r.Swap(t.Context(), actor.Version{Revision: 3, Module: three}, actor.Strategy{})
		if !errors.Is(err, actor.ErrSwapping) || !strings.Contains(err.Error(), "revision 2 is probing") {
			t.Errorf("a swap during a probe: %v", err)
		}
		r.run(slices.Repeat([]string{"ack"}, 10)...)
		if result := <-slow; result.State != actor.StateLive {
			t.Errorf("%+v", result)
		}
		// The window of revision 2 is open; the next swap ends it.
		four.start = func(ctx context.Context) error { <-gate; return ctx.Err() }
		next := r.swap(4, four)
		_, err = r.Swap(t.Context(), actor.Version{Revision: 5, Module: five}, actor.Strategy{})
		if !errors.Is(err, actor.ErrSwapping) || !strings.Contains(err.Error(), "revision 4 is loading") {
			t.Errorf("a swap during a load: %v", err)
		}
		close(gate)
		synctest.Wait()
		if turn := r.run("x"); turn.Revision != 4 {
			t.Errorf("revision %d answers, want 4", turn.Revision)
		}
		r.close()
		if result := <-next; result.State != actor.StateLive {
			t.Errorf("a swap cut short by close: %+v", result)
		}
		balanced(t, one, two, three, four, five)
	})
}

func TestSwapDuringClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old, next := &fake{}, &fake{start: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }}
		r := open(t, actor.Options{}, old)
		answer := make(chan error)
		go func() {
			_, err := r.Swap(context.Background(), actor.Version{Revision: 2, Module: next}, actor.Strategy{})
			answer <- err
		}()
		synctest.Wait()
		go r.close()
		if err := <-answer; !errors.Is(err, actor.ErrClosed) {
			t.Errorf("%v, want ErrClosed", err)
		}
		synctest.Wait()
		balanced(t, old, next)
	})
}

// A caller that goes away: before the change over nothing happens, after it the probe goes on.
func TestSwapAbandoned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old, next := &fake{}, &fake{}
		first := &fake{start: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }}
		r := open(t, actor.Options{Health: health}, old)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		result, err := r.Swap(ctx, actor.Version{Revision: 2, Module: first}, actor.Strategy{})
		if !errors.Is(err, context.DeadlineExceeded) || result.State != actor.StateRolledBack {
			t.Errorf("%+v, %v", result, err)
		}
		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		result, err = r.Swap(ctx, actor.Version{Revision: 3, Module: next}, actor.Strategy{})
		if !errors.Is(err, context.DeadlineExceeded) || result.State != actor.StateProbing {
			t.Errorf("%+v, %v", result, err)
		}
		time.Sleep(health.Window)
		synctest.Wait()
		if s := r.Stats(); s.Revision != 3 || s.State != actor.StateLive {
			t.Errorf("stats %+v, want revision 3 live", s)
		}
		r.close()
		balanced(t, old, first, next)
	})
}

// The same module again is a new revision of new instances.
func TestSwapSameModule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{each: spell}
		r := open(t, actor.Options{}, f)
		if result := <-r.swap(2, f); result.State != actor.StateLive {
			t.Errorf("%+v", result)
		}
		answer := r.swap(3, f)
		r.run("trap")
		if result := <-answer; result.State != actor.StateRolledBack {
			t.Errorf("%+v", result)
		}
		if turn := r.run("ack"); turn.Revision != 2 {
			t.Errorf("revision %d answers, want 2", turn.Revision)
		}
		r.close()
		balanced(t, f)
	})
}

// A swap does not wait for the back-off of the version that it replaces.
func TestSwapHealsBroken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old, next := &fake{each: spell}, &fake{}
		old.start = func(context.Context) error {
			if old.starts.Load() > 1 {
				return errors.New("no room")
			}
			return nil
		}
		r := open(t, actor.Options{}, old)
		turn := r.post("trap", "ack")
		time.Sleep(time.Hour)
		begin := time.Now()
		answer := r.swap(2, next)
		<-r.done
		if got := outcomes(turn); time.Since(begin) != 0 || !slices.Equal(got, []string{"ack", "ack"}) || turn.Revision != 2 {
			t.Errorf("%v by %d after %v, want acks of revision 2 at once", got, turn.Revision, time.Since(begin))
		}
		if result := <-answer; result.State != actor.StateLive {
			t.Errorf("%+v", result)
		}
		r.close()
		balanced(t, old, next)
	})
}

// A reducer's fault in a probe is run by the old version too.
func TestReducerRollback(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old := &fake{fold: func(c *actor.Call) error { c.Next = []byte("old"); return nil }}
		next := &fake{fold: func(c *actor.Call) error {
			if string(c.Emit) == "trap" {
				return &actor.Fault{Kind: actor.FaultTrap, Broken: true, Err: wordError("trap")}
			}
			c.Next = []byte("new")
			return nil
		}}
		r := open(t, actor.Options{}, old)
		answer := r.swap(2, next)
		calls := []actor.Call{{}, {Emit: []byte("trap")}, {Emit: []byte("trap")}, {Emit: []byte("trap")}, {}}
		if err := r.Reduce(t.Context(), calls); err != nil {
			t.Fatal(err)
		}
		got := []string{}
		for _, c := range calls {
			got = append(got, string(c.Next))
		}
		if want := []string{"new", "old", "old", "old", "old"}; !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
		if result := <-answer; result.State != actor.StateRolledBack {
			t.Errorf("%+v", result)
		}
		r.close()
		balanced(t, old, next)
	})
}
