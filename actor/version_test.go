package actor_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/peltonhq/pelton/actor"
)

// listener is a module that remembers what its instances are started with, and logs at each start.
type listener struct {
	*fake
	config string
	limits actor.Limits
}

func (l *listener) Start(ctx context.Context, env actor.Env) (actor.Instance, error) {
	l.config, l.limits = string(env.Config), env.Limits
	env.Log("info", "started")
	return l.fake.Start(ctx, env)
}

// A version brings its own config and limits, or has those of the options; what it logs bears its revision.
func TestVersionBringsItsConfig(t *testing.T) {
	usual := actor.Limits{Memory: 4 << 20, Recycle: 1 << 20, Time: 1e6, Output: 1 << 10}
	first, second, third := &listener{fake: &fake{}}, &listener{fake: &fake{}}, &listener{fake: &fake{}}
	var lines []string
	p, err := actor.Open(t.Context(), actor.Options{
		Env:    actor.Env{Plugin: "p", Config: []byte(`{"of":"options"}`), Limits: usual},
		Health: actor.Health{Window: 1},
		Log: func(revision int, level, message string) {
			lines = append(lines, fmt.Sprint(revision, " ", level, " ", message))
		},
	}, actor.Version{Revision: 1, Module: first})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []actor.Version{
		{Revision: 2, Module: second, Config: []byte(`{"of":"version"}`), Limits: &actor.Limits{Memory: 8 << 20, Time: 2e6}},
		{Revision: 3, Module: third},
	} {
		if r, err := p.Swap(t.Context(), v, actor.Strategy{}); err != nil || r.State != actor.StateLive {
			t.Fatalf("revision %d: %+v, %v", v.Revision, r, err)
		}
	}
	if err := p.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	own := actor.Limits{Memory: 8 << 20, Recycle: 6 << 20, Time: 2e6, Output: actor.DefaultOutput}
	for i, got := range []*listener{first, second, third} {
		config, limits := `{"of":"options"}`, usual
		if got == second {
			config, limits = `{"of":"version"}`, own
		}
		if got.config != config || got.limits != limits {
			t.Errorf("revision %d was started with %s and %+v", i+1, got.config, got.limits)
		}
	}
	if want := []string{"1 info started", "2 info started", "3 info started"}; !slices.Equal(lines, want) {
		t.Errorf("logged %q", lines)
	}
	balanced(t, first.fake, second.fake, third.fake)
}
