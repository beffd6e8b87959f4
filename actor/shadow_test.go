package actor_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
)

var shadowing = actor.Strategy{Kind: actor.Shadow, For: time.Minute, MaxDiff: 0.01, Promote: true}

// A shadow changes nothing of what the live version does, and is live after it if it answers the same.
func TestShadowPromotes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outputs := []pelton.Output{{Name: "out"}}
		old, next := &fake{each: spell, outputs: outputs}, &fake{each: spell, outputs: outputs}
		r := open(t, actor.Options{Health: health}, old)
		r.states()
		answer := r.rollout(2, next, shadowing)
		for range 10 {
			turn := r.keyed(0, "ack", keys(10)...)
			if turn.Revision != 1 || len(turn.Emits) != 10 {
				t.Errorf("revision %d with %d emits", turn.Revision, len(turn.Emits))
			}
			synctest.Wait()
		}
		if p := r.Rollout(); p.State != actor.StateShadow || p.Figures.Shadow.Compared != 100 || p.Figures.Shadow.Different != 0 {
			t.Errorf("%s, %+v", p.State, p.Figures.Shadow)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := r.keyed(0, "ack", keys(10)...); got.Revision != 2 {
			t.Errorf("revision %d answers after the shadow", got.Revision)
		}
		result := <-answer
		if f := result.Figures; result.State != actor.StateLive || f.Shadow.Compared != 100 || f.Shadow.Skipped != 0 {
			t.Errorf("%+v", result)
		}
		time.Sleep(health.Window)
		synctest.Wait()
		if got, want := r.states(), []string{"2 loading", "2 shadow", "2 probing", "2 live", "1 superseded"}; !slices.Equal(got, want) {
			t.Errorf("events %q, want %q", got, want)
		}
		r.close()
		balanced(t, old, next)
	})
}

// One that answers wrongly but well-formed for 1 % is shown, with samples, and does not come in.
func TestShadowShowsWrongAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wrong := func(_ context.Context, i *instance, _ *pelton.View) (pelton.Verdict, error) {
			if i.count%100 == 0 {
				return pelton.Dead("too old"), nil
			}
			return pelton.Ack(), nil
		}
		old, next := &fake{}, &fake{each: wrong}
		r := open(t, actor.Options{Health: health}, old)
		s := shadowing
		s.MaxDiff = 0.001
		answer := r.rollout(2, next, s)
		for range 10 {
			r.keyed(0, "ack", keys(100)...)
			synctest.Wait()
		}
		result := <-answer
		if result.State != actor.StateRolledBack || !strings.Contains(result.Reason, "10 of 1000 compared messages were answered differently (10 verdicts") {
			t.Errorf("%+v", result)
		}
		report := result.Figures.Shadow
		if len(report.Samples) != 10 || report.Samples[0].OldVerdict != "ack" || report.Samples[0].NewVerdict != "dead(too old)" || report.Samples[0].Key != "key99" {
			t.Errorf("%+v", report)
		}
		if s := r.Stats(); s.Revision != 1 || s.State != actor.StateLive || s.Deliveries != 1000 || s.Verdicts[pelton.DecisionDead] != 0 {
			t.Errorf("%+v", s)
		}
		r.close()
		balanced(t, old, next)
	})
}

// How a shadow ends that does not come in.
func TestShadowDrops(t *testing.T) {
	drop := shadowing
	drop.Promote = false
	cases := map[string]struct {
		strategy actor.Strategy
		next     *fake
		do       func(r *rig)
		reason   string
		after    time.Duration
	}{
		"as configured":  {drop, &fake{}, func(r *rig) { r.keyed(0, "", keys(20)...) }, "as then: drop says; 0 of 20 compared", time.Minute},
		"no traffic":     {shadowing, &fake{}, func(*rig) {}, "saw too little", time.Minute},
		"it traps":       {shadowing, &fake{each: spell}, func(r *rig) { r.keyed(0, "trap", "k") }, "in its shadow: the first delivery failed: trap", 0},
		"it is reverted": {shadowing, &fake{}, func(r *rig) { r.Revert("enough seen") }, "in its shadow: enough seen", 0},
		"it is paused":   {shadowing, &fake{}, func(r *rig) { r.Pause(true) }, "in its shadow: the plugin was paused", 0},
		"it can't start": {shadowing, &fake{start: func(context.Context) error { return wordError("no room") }}, func(*rig) {}, "no room", 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				old := &fake{}
				r := open(t, actor.Options{Health: health, Instances: 2}, old)
				begin := time.Now()
				answer := r.rollout(2, c.next, c.strategy)
				c.do(r)
				result := <-answer
				if result.State != actor.StateRolledBack || !strings.Contains(result.Reason, c.reason) || time.Since(begin) != c.after {
					t.Errorf("%+v after %v; want %q after %v", result, time.Since(begin), c.reason, c.after)
				}
				r.Pause(false)
				if turn := r.keyed(1, "", "k"); turn.Revision != 1 {
					t.Errorf("revision %d answers", turn.Revision)
				}
				synctest.Wait()
				r.close()
				balanced(t, old, c.next)
			})
		})
	}
}

// A shadow that is slower than the lane, or hangs, does not slow it: what it has no room for is skipped.
func TestShadowIsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := &fake{each: func(context.Context, *instance, *pelton.View) (pelton.Verdict, error) {
			time.Sleep(time.Second)
			return pelton.Ack(), nil
		}}
		old := &fake{}
		r := open(t, actor.Options{Health: health}, old)
		s := shadowing
		s.Buffer = 1000
		answer := r.rollout(2, next, s)
		begin := time.Now()
		for range 1000 {
			r.keyed(0, "ack", "k")
		}
		if took := time.Since(begin); took > 0 {
			t.Errorf("the lane took %v", took)
		}
		if result := <-answer; result.Figures.Shadow.Skipped < 900 || result.Figures.Shadow.Compared == 0 {
			t.Errorf("%+v", result.Figures.Shadow)
		} else if s := r.Stats(); s.Skipped != result.Figures.Shadow.Skipped {
			t.Errorf("the stats count %d skipped, the report %d", s.Skipped, result.Figures.Shadow.Skipped)
		}
		time.Sleep(time.Minute)
		r.close()
		balanced(t, old, next)
	})
}

func TestShadowHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		old, next := &fake{}, &fake{each: hang(gate)}
		r := open(t, actor.Options{Health: health}, old)
		answer := r.rollout(2, next, shadowing)
		r.keyed(0, "hang", "k")
		if result := <-answer; result.State != actor.StateRolledBack || !strings.Contains(result.Reason, "could not be stopped") {
			t.Errorf("%+v", result)
		}
		close(gate)
		synctest.Wait()
		r.close()
		balanced(t, old, next)
	})
}

// table is a state in memory.
type table struct {
	mu     sync.Mutex
	values map[string]string
}

func (m *table) Get(key []byte) ([]byte, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.values[string(key)]
	return []byte(v), ok, nil
}

func (*table) Next([]byte, []byte) ([]byte, bool, error) { return nil, false, nil }

func (m *table) Stage(changes []pelton.Change) uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range changes {
		m.values[string(c.Key)] = string(c.Value)
	}
	return 1
}

func (*table) Room() (left, limit int64) { return 1 << 20, 1 << 20 }
func (*table) MaxKey() int               { return 100 }

// counting is a plugin that counts in kv and puts the count out.
type counting struct {
	fake

	step int
}

func (f *counting) Start(_ context.Context, env actor.Env) (actor.Instance, error) {
	f.starts.Add(1)
	return &counter{instance: instance{module: &f.fake}, kv: env.KV, step: f.step}, nil
}

type counter struct {
	instance

	kv   actor.KV
	step int
}

func (i *counter) Handle(_ context.Context, t *actor.Turn) error {
	for k := range t.Deliveries {
		value, _, err := t.Get(i.kv, k, []byte("n"))
		if err != nil {
			return err
		}
		next := slices.Concat(value, slices.Repeat([]byte("x"), i.step))
		if err := t.Put(i.kv, k, []byte("n"), next); err != nil {
			return err
		}
		if err := t.Emit(k, pelton.Emit{Output: "out", Payload: next}); err != nil {
			return err
		}
		t.Outcomes[k].Verdict = pelton.Ack()
	}
	return nil
}

// What a shadow writes to kv is its own, and it does not see what the live version writes meanwhile: the same code counts the
// same, and code that counts otherwise differs without harm.
func TestShadowState(t *testing.T) {
	for _, c := range []struct{ step, different int }{{1, 0}, {2, 50}} {
		synctest.Test(t, func(t *testing.T) {
			outputs := []pelton.Output{{Name: "out"}}
			kv := &table{values: map[string]string{"n": "xx"}}
			old, next := &counting{step: 1, fake: fake{outputs: outputs}}, &counting{step: c.step, fake: fake{outputs: outputs}}
			p, err := actor.Open(t.Context(), actor.Options{Env: actor.Env{KV: kv}}, actor.Version{Revision: 1, Module: old})
			if err != nil {
				t.Fatal(err)
			}
			r := &rig{Plugin: p, t: t, done: make(chan *actor.Turn, 1)}
			answer := make(chan actor.Result, 1)
			go func() {
				s := shadowing
				s.Promote = false
				result, _ := r.Swap(t.Context(), actor.Version{Revision: 2, Module: next}, s)
				answer <- result
			}()
			synctest.Wait()
			for range 50 {
				r.keyed(0, "", "k")
				synctest.Wait()
			}
			if report := (<-answer).Figures.Shadow; report.Compared != 50 || report.Different != uint64(c.different) {
				t.Errorf("step %d: %+v", c.step, report)
			}
			if n := len(kv.values["n"]); n != 52 {
				t.Errorf("step %d: the live state counts %d, want 52", c.step, n)
			}
			r.close()
			balanced(t, &old.fake, &next.fake)
		})
	}
}
