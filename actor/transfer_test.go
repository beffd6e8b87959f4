package actor_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/actor/handover"
)

// keeping is a fake whose instances hand over how many messages they had.
type keeping struct {
	fake

	save func(ctx context.Context) error
	load func(ctx context.Context) error
}

func (f *keeping) Start(ctx context.Context, env actor.Env) (actor.Instance, error) {
	i, err := f.fake.Start(ctx, env)
	if err != nil {
		return nil, err
	}
	return &keeper{instance: i.(*instance), module: f}, nil
}

type keeper struct {
	*instance

	module *keeping
}

func (k *keeper) Save(ctx context.Context, _ int64) (*handover.State, error) {
	if k.module.save != nil {
		if err := k.module.save(ctx); err != nil {
			return nil, err
		}
	}
	return &handover.State{Version: 1, Bytes: make([]byte, k.count)}, nil
}

func (k *keeper) Load(ctx context.Context, s *handover.State) error {
	k.count = len(s.Bytes)
	if k.module.load != nil {
		return k.module.load(ctx)
	}
	return nil
}

// How the state of an instance gets to the next version, and what follows when it does not.
func TestHandover(t *testing.T) {
	broken := &actor.Fault{Kind: actor.FaultTrap, Broken: true, Err: wordError("in save")}
	refuses := func(context.Context) error { return errors.New("not today") }
	cases := map[string]struct {
		old, next *keeping
		plain     bool // the next version has no Load
		policy    handover.Policy
		count     int // of the instance that does the next message
		revision  int
		reason    string
		took      time.Duration
	}{
		"handed over":      {old: &keeping{}, next: &keeping{}, count: 4, revision: 2},
		"save refuses":     {old: &keeping{save: refuses}, next: &keeping{}, count: 1, revision: 2, reason: "saving it: not today"},
		"save traps":       {old: &keeping{save: func(context.Context) error { return broken }}, next: &keeping{}, count: 1, revision: 2, reason: "saving it: trap: in save"},
		"load refuses":     {old: &keeping{}, next: &keeping{load: refuses}, count: 1, revision: 2, reason: "loading it: not today"},
		"no load":          {old: &keeping{}, plain: true, count: 1, revision: 2, reason: "the plugin has no function that loads a state"},
		"too large":        {old: &keeping{}, next: &keeping{}, policy: handover.Policy{MaxSize: 2}, count: 1, revision: 2, reason: "3 bytes of 2"},
		"save hangs":       {old: &keeping{save: hangs}, next: &keeping{}, count: 1, revision: 2, reason: "it took longer than state.timeout of 1s", took: 1100 * time.Millisecond},
		"load refuses, so": {old: &keeping{}, next: &keeping{load: refuses}, policy: handover.Policy{Abort: true}, count: 4, revision: 1, reason: "the state of revision 1 could not be handed over: loading it: not today"},
		"save traps, so":   {old: &keeping{save: func(context.Context) error { return broken }}, next: &keeping{}, policy: handover.Policy{Abort: true}, count: 1, revision: 1, reason: "saving it: trap: in save"},
		"no load, so":      {old: &keeping{}, plain: true, policy: handover.Policy{Abort: true}, count: 4, revision: 1, reason: "no function that loads a state"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				count, plain := 0, &fake{}
				var next actor.Module = plain
				if !c.plain {
					c.next.each, next = counts(&count), c.next
				}
				plain.each, c.old.each = counts(&count), counts(&count)
				c.policy.On = true
				r := &rig{t: t, events: make(chan actor.Event, 100), done: make(chan *actor.Turn, 100)}
				p, err := actor.Open(t.Context(), actor.Options{Health: health, Handover: c.policy, OnChange: func(e actor.Event) { r.events <- e }}, actor.Version{Revision: 1, Module: c.old})
				if err != nil {
					t.Fatal(err)
				}
				r.Plugin = p
				r.run("1", "2", "3")
				begin := time.Now()
				answer := make(chan actor.Result, 1)
				go func() {
					result, _ := r.Swap(t.Context(), actor.Version{Revision: 2, Module: next}, actor.Strategy{})
					answer <- result
				}()
				synctest.Wait()
				if turn := r.run("4"); turn.Revision != c.revision || count != c.count || time.Since(begin) != c.took {
					t.Errorf("revision %d counts %d after %v; want revision %d, %d, %v", turn.Revision, count, time.Since(begin), c.revision, c.count, c.took)
				}
				result := <-answer
				told := result.Reason
				for len(r.events) > 0 {
					if e := <-r.events; e.State == actor.StateFresh {
						told = e.Reason
					}
				}
				if !strings.Contains(told, c.reason) || (c.reason == "") != (told == "") {
					t.Errorf("told %q, want %q", told, c.reason)
				}
				time.Sleep(time.Minute)
				r.close()
				if balanced(t, &c.old.fake); !c.plain {
					plain = &c.next.fake
				}
				balanced(t, plain)
			})
		})
	}
}

// What the next version is judged by, and whether it is given the state, changes without a new instance; a window that is open
// ends by the terms that it began with.
func TestAdjust(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		count := 0
		first, second, third := &keeping{}, &keeping{}, &keeping{}
		for _, k := range []*keeping{first, second, third} {
			k.each = counts(&count)
		}
		r := &rig{t: t, events: make(chan actor.Event, 100), done: make(chan *actor.Turn, 100)}
		p, err := actor.Open(t.Context(), actor.Options{Health: actor.Health{Window: time.Hour, MinSamples: 1000}}, actor.Version{Revision: 1, Module: first})
		if err != nil {
			t.Fatal(err)
		}
		r.Plugin = p
		r.run("1", "2")
		p.Adjust(actor.Health{Window: time.Second, MinSamples: 1000}, handover.Policy{On: true})
		if r.run("3"); count != 3 || p.Stats().Restarts != 0 {
			t.Errorf("it counts %d, and was started again %d times", count, p.Stats().Restarts)
		}
		swap := func(v actor.Version, took time.Duration) {
			t.Helper()
			begin, answer := time.Now(), make(chan actor.Result, 1)
			go func() {
				result, _ := r.Swap(t.Context(), v, actor.Strategy{})
				answer <- result
			}()
			synctest.Wait()
			r.run("next")
			p.Adjust(actor.Health{Window: time.Minute, MinSamples: 1000}, handover.Policy{}) // of the swap after this one
			if result := <-answer; result.State != actor.StateLive || time.Since(begin) != took {
				t.Errorf("revision %d: %+v after %v, want %v", v.Revision, result, time.Since(begin), took)
			}
		}
		if swap(actor.Version{Revision: 2, Module: second}, time.Second); count != 4 {
			t.Errorf("the second version counts %d, want 4", count)
		}
		if swap(actor.Version{Revision: 3, Module: third}, time.Minute); count != 1 {
			t.Errorf("the third version counts %d, want 1", count)
		}
		time.Sleep(time.Hour)
		r.close()
		balanced(t, &first.fake)
		balanced(t, &second.fake)
		balanced(t, &third.fake)
	})
}

func hangs(context.Context) error {
	time.Sleep(10 * time.Second)
	return nil
}

// counts notes how many messages the instance had.
func counts(n *int) func(context.Context, *instance, *pelton.View) (pelton.Verdict, error) {
	return func(_ context.Context, i *instance, _ *pelton.View) (pelton.Verdict, error) {
		*n = i.count
		return pelton.Ack(), nil
	}
}
