package rollout_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/engine/config"
	"github.com/peltonhq/pelton/engine/rollout"
)

func configured() actor.Strategy {
	c := config.DefaultPlugin()
	return rollout.Strategy(c.Strategy, c.Canary, c.Shadow)
}

// What is asked for one swap takes the place of what the config says, key by key.
func TestOverride(t *testing.T) {
	t.Parallel()
	base := configured()
	if want := (actor.Strategy{Kind: actor.Immediate, Hold: 30 * time.Second, For: time.Minute, MaxDiff: 0.001, Promote: true, Buffer: 4 << 20}); !reflect.DeepEqual(base, want) {
		t.Errorf("the config's defaults are %+v, want %+v", base, want)
	}
	if got, err := rollout.Override("p", base, nil); err != nil || !reflect.DeepEqual(got, base) {
		t.Errorf("%+v, %v", got, err)
	}
	got, err := rollout.Override("p", base, &api.Strategy{Kind: "canary", Percent: []float64{1, 100}, Hold: time.Second, Then: "drop"})
	want := base
	want.Kind, want.Percent, want.Hold, want.Promote = actor.Canary, []float64{1, 100}, time.Second, false
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
}

func TestOverrideRefuses(t *testing.T) {
	t.Parallel()
	for want, s := range map[string]api.Strategy{
		`strategy: kind: unknown value "blue"`:                  {Kind: "blue"},
		"strategy: canary.percent: 0 is out of range":           {Kind: "canary", Percent: []float64{0}},
		"strategy: canary.percent: 5 is out of range or not":    {Kind: "canary", Percent: []float64{25, 5}},
		"strategy: canary.keys: takes the place of percent":     {Kind: "canary", Percent: []float64{5}, Keys: []string{"a"}},
		"strategy: canary.hold: 1ms is too short":               {Kind: "canary", Hold: time.Millisecond},
		"strategy: shadow.max_diff: 2 is out of range":          {Kind: "shadow", MaxDiff: 2},
		`strategy: shadow.then: unknown value "keep"`:           {Kind: "shadow", Then: "keep"},
		"strategy: shadow.for: -1s is too short; want at least": {Kind: "shadow", For: -time.Second},
	} {
		if _, err := rollout.Override("p", configured(), &s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %s", s, err, want)
		}
	}
	if _, err := rollout.Override("session/s", configured(), &api.Strategy{Kind: "shadow"}); err == nil || !strings.Contains(err.Error(), "use canary") {
		t.Errorf("the shadow of a reducer: %v", err)
	}
}

// A share of 0 in the config allows nothing; to the actor it would be the default.
func TestHealth(t *testing.T) {
	t.Parallel()
	h := config.DefaultPlugin().Health
	if got := rollout.Health(h); got.MaxErrorRate != 0.05 || got.MaxIncrease != 0.005 || got.MinSamples != 10 {
		t.Errorf("%+v", got)
	}
	h.MaxErrorRate, h.MaxIncrease = 0, 0
	if got := rollout.Health(h); got.MaxErrorRate >= 0 || got.MaxIncrease >= 0 {
		t.Errorf("%+v", got)
	}
}
