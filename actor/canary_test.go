package actor_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
)

// rollout begins a swap with a strategy and gives the channel of its answer.
func (r *rig) rollout(revision int, f *fake, s actor.Strategy) <-chan actor.Result {
	answer := make(chan actor.Result, 1)
	go func() {
		result, err := r.Swap(context.Background(), actor.Version{Revision: revision, Module: f}, s)
		if err != nil {
			r.t.Error(err)
		}
		answer <- result
	}()
	synctest.Wait()
	return answer
}

// keyed offers a turn of one message per key to an instance, as the loop does: those of a key one after the other. The
// payload of each is what spell makes of it.
func (r *rig) keyed(instance int, payload string, keys ...string) *actor.Turn {
	r.t.Helper()
	turn := new(actor.Turn)
	last := map[string]int32{}
	for i, key := range keys {
		v := pelton.Borrow([]byte(payload), []byte(key), &pelton.Meta{Position: uint64(i), Attempt: 1}, nil, nil)
		after, ok := last[key]
		if !ok {
			after = -1
		}
		last[key] = int32(i)
		turn.Deliveries = append(turn.Deliveries, actor.Delivery{View: v, After: after})
	}
	turn.Reply = func(t *actor.Turn) { r.done <- t }
	if !r.Offer(instance, turn) {
		r.t.Fatal("the mailbox is full")
	}
	<-r.done
	return turn
}

func keys(n int) (list []string) {
	for i := range n {
		list = append(list, "key"+strconv.Itoa(i))
	}
	return list
}

// versions tells which revision decided each key's message.
func versions(turn *actor.Turn) map[string]int {
	m := map[string]int{}
	for i := range turn.Deliveries {
		revision := turn.Outcomes[i].Revision
		if revision == 0 {
			revision = turn.Revision
		}
		m[string(turn.Deliveries[i].View.Key())] = revision
	}
	return m
}

func share(m map[string]int, revision int) float64 {
	n := 0
	for _, r := range m {
		if r == revision {
			n++
		}
	}
	return 100 * float64(n) / float64(len(m))
}

// A canary has a share of the keys that grows by steps, keeps each key that it has, and is live after the last one.
func TestCanarySteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old, next := &fake{each: spell}, &fake{each: spell}
		r := open(t, actor.Options{Health: health, Instances: 2}, old)
		r.states()
		answer := r.rollout(2, next, actor.Strategy{Kind: actor.Canary, Percent: []float64{5, 25, 50}, Hold: time.Minute})
		all := keys(1000)
		had := map[string]bool{}
		for step, percent := range []float64{5, 25, 50} {
			p := r.Rollout()
			if p == nil || p.State != actor.StateCanary || p.Step != step+1 || p.Percent != percent || p.Revision != 2 {
				t.Fatalf("step %d: progress %+v", step+1, p)
			}
			for instance := range 2 {
				got := versions(r.keyed(instance, "ack", all...))
				if n := share(got, 2); n < percent-3 || n > percent+3 {
					t.Errorf("step %d: the new version has %v %% of the keys, want about %v", step+1, n, percent)
				}
				for key, revision := range got {
					if had[key] && revision != 2 {
						t.Errorf("step %d: key %s went back to the old version", step+1, key)
					}
					had[key] = had[key] || revision == 2
				}
			}
			if s := r.Stats(); s.Revision != 1 || s.State != actor.StateCanary {
				t.Errorf("step %d: revision %d is %s", step+1, s.Revision, s.State)
			}
			time.Sleep(time.Minute)
			synctest.Wait()
		}
		result := <-answer
		if f := result.Figures; result.State != actor.StateLive || f == nil || f.New.Deliveries == 0 || f.Old.Deliveries+f.New.Deliveries != 6000 {
			t.Errorf("%+v", result)
		}
		if got := share(versions(r.keyed(0, "ack", all...)), 2); got != 100 {
			t.Errorf("the live version has %v %% of the keys", got)
		}
		time.Sleep(health.Window)
		synctest.Wait()
		if got, want := r.states(), []string{"2 loading", "2 canary", "2 canary", "2 canary", "2 live", "1 superseded"}; !slices.Equal(got, want) {
			t.Errorf("events %q, want %q", got, want)
		}
		if p := r.Rollout(); p != nil {
			t.Errorf("a rollout goes on: %+v", p)
		}
		r.close()
		balanced(t, old, next)
	})
}

// Named keys take the place of shares, in one step.
func TestCanaryKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old, next := &fake{}, &fake{}
		r := open(t, actor.Options{Health: health}, old)
		answer := r.rollout(2, next, actor.Strategy{Kind: actor.Canary, Keys: []string{"key3", "key5"}, Hold: time.Minute})
		for key, revision := range versions(r.keyed(0, "", keys(10)...)) {
			if (revision == 2) != (key == "key3" || key == "key5") {
				t.Errorf("%s is handled by revision %d", key, revision)
			}
		}
		time.Sleep(time.Minute)
		if result := <-answer; result.State != actor.StateLive {
			t.Errorf("%+v", result)
		}
		r.close()
		balanced(t, old, next)
	})
}

// What fails in a canary is run by the old version in the same turn, behind it the key's later messages; and the version goes
// back at once.
func TestCanaryFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old := &fake{outputs: []pelton.Output{{Name: "out"}}, each: func(context.Context, *instance, *pelton.View) (pelton.Verdict, error) { return pelton.Ack(), nil }}
		next := &fake{each: spell, outputs: old.outputs}
		r := open(t, actor.Options{Health: health}, old)
		answer := r.rollout(2, next, actor.Strategy{Kind: actor.Canary, Percent: []float64{50}})
		begin := time.Now()
		turn := r.keyed(0, "trap", append(keys(100), keys(100)...)...)
		for i, o := range turn.Outcomes {
			if o.Fault != nil || o.Verdict != pelton.Ack() || o.Revision != 1 {
				t.Errorf("delivery %d: %v by %d", i, o.Verdict, o.Revision)
			}
		}
		if len(turn.Emits) != 200 {
			t.Errorf("%d emits, want 200", len(turn.Emits))
		}
		result := <-answer
		if result.State != actor.StateRolledBack || !strings.Contains(result.Reason, "the first delivery failed: trap") || time.Since(begin) > time.Second {
			t.Errorf("%+v after %v", result, time.Since(begin))
		}
		if f := result.Figures; f.New.Traps == 0 || f.New.Errors == 0 || f.Old.Errors != 0 || f.Old.Deliveries == 0 {
			t.Errorf("figures: old %d errors of %d, new %d errors of %d", f.Old.Errors, f.Old.Deliveries, f.New.Errors, f.New.Deliveries)
		}
		r.close()
		balanced(t, old, next)
	})
}

// A version that fails 1 % of the messages more than the old one is caught beside it, though that is within max_error_rate;
// one that fails as many as the old one stays.
func TestCanaryCatchesOnePercent(t *testing.T) {
	for _, c := range []struct {
		every int // message of the new version that is an error; the old one has one of 500
		want  actor.State
	}{{100, actor.StateRolledBack}, {500, actor.StateLive}} {
		synctest.Test(t, func(t *testing.T) {
			fails := func(every int) func(context.Context, *instance, *pelton.View) (pelton.Verdict, error) {
				return func(_ context.Context, i *instance, _ *pelton.View) (pelton.Verdict, error) {
					if i.count%every == every-1 {
						return pelton.Dead("no"), nil
					}
					return pelton.Ack(), nil
				}
			}
			old, next := &fake{each: fails(500)}, &fake{each: fails(c.every)}
			r := open(t, actor.Options{Health: health}, old)
			answer := r.rollout(2, next, actor.Strategy{Kind: actor.Canary, Percent: []float64{5, 25, 50}, Hold: 10 * time.Second})
			for range 300 {
				r.keyed(0, "", keys(500)...)
				time.Sleep(100 * time.Millisecond)
			}
			result := <-answer
			if result.State != c.want {
				t.Errorf("one error of %d: %s, %s", c.every, result.State, result.Reason)
			}
			if c.want == actor.StateRolledBack && !strings.Contains(result.Reason, "more than max_increase 0.005") {
				t.Errorf("one error of %d: %s", c.every, result.Reason)
			}
			r.close()
			balanced(t, old, next)
		})
	}
}

// The errors of the turn in which a version goes back are run by the old one: nobody saw them yet.
func TestErrorsOfTheLastTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old, next := &fake{}, &fake{each: spell}
		r := open(t, actor.Options{Health: health}, old)
		answer := r.swap(2, next)
		turn := r.run(slices.Repeat([]string{"dead(x)"}, 10)...)
		if got := outcomes(turn); !slices.Equal(got, slices.Repeat([]string{"ack"}, 10)) {
			t.Errorf("%v, want acks of the old version", got)
		}
		if result := <-answer; result.State != actor.StateRolledBack {
			t.Errorf("%+v", result)
		}
		r.close()
		balanced(t, old, next)
	})
}

// But not one whose key went on: the order of a key is above it (D3).
func TestErrorsOfTheLastTurnKeepOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old, next := &fake{}, &fake{each: spell}
		r := open(t, actor.Options{Health: health}, old)
		answer := r.swap(2, next)
		turn := r.keyed(0, "dead(x)", append(keys(10), "key3")...)
		for i, got := range outcomes(turn) {
			if want := map[bool]string{true: "dead(x)", false: "ack"}[i == 3]; got != want {
				t.Errorf("delivery %d: %s, want %s", i, got, want)
			}
		}
		if result := <-answer; result.State != actor.StateRolledBack {
			t.Errorf("%+v", result)
		}
		r.close()
		balanced(t, old, next)
	})
}

// A version that does not start again is not waited for: the old one does its work.
func TestRestartFailsInProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old, next := &fake{}, &fake{each: spell}
		next.start = func(ctx context.Context) error {
			if next.starts.Load() > 1 {
				<-ctx.Done()
			}
			return ctx.Err()
		}
		r := open(t, actor.Options{Health: health}, old)
		answer := r.swap(2, next)
		r.run("ack")
		begin := time.Now()
		r.run("trap", "ack")
		if result := <-answer; result.State != actor.StateRolledBack || !strings.Contains(result.Reason, "it did not start again") {
			t.Errorf("%+v", result)
		}
		if took := time.Since(begin); took > time.Second {
			t.Errorf("the turn took %v", took)
		}
		r.close()
		balanced(t, old, next)
	})
}

// Each way to be worse than the old version, beside it and after it.
func TestWorse(t *testing.T) {
	slow := func(d time.Duration) func(context.Context, *instance, *pelton.View) (pelton.Verdict, error) {
		return func(context.Context, *instance, *pelton.View) (pelton.Verdict, error) {
			time.Sleep(d)
			return pelton.Ack(), nil
		}
	}
	h := health
	h.MaxLatency, h.MaxLatencyIncrease, h.MaxMemory, h.MaxMemoryIncrease = 20*time.Millisecond, 3, 1000, 2
	cases := map[string]struct {
		next   *fake
		reason string
	}{
		"slow":   {&fake{each: slow(50 * time.Millisecond)}, "more than max_latency 20ms"},
		"slower": {&fake{each: slow(10 * time.Millisecond)}, "more than max_latency_increase 3 times"},
		"larger": {&fake{memory: 5}, "an instance holds 5 bytes of memory, of the version before 1"},
		"large":  {&fake{memory: 5000}, "more than max_memory 1000"},
	}
	for name, c := range cases {
		for _, s := range []actor.Strategy{{}, {Kind: actor.Canary, Percent: []float64{50}}} {
			t.Run(fmt.Sprint(name, " ", s.Kind), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					old := &fake{each: slow(time.Millisecond)}
					next := &fake{each: c.next.each, memory: c.next.memory}
					r := open(t, actor.Options{Health: h}, old)
					r.states()
					for i := range 200 {
						r.keyed(0, "", "key"+strconv.Itoa(i))
					}
					answer := r.rollout(2, next, s)
					begin := time.Now()
					for i := 0; r.Stats().State == actor.StateCanary || r.Stats().Revision == 2; i++ {
						r.keyed(0, "", "key"+strconv.Itoa(i%200))
						time.Sleep(time.Millisecond)
						if time.Since(begin) > time.Minute {
							t.Fatal("it is still there")
						}
					}
					reason := ""
					for len(r.events) > 0 {
						if e := <-r.events; e.State == actor.StateRolledBack {
							reason = e.Reason
						}
					}
					if !strings.Contains(reason, c.reason) {
						t.Errorf("rolled back: %q, want %q", reason, c.reason)
					}
					<-answer
					r.close()
					balanced(t, old, next)
				})
			})
		}
	}
}
