package client

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/api"
	peltonv1 "github.com/peltonhq/pelton/api/gen/pelton/v1"
	"github.com/peltonhq/pelton/api/wire"
)

// Audit is a page of the audit log, the newest first; next is the before of the next page, 0 at the end.
func (c *Client) Audit(ctx context.Context, before uint64, limit int) (page []api.Entry, next uint64, err error) {
	res, err := c.wheel.ListAudit(ctx, &peltonv1.WheelServiceListAuditRequest{Before: before, Limit: int32(limit)})
	return wire.Each(res.GetEntries(), wire.EntryOf), res.GetNext(), c.fail(err)
}

// Topology is the graph of the wheel.
func (c *Client) Topology(ctx context.Context) (api.Topology, error) {
	res, err := c.wheel.GetTopology(ctx, &peltonv1.WheelServiceGetTopologyRequest{})
	return api.Topology{Nodes: wire.Each(res.GetNodes(), wire.NodeOf), Edges: wire.Each(res.GetEdges(), wire.EdgeOf)}, c.fail(err)
}

// Stats are the figures now.
func (c *Client) Stats(ctx context.Context) (api.Stats, error) {
	res, err := c.wheel.GetStats(ctx, &peltonv1.WheelServiceGetStatsRequest{})
	if err != nil {
		return api.Stats{}, c.fail(err)
	}
	return wire.StatsOf(res.GetStats()), nil
}

// WatchStats gives the figures now and then at every interval (0 means a second), until give fails or the stream ends.
func (c *Client) WatchStats(ctx context.Context, interval time.Duration, give func(api.Stats) error) error {
	stream, err := c.wheel.WatchStats(ctx, &peltonv1.WheelServiceWatchStatsRequest{Interval: wire.Duration(interval)})
	if err != nil {
		return c.fail(err)
	}
	defer func() { _ = stream.Close() }() // nothing more is read
	for {
		res, err := stream.Receive()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return c.fail(err)
		}
		if err := give(wire.StatsOf(res.GetStats())); err != nil {
			return err
		}
	}
}

// Backup reads a copy of the wheel's store, which is a tar archive with its digests at its end: what reads it knows
// whether it is whole. Size, if not nil, is told once how many bytes will come, before any is read. Close ends it early.
func (c *Client) Backup(ctx context.Context, size func(int64)) (io.ReadCloser, error) {
	ctx, cancel := context.WithCancel(ctx)
	stream, err := c.wheel.Backup(ctx, &peltonv1.WheelServiceBackupRequest{})
	if err != nil {
		cancel()
		return nil, c.fail(err)
	}
	b := &backup{c: c, cancel: cancel, receive: stream.Receive, close: stream.Close}
	head, err := stream.Receive()
	if err != nil {
		_ = b.Close() // the reason is known
		return nil, c.fail(err)
	}
	if size != nil {
		size(head.GetSize())
	}
	b.rest = head.GetChunk()
	return b, nil
}

// backup is the stream of a backup as bytes.
type backup struct {
	c       *Client
	cancel  context.CancelFunc
	receive func() (*peltonv1.WheelServiceBackupResponse, error)
	close   func() error
	rest    []byte
}

// Read implements [io.Reader].
func (b *backup) Read(p []byte) (int, error) {
	for len(b.rest) == 0 {
		next, err := b.receive()
		if errors.Is(err, io.EOF) {
			return 0, io.EOF
		}
		if err != nil {
			return 0, b.c.fail(err)
		}
		b.rest = next.GetChunk()
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

// Close implements [io.Closer].
func (b *backup) Close() error {
	b.cancel()
	_ = b.close() // nothing more is read
	return nil
}

// Publish makes messages durable in a source's queue.
func (c *Client) Publish(ctx context.Context, source string, p api.Publication) (api.Published, error) {
	res, err := c.ingest.Publish(ctx, &peltonv1.IngestServicePublishRequest{
		Source: source, Messages: wire.Each(p.Messages, wire.IngestMessage), IdempotencyKey: p.Key,
	})
	done := api.Published{First: res.GetFirst(), Count: int(res.GetCount()), Positions: res.GetPositions(), Known: int(res.GetKnown())}
	return done, c.fail(err)
}

// Settle ends a held delivery with a verdict.
func (c *Client) Settle(ctx context.Context, token string, v pelton.Verdict, emits []pelton.Emit) error {
	_, err := c.deliveries.Settle(ctx, &peltonv1.DeliveryServiceSettleRequest{
		Token: token, Verdict: wire.Verdict(v), Emits: wire.Each(emits, wire.Emit),
	})
	return c.fail(err)
}

// Extend makes a hold's lease end this long from now.
func (c *Client) Extend(ctx context.Context, token string, lease time.Duration) error {
	_, err := c.deliveries.Extend(ctx, &peltonv1.DeliveryServiceExtendRequest{Token: token, Lease: wire.Duration(lease)})
	return c.fail(err)
}

// Tap gives samples of what passes a node, until give fails, the limit is reached or the stream ends.
func (c *Client) Tap(ctx context.Context, r api.TapRequest, give func(api.TapFrame) error) error {
	stream, err := c.wheel.Tap(ctx, wire.Tap(r))
	if err != nil {
		return c.fail(err)
	}
	defer func() { _ = stream.Close() }() // nothing more is read
	for {
		res, err := stream.Receive()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return c.fail(err)
		}
		if err := give(wire.TapFrameOf(res)); err != nil {
			return err
		}
	}
}
