package graphql

import (
	"context"
	"strconv"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/graphql/exec"
	"github.com/peltonhq/pelton/api/graphql/model"
)

// root has the resolvers.
type root struct {
	svc    *api.Service
	limits *Limits
}

// Query implements [exec.ResolverRoot].
func (r root) Query() exec.QueryResolver { return query{r} }

// Mutation implements [exec.ResolverRoot].
func (r root) Mutation() exec.MutationResolver { return mutation{r} }

// Subscription implements [exec.ResolverRoot].
func (r root) Subscription() exec.SubscriptionResolver { return subscription{r} }

// Session implements [exec.ResolverRoot].
func (r root) Session() exec.SessionResolver { return head{r} }

func or[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

type query struct{ root }

func (q query) SessionNames(ctx context.Context) ([]api.SessionStats, error) {
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

// Sessions gives a page of the sessions of a name. Behind the empty key, the first of all, the service has no place of its own.
func (q query) Sessions(ctx context.Context, name string, first *int, after *string) (*exec.SessionConnection, error) {
	n, err := q.page(first)
	if err != nil {
		return nil, err
	}
	key, given, err := afterKey(after)
	if err != nil {
		return nil, err
	}
	ask := n
	if given && key == "" {
		ask++
	}
	page, _, err := q.svc.Heads(ctx, name, key, ask)
	if err != nil {
		return nil, err
	}
	more := len(page) == ask
	if given && key == "" && len(page) > 0 && page[0].Key == "" {
		page = page[1:]
	}
	out := &exec.SessionConnection{Edges: make([]exec.SessionEdge, len(page))}
	cursors := make([]string, len(page))
	for i := range page {
		cursors[i] = keyCursor(page[i].Key)
		out.Edges[i] = exec.SessionEdge{Cursor: cursors[i], Node: &page[i]}
	}
	out.PageInfo = info(after, more, cursors)
	return out, nil
}

func (q query) Plugins(ctx context.Context) ([]api.Plugin, error) { return q.svc.Plugins(ctx) }

func (q query) History(ctx context.Context, plugin string, first *int, after *string) (*exec.RevisionConnection, error) {
	n, err := q.page(first)
	if err != nil {
		return nil, err
	}
	number, err := afterNumber(after)
	if err != nil {
		return nil, err
	}
	revisions, err := q.svc.History(ctx, plugin)
	if err != nil {
		return nil, err
	}
	for len(revisions) > 0 && uint64(revisions[0].Number) <= number {
		revisions = revisions[1:]
	}
	page := revisions[:min(n, len(revisions))]
	out := &exec.RevisionConnection{Edges: make([]exec.RevisionEdge, len(page))}
	cursors := make([]string, len(page))
	for i := range page {
		cursors[i] = strconv.Itoa(page[i].Number)
		out.Edges[i] = exec.RevisionEdge{Cursor: cursors[i], Node: &page[i]}
	}
	out.PageInfo = info(after, len(revisions) > n, cursors)
	return out, nil
}

func (q query) DeadLetters(ctx context.Context, filter *model.DeadFilter, first *int, after *string) (*exec.DeadLetterConnection, error) {
	n, err := q.page(first)
	if err != nil {
		return nil, err
	}
	selected := filter.Query()
	selected.After, selected.Limit = or(after), n
	page, next, err := q.svc.Dead(ctx, selected)
	if err != nil {
		return nil, err
	}
	out, cursors := &exec.DeadLetterConnection{Edges: []exec.DeadLetterEdge{}}, []string{}
	for i := range page {
		letter := model.DeadLetterOf(page[i])
		cursors = append(cursors, letter.Cursor)
		out.Edges = append(out.Edges, exec.DeadLetterEdge{Cursor: letter.Cursor, Node: &letter})
	}
	out.PageInfo = info(after, next != "", cursors)
	return out, nil
}

func (q query) DeadLetter(ctx context.Context, id string) (*model.DeadLetter, error) {
	letter, err := q.svc.DeadLetter(ctx, id)
	out := model.DeadLetterOf(letter)
	return &out, err
}

func (q query) Parked(ctx context.Context, filter *model.ParkedFilter, first *int, after *string) (*exec.ParkedConnection, error) {
	selected := filter.Query()
	var err error
	if selected.Limit, err = q.page(first); err != nil {
		return nil, err
	}
	selected.After = or(after)
	page, next, err := q.svc.Parked(ctx, selected)
	if err != nil {
		return nil, err
	}
	out := &exec.ParkedConnection{Edges: make([]exec.ParkedEdge, len(page))}
	cursors := make([]string, len(page))
	for i := range page {
		parked := model.ParkedOf(page[i])
		cursors[i] = page[i].Cursor
		out.Edges[i] = exec.ParkedEdge{Cursor: page[i].Cursor, Node: &parked}
	}
	out.PageInfo = info(after, next != "", cursors)
	return out, nil
}

func (q query) ParkedDelivery(ctx context.Context, id string) (*model.Parked, error) {
	parked, err := q.svc.ParkedRecord(ctx, id)
	out := model.ParkedOf(parked)
	return &out, err
}

func (q query) Stats(ctx context.Context) (*api.Stats, error) {
	stats, err := q.svc.Stats(ctx)
	return &stats, err
}

func (q query) Topology(ctx context.Context) (*api.Topology, error) {
	t, err := q.svc.Topology(ctx)
	return &t, err
}

// head resolves what a row of a page does not have.
type head struct{ root }

func (h head) Snapshot(ctx context.Context, row *api.Head) (*model.Snapshot, error) {
	snap, err := h.svc.Get(ctx, row.Name, row.Key, 0)
	if err != nil {
		if api.Wrap(err).Code == api.NotFound {
			return nil, nil //nolint:nilnil // null is the answer: it was deleted since the page was read
		}
		return nil, err
	}
	return model.SnapshotOf(&snap, snap.Cursor()), nil
}
