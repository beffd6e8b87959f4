// Package rollout says the strategies and figures of a swap in the words of the config, the actor and the API.
package rollout

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/actor/handover"
	"github.com/peltonhq/pelton/actor/health"
	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/engine/config"
	"github.com/peltonhq/pelton/engine/config/rollout"
	"github.com/peltonhq/pelton/engine/config/unit"
)

// Health is how a version is judged. A share of 0 in the config is one, not the default.
func Health(h config.Health) actor.Health {
	none := func(share float64) float64 {
		if share == 0 {
			return -1
		}
		return share
	}
	return actor.Health{
		Window: h.Window.Std(), MaxErrorRate: none(h.MaxErrorRate), MinSamples: h.MinSamples, MaxIncrease: none(h.MaxIncrease),
		MaxLatency: h.MaxLatency.Std(), MaxLatencyIncrease: h.MaxLatencyIncrease,
		MaxMemory: int64(h.MaxMemory), MaxMemoryIncrease: h.MaxMemoryIncrease,
	}
}

// Handover is what becomes of a plugin's state.
func Handover(s config.Handover) handover.Policy {
	return handover.Policy{On: s.Handover, MaxSize: int64(s.MaxSize), Timeout: s.Timeout.Std(), Abort: s.OnFailure == rollout.Abort}
}

// Strategy is how the versions of a plugin come in.
func Strategy(kind string, c config.Canary, s config.Shadow) actor.Strategy {
	return actor.Strategy{
		Kind: kinds[kind], Percent: c.Percent, Keys: c.Keys, Hold: c.Hold.Std(),
		For: s.For.Std(), MaxDiff: s.MaxDiff, Promote: s.Then == rollout.ThenPromote, Buffer: int64(s.Buffer),
	}
}

var kinds = map[string]actor.Kind{
	api.StrategyImmediate: actor.Immediate, api.StrategyCanary: actor.Canary, api.StrategyShadow: actor.Shadow,
}

// Override is the strategy of a plugin with what was asked for one swap in its place; nil asks for nothing.
func Override(plugin string, base actor.Strategy, s *api.Strategy) (actor.Strategy, error) {
	if s == nil {
		return base, nil
	}
	if s.Kind == api.StrategyShadow && strings.HasPrefix(plugin, config.ReducerName("")) {
		return base, api.Errorf(api.InvalidArgument, "%s: a reducer's shadow is %s: use canary", plugin, config.NotAvailable)
	}
	if err := check(s); err != nil {
		return base, err
	}
	if s.Kind != "" {
		base.Kind = kinds[s.Kind]
	}
	if len(s.Percent)+len(s.Keys) > 0 {
		base.Percent, base.Keys = s.Percent, s.Keys
	}
	if s.Hold != 0 {
		base.Hold = s.Hold
	}
	if s.For != 0 {
		base.For = s.For
	}
	if s.MaxDiff != 0 {
		base.MaxDiff = s.MaxDiff
	}
	if s.Then != "" {
		base.Promote = s.Then == api.ThenPromote
	}
	return base, nil
}

// check holds what the config holds of the same keys.
func check(s *api.Strategy) (err error) {
	note := func(path, format string, args ...any) {
		if err == nil {
			err = api.Errorf(api.InvalidArgument, "strategy: %s: %s", path, fmt.Sprintf(format, args...))
		}
	}
	c, h := rollout.DefaultCanary(), rollout.DefaultShadow()
	c.Percent, c.Keys, h.MaxDiff = s.Percent, s.Keys, s.MaxDiff
	if s.Hold != 0 {
		c.Hold = unit.Duration(s.Hold)
	}
	if s.For != 0 {
		h.For = unit.Duration(s.For)
	}
	if s.Then != "" {
		h.Then = s.Then
	}
	if s.Kind != "" {
		rollout.Strategy(note, "kind", s.Kind, rollout.Immediate, rollout.Canaries, rollout.Shadows)
	}
	c.Validate(note, "canary")
	h.Validate(note, "shadow")
	return err
}

// Figures are those of both versions; nil when there are none.
func Figures(f *actor.Figures) *api.Figures {
	if f == nil {
		return nil
	}
	figures := &api.Figures{Old: sample(&f.Old), New: sample(&f.New)}
	if r := f.Shadow; r != nil {
		figures.Shadow = &api.ShadowReport{Compared: r.Compared, Skipped: r.Skipped, Verdicts: r.Verdicts, Emits: r.Emits, Errors: r.Errors}
		for _, d := range r.Samples {
			figures.Shadow.Samples = append(figures.Shadow.Samples, api.ShadowDiff(d))
		}
	}
	return figures
}

func sample(s *health.Sample) api.Sample {
	return api.Sample{
		Deliveries: s.Deliveries, Errors: s.Errors, Traps: s.Traps, Timeouts: s.Timeouts, ErrorRate: s.ErrorRate(),
		P50: s.Quantile(0.5), P99: s.Quantile(0.99), Memory: s.Memory,
	}
}

// Progress is how far a swap has come; nil when none is under way.
func Progress(r *actor.Rollout) *api.Rollout {
	if r == nil {
		return nil
	}
	return &api.Rollout{
		Strategy: string(r.Strategy), State: string(r.State), Revision: r.Revision, Step: r.Step, Percent: r.Percent,
		Until: r.Until, Figures: *Figures(&r.Figures),
	}
}

// State is a plugin's, in a word.
func State(s actor.Stats) string {
	switch s.State {
	case actor.StatePaused:
		return "paused"
	case actor.StateLoading, actor.StateProbing, actor.StateCanary, actor.StateShadow:
		return "swapping"
	case actor.StateClosed:
		return "failed"
	}
	if s.Stuck > 0 {
		return "restarting"
	}
	return "running"
}

// TakenBack is the reason of a version that is not wanted.
func TakenBack(o *api.SwapOptions) string {
	reason := "taken back by " + cmp.Or(o.Who, "an operator")
	if o.Why != "" {
		reason += ": " + o.Why
	}
	return reason
}

// Whole are the figures of the whole health window, with the report of the shadow before it.
func Whole(early *api.Figures, whole *actor.Figures) *api.Figures {
	f := Figures(whole)
	f.Shadow = early.Shadow
	return f
}
