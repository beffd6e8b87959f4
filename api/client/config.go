package client

import (
	"context"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/delta"
	peltonv1 "github.com/peltonhq/pelton/api/gen/pelton/v1"
	"github.com/peltonhq/pelton/api/wire"
)

// Apply makes a config the running one and waits until it is, or only asks what that would change.
func (c *Client) Apply(ctx context.Context, o api.ApplyOptions) (delta.Plan, error) {
	res, err := c.wheel.Apply(ctx, &peltonv1.WheelServiceApplyRequest{
		Config: string(o.Text), File: o.File, Artifacts: o.Artifacts, PlanOnly: o.PlanOnly, PlanHash: o.Hash, Who: o.Who, Why: o.Why,
	})
	return wire.ConfigPlanOf(res.GetPlan()), c.fail(err)
}

// Config is the config that runs.
func (c *Client) Config(ctx context.Context) (api.RunningConfig, error) {
	res, err := c.wheel.GetConfig(ctx, &peltonv1.WheelServiceGetConfigRequest{})
	return api.RunningConfig{Text: res.GetConfig(), Hash: res.GetHash(), File: res.GetFile()}, c.fail(err)
}

// Events is what happened to the wheel behind an event by its number, the oldest first: the newest limit of what is kept.
func (c *Client) Events(ctx context.Context, after uint64, limit int) ([]delta.Event, error) {
	res, err := c.wheel.ListEvents(ctx, &peltonv1.WheelServiceListEventsRequest{After: after, Limit: int32(limit)})
	return wire.Each(res.GetEvents(), wire.WheelEventOf), c.fail(err)
}
