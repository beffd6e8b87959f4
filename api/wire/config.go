package wire

import (
	"github.com/peltonhq/pelton/api/delta"
	peltonv1 "github.com/peltonhq/pelton/api/gen/pelton/v1"
)

// ConfigPlan is p on the wire.
func ConfigPlan(p delta.Plan) *peltonv1.ConfigPlan {
	return &peltonv1.ConfigPlan{Hash: p.Hash, Changes: Each(p.Changes, planned), Drained: p.Drained, Warnings: p.Warnings}
}

// ConfigPlanOf is the inverse of [ConfigPlan].
func ConfigPlanOf(p *peltonv1.ConfigPlan) delta.Plan {
	return delta.Plan{Hash: p.GetHash(), Changes: Each(p.GetChanges(), plannedOf), Drained: p.GetDrained(), Warnings: p.GetWarnings()}
}

func planned(c delta.Change) *peltonv1.ConfigChange {
	return &peltonv1.ConfigChange{Op: c.Op, Kind: c.Kind, Name: c.Name, Fields: Each(c.Fields, field), Effect: c.Effect, Does: c.Does}
}

func plannedOf(c *peltonv1.ConfigChange) delta.Change {
	return delta.Change{
		Op: c.GetOp(), Kind: c.GetKind(), Name: c.GetName(), Fields: Each(c.GetFields(), fieldOf), Effect: c.GetEffect(), Does: c.GetDoes(),
	}
}

func field(f delta.Field) *peltonv1.ConfigField {
	return &peltonv1.ConfigField{Path: f.Path, Old: f.Old, New: f.New}
}

func fieldOf(f *peltonv1.ConfigField) delta.Field {
	return delta.Field{Path: f.GetPath(), Old: f.GetOld(), New: f.GetNew()}
}

func configStats(s delta.Stats) *peltonv1.ConfigStats {
	return &peltonv1.ConfigStats{Hash: s.Hash, Outcomes: s.Outcomes, Last: Time(s.Last), Error: s.Error}
}

func configStatsOf(s *peltonv1.ConfigStats) delta.Stats {
	return delta.Stats{Hash: s.GetHash(), Outcomes: s.GetOutcomes(), Last: TimeOf(s.GetLast()), Error: s.GetError()}
}
