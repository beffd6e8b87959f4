package client

import (
	"context"

	"github.com/peltonhq/pelton/api"
	peltonv1 "github.com/peltonhq/pelton/api/gen/pelton/v1"
	"github.com/peltonhq/pelton/api/wire"
)

// Dead is a page of dead letters.
func (c *Client) Dead(ctx context.Context, q api.DeadQuery) (page []api.DeadLetter, next string, err error) {
	res, err := c.dead.List(ctx, &peltonv1.DeadLetterServiceListRequest{Filter: wire.DeadFilter(q), After: q.After, Limit: int32(q.Limit)})
	return wire.Each(res.GetDeadLetters(), wire.DeadLetterOf), res.GetNext(), c.fail(err)
}

// AllDead is every dead letter that q selects.
func (c *Client) AllDead(ctx context.Context, q api.DeadQuery) ([]api.DeadLetter, error) {
	return pages(func(after string) ([]api.DeadLetter, string, error) {
		q.After = after
		return c.Dead(ctx, q)
	})
}

// DeadLetter is one dead letter.
func (c *Client) DeadLetter(ctx context.Context, id string) (api.DeadLetter, error) {
	res, err := c.dead.Get(ctx, &peltonv1.DeadLetterServiceGetRequest{Id: id})
	return wire.DeadLetterOf(res.GetDeadLetter()), c.fail(err)
}

// Replay offers dead letters again; see [api.Lot].
func (c *Client) Replay(ctx context.Context, ids []string, q api.DeadQuery, o api.ReplayOptions) (api.ReplayResult, error) {
	res, err := c.dead.Replay(ctx, &peltonv1.DeadLetterServiceReplayRequest{
		Ids: ids, Filter: wire.DeadFilter(q), DryRun: o.DryRun, Force: o.Force,
	})
	return api.ReplayResult{Replayed: int(res.GetReplayed()), Skipped: wire.Each(res.GetSkipped(), wire.SkippedOf)}, c.fail(err)
}

// DropDead removes dead letters; see [api.Lot].
func (c *Client) DropDead(ctx context.Context, ids []string, q api.DeadQuery, dryRun bool) (int, error) {
	res, err := c.dead.Drop(ctx, &peltonv1.DeadLetterServiceDropRequest{Ids: ids, Filter: wire.DeadFilter(q), DryRun: dryRun})
	return int(res.GetDropped()), c.fail(err)
}

// Parked is a page of parked deliveries.
func (c *Client) Parked(ctx context.Context, q api.ParkedQuery) (page []api.Parked, next string, err error) {
	res, err := c.parked.List(ctx, &peltonv1.ParkedServiceListRequest{Filter: wire.ParkedFilter(q), After: q.After, Limit: int32(q.Limit)})
	return wire.Each(res.GetParked(), wire.ParkedOf), res.GetNext(), c.fail(err)
}

// AllParked is every parked delivery that q selects.
func (c *Client) AllParked(ctx context.Context, q api.ParkedQuery) ([]api.Parked, error) {
	return pages(func(after string) ([]api.Parked, string, error) {
		q.After = after
		return c.Parked(ctx, q)
	})
}

// ParkedRecord is one parked delivery.
func (c *Client) ParkedRecord(ctx context.Context, id string) (api.Parked, error) {
	res, err := c.parked.Get(ctx, &peltonv1.ParkedServiceGetRequest{Id: id})
	return wire.ParkedOf(res.GetParked()), c.fail(err)
}

// Release makes parked deliveries due now; see [api.Lot].
func (c *Client) Release(ctx context.Context, ids []string, q api.ParkedQuery, dryRun bool) (int, error) {
	res, err := c.parked.Release(ctx, &peltonv1.ParkedServiceReleaseRequest{Ids: ids, Filter: wire.ParkedFilter(q), DryRun: dryRun})
	return int(res.GetReleased()), c.fail(err)
}

// DropParked removes parked deliveries for good; see [api.Lot].
func (c *Client) DropParked(ctx context.Context, ids []string, q api.ParkedQuery, dryRun bool) (int, error) {
	res, err := c.parked.Drop(ctx, &peltonv1.ParkedServiceDropRequest{Ids: ids, Filter: wire.ParkedFilter(q), DryRun: dryRun})
	return int(res.GetDropped()), c.fail(err)
}
