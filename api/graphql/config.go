package graphql

import (
	"context"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/delta"
)

func (q query) Config(ctx context.Context) (*api.RunningConfig, error) {
	c, err := q.svc.RunningConfig(ctx)
	return &c, err
}

// Events is what happened to the wheel.
func (q query) Events(ctx context.Context, after *uint64, limit *int) ([]delta.Event, error) {
	return q.svc.Events(ctx, or(after), or(limit))
}

func (m mutation) ApplyConfig(ctx context.Context, config string, planOnly *bool, planHash, who, why *string) (*delta.Plan, error) {
	p, err := m.svc.Apply(ctx, api.ApplyOptions{Text: []byte(config), PlanOnly: or(planOnly), Hash: or(planHash), Who: or(who), Why: or(why)})
	return &p, err
}
