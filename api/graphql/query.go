package graphql

import (
	"context"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/graphql/exec"
	"github.com/peltonhq/pelton/api/graphql/model"
)

// root has the resolvers.
type root struct{ svc *api.Service }

// Query implements [exec.ResolverRoot].
func (r root) Query() exec.QueryResolver { return query(r) }

// Mutation implements [exec.ResolverRoot].
func (r root) Mutation() exec.MutationResolver { return mutation(r) }

// Subscription implements [exec.ResolverRoot].
func (r root) Subscription() exec.SubscriptionResolver { return subscription(r) }

func or[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

type query struct{ svc *api.Service }

func (q query) Sessions(ctx context.Context) ([]api.SessionStats, error) {
	stats, err := q.svc.Stats(ctx)
	return stats.Sessions, err
}

func (q query) Session(ctx context.Context, name, key string, id *uint64) (*model.Snapshot, error) {
	snap, err := q.svc.Get(ctx, name, key, or(id))
	if err != nil {
		return nil, err
	}
	return model.SnapshotOf(&snap, snap.Cursor()), nil
}

func (q query) Snapshots(ctx context.Context, name string, after *string, limit *int) (*model.HeadPage, error) {
	page, next, err := q.svc.Heads(ctx, name, or(after), or(limit))
	return &model.HeadPage{Items: page, Next: next}, err
}

func (q query) Plugins(ctx context.Context) ([]api.Plugin, error) { return q.svc.Plugins(ctx) }

func (q query) History(ctx context.Context, plugin string) ([]api.Revision, error) {
	return q.svc.History(ctx, plugin)
}

func (q query) DeadLetters(ctx context.Context, filter *model.DeadFilter, after *string, limit *int) (*model.DeadPage, error) {
	selected := filter.Query()
	selected.After, selected.Limit = or(after), or(limit)
	page, next, err := q.svc.Dead(ctx, selected)
	out := &model.DeadPage{Items: make([]model.DeadLetter, len(page)), Next: next}
	for i := range page {
		out.Items[i] = model.DeadLetterOf(page[i])
	}
	return out, err
}

func (q query) DeadLetter(ctx context.Context, id string) (*model.DeadLetter, error) {
	letter, err := q.svc.DeadLetter(ctx, id)
	out := model.DeadLetterOf(letter)
	return &out, err
}

func (q query) Parked(ctx context.Context, filter *model.ParkedFilter, after *string, limit *int) (*model.ParkedPage, error) {
	selected := filter.Query()
	selected.After, selected.Limit = or(after), or(limit)
	page, next, err := q.svc.Parked(ctx, selected)
	out := &model.ParkedPage{Items: make([]model.Parked, len(page)), Next: next}
	for i := range page {
		out.Items[i] = model.ParkedOf(page[i])
	}
	return out, err
}

func (q query) Stats(ctx context.Context) (*api.Stats, error) {
	stats, err := q.svc.Stats(ctx)
	return &stats, err
}

func (q query) Topology(ctx context.Context) (*api.Topology, error) {
	t, err := q.svc.Topology(ctx)
	return &t, err
}

type mutation struct{ svc *api.Service }

func (m mutation) Replay(ctx context.Context, ids []string, filter *model.DeadFilter, dryRun, force *bool) (*api.ReplayResult, error) {
	result, err := m.svc.Replay(ctx, ids, filter.Query(), api.ReplayOptions{DryRun: or(dryRun), Force: or(force)})
	return &result, err
}

func (m mutation) Drop(ctx context.Context, ids []string, filter *model.DeadFilter, dryRun *bool) (int, error) {
	return m.svc.DropDead(ctx, ids, filter.Query(), or(dryRun))
}

func (m mutation) Release(ctx context.Context, ids []string, filter *model.ParkedFilter, dryRun *bool) (int, error) {
	return m.svc.Release(ctx, ids, filter.Query(), or(dryRun))
}
