package wire

import (
	"github.com/peltonhq/pelton/api"
	peltonv1 "github.com/peltonhq/pelton/api/gen/pelton/v1"
)

// Strategy is s on the wire.
func Strategy(s *api.Strategy) *peltonv1.Strategy {
	if s == nil {
		return nil
	}
	return &peltonv1.Strategy{
		Kind: s.Kind, Percent: s.Percent, Keys: s.Keys, Hold: Duration(s.Hold), For: Duration(s.For), MaxDiff: s.MaxDiff, Then: s.Then,
	}
}

// StrategyOf is the inverse of [Strategy].
func StrategyOf(s *peltonv1.Strategy) *api.Strategy {
	if s == nil {
		return nil
	}
	return &api.Strategy{
		Kind: s.GetKind(), Percent: s.GetPercent(), Keys: s.GetKeys(), Hold: DurationOf(s.GetHold()), For: DurationOf(s.GetFor()),
		MaxDiff: s.GetMaxDiff(), Then: s.GetThen(),
	}
}

func rollout(r *api.Rollout) *peltonv1.Rollout {
	if r == nil {
		return nil
	}
	return &peltonv1.Rollout{
		Strategy: r.Strategy, State: r.State, Revision: int32(r.Revision), Step: int32(r.Step), Percent: r.Percent, Until: Time(r.Until),
		Figures: figures(&r.Figures),
	}
}

func rolloutOf(r *peltonv1.Rollout) *api.Rollout {
	if r == nil {
		return nil
	}
	out := &api.Rollout{
		Strategy: r.GetStrategy(), State: r.GetState(), Revision: int(r.GetRevision()), Step: int(r.GetStep()), Percent: r.GetPercent(),
		Until: TimeOf(r.GetUntil()),
	}
	if f := figuresOf(r.GetFigures()); f != nil {
		out.Figures = *f
	}
	return out
}

func figures(f *api.Figures) *peltonv1.Figures {
	if f == nil {
		return nil
	}
	return &peltonv1.Figures{Old: sample(&f.Old), New: sample(&f.New), Shadow: shadow(f.Shadow)}
}

func figuresOf(f *peltonv1.Figures) *api.Figures {
	if f == nil {
		return nil
	}
	return &api.Figures{Old: sampleOf(f.GetOld()), New: sampleOf(f.GetNew()), Shadow: shadowOf(f.GetShadow())}
}

func sample(s *api.Sample) *peltonv1.Sample {
	return &peltonv1.Sample{
		Deliveries: s.Deliveries, Errors: s.Errors, Traps: s.Traps, Timeouts: s.Timeouts, ErrorRate: s.ErrorRate,
		P50: Duration(s.P50), P99: Duration(s.P99), Memory: s.Memory,
	}
}

func sampleOf(s *peltonv1.Sample) api.Sample {
	return api.Sample{
		Deliveries: s.GetDeliveries(), Errors: s.GetErrors(), Traps: s.GetTraps(), Timeouts: s.GetTimeouts(), ErrorRate: s.GetErrorRate(),
		P50: DurationOf(s.GetP50()), P99: DurationOf(s.GetP99()), Memory: s.GetMemory(),
	}
}

func shadow(r *api.ShadowReport) *peltonv1.ShadowReport {
	if r == nil {
		return nil
	}
	return &peltonv1.ShadowReport{
		Compared: r.Compared, Skipped: r.Skipped, Verdicts: r.Verdicts, Emits: r.Emits, Errors: r.Errors, Samples: Each(r.Samples, diff),
	}
}

func shadowOf(r *peltonv1.ShadowReport) *api.ShadowReport {
	if r == nil {
		return nil
	}
	return &api.ShadowReport{
		Compared: r.GetCompared(), Skipped: r.GetSkipped(), Verdicts: r.GetVerdicts(), Emits: r.GetEmits(), Errors: r.GetErrors(),
		Samples: Each(r.GetSamples(), diffOf),
	}
}

func diff(d api.ShadowDiff) *peltonv1.ShadowDiff {
	return &peltonv1.ShadowDiff{
		Key: d.Key, Position: d.Position, OldVerdict: d.OldVerdict, NewVerdict: d.NewVerdict, OldEmits: d.OldEmits, NewEmits: d.NewEmits,
	}
}

func diffOf(d *peltonv1.ShadowDiff) api.ShadowDiff {
	return api.ShadowDiff{
		Key: d.GetKey(), Position: d.GetPosition(), OldVerdict: d.GetOldVerdict(), NewVerdict: d.GetNewVerdict(),
		OldEmits: d.GetOldEmits(), NewEmits: d.GetNewEmits(),
	}
}
