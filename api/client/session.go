package client

import (
	"context"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/api"
	peltonv1 "github.com/peltonhq/pelton/api/gen/pelton/v1"
	"github.com/peltonhq/pelton/api/wire"
)

// Names are all session names, sorted.
func (c *Client) Names(ctx context.Context) ([]string, error) {
	res, err := c.sessions.List(ctx, &peltonv1.SessionServiceListRequest{})
	return res.GetNames(), c.fail(err)
}

// Heads is a page of the sessions of a name; see [api.Service.Heads].
func (c *Client) Heads(ctx context.Context, name, after string, limit int) (page []api.Head, next string, err error) {
	res, err := c.sessions.List(ctx, &peltonv1.SessionServiceListRequest{Name: name, After: after, Limit: int32(limit)})
	if err != nil {
		return nil, "", c.fail(err)
	}
	page = make([]api.Head, len(res.GetSessions()))
	for i, h := range res.GetSessions() {
		page[i] = wire.HeadOf(name, h)
	}
	return page, res.GetNext(), nil
}

// AllHeads is every session of a name, in key order.
func (c *Client) AllHeads(ctx context.Context, name string) ([]api.Head, error) {
	return pages(func(after string) ([]api.Head, string, error) { return c.Heads(ctx, name, after, 0) })
}

// Get is a session's newest snapshot, or the one with id when it is not 0.
func (c *Client) Get(ctx context.Context, name, key string, id uint64) (*pelton.Snapshot, error) {
	res, err := c.sessions.Get(ctx, &peltonv1.SessionServiceGetRequest{Name: name, Key: key, Id: id})
	if err != nil {
		return nil, c.fail(err)
	}
	return wire.SnapshotOf(res.GetSnapshot()), nil
}

// Append adds a snapshot to a session that clients may write.
func (c *Client) Append(ctx context.Context, r api.AppendRequest) (*pelton.Snapshot, error) {
	res, err := c.sessions.Append(ctx, &peltonv1.SessionServiceAppendRequest{
		Name: r.Name, Key: r.Key, Payload: r.Payload, ContentType: r.ContentType, IdempotencyKey: r.ID,
	})
	if err != nil {
		return nil, c.fail(err)
	}
	return wire.SnapshotOf(res.GetSnapshot()), nil
}

// Delete ends a session.
func (c *Client) Delete(ctx context.Context, name, key string) error {
	_, err := c.sessions.Delete(ctx, &peltonv1.SessionServiceDeleteRequest{Name: name, Key: key})
	return c.fail(err)
}
