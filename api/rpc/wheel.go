package rpc

import (
	"context"
	"errors"

	"google.golang.org/grpc"

	"github.com/peltonhq/pelton/api"
	peltonv1 "github.com/peltonhq/pelton/api/gen/pelton/v1"
	"github.com/peltonhq/pelton/api/gen/pelton/v1/peltonv1connect"
	"github.com/peltonhq/pelton/api/wire"
)

// wheel is WheelService but for its stream.
type wheel struct{ svc *api.Service }

func (w wheel) GetTopology(ctx context.Context, _ *peltonv1.WheelServiceGetTopologyRequest) (*peltonv1.WheelServiceGetTopologyResponse, error) {
	t, err := w.svc.Topology(ctx)
	if err != nil {
		return nil, err
	}
	return &peltonv1.WheelServiceGetTopologyResponse{Nodes: wire.Each(t.Nodes, wire.Node), Edges: wire.Each(t.Edges, wire.Edge)}, nil
}

func (w wheel) GetStats(ctx context.Context, _ *peltonv1.WheelServiceGetStatsRequest) (*peltonv1.WheelServiceGetStatsResponse, error) {
	stats, err := w.svc.Stats(ctx)
	if err != nil {
		return nil, err
	}
	return &peltonv1.WheelServiceGetStatsResponse{Stats: wire.Stats(stats)}, nil
}

func (w wheel) ListAudit(ctx context.Context, r *peltonv1.WheelServiceListAuditRequest) (*peltonv1.WheelServiceListAuditResponse, error) {
	page, next, err := w.svc.Audit(ctx, r.GetBefore(), int(r.GetLimit()))
	if err != nil {
		return nil, err
	}
	return &peltonv1.WheelServiceListAuditResponse{Entries: wire.Each(page, wire.Entry), Next: next}, nil
}

func (w wheel) watch(ctx context.Context, r *peltonv1.WheelServiceWatchStatsRequest, send func(*peltonv1.WheelServiceWatchStatsResponse) error) error {
	return w.svc.WatchStats(ctx, wire.DurationOf(r.GetInterval()), func(s api.Stats) error {
		return send(&peltonv1.WheelServiceWatchStatsResponse{Stats: wire.Stats(s)})
	})
}

func (w wheel) backup(ctx context.Context, send func(*peltonv1.WheelServiceBackupResponse) error) error {
	return w.svc.Backup(ctx, func(size int64, chunk []byte) error {
		return send(&peltonv1.WheelServiceBackupResponse{Size: size, Chunk: chunk})
	})
}

func (w wheel) tap(ctx context.Context, r *peltonv1.WheelServiceTapRequest, send func(*peltonv1.WheelServiceTapResponse) error) error {
	return w.svc.Tap(ctx, wire.TapOf(r), func(f api.TapFrame) error { return send(wire.TapFrame(f)) })
}

type wheelGRPC struct {
	wheel
	peltonv1.UnsafeWheelServiceServer
	o Options
}

func (w wheelGRPC) WatchStats(r *peltonv1.WheelServiceWatchStatsRequest, stream grpc.ServerStreamingServer[peltonv1.WheelServiceWatchStatsResponse]) error {
	return w.watch(stream.Context(), r, stream.Send)
}

func (w wheelGRPC) Backup(_ *peltonv1.WheelServiceBackupRequest, stream grpc.ServerStreamingServer[peltonv1.WheelServiceBackupResponse]) error {
	send := steady(stream, w.o.Stall)
	return w.backup(stream.Context(), func(r *peltonv1.WheelServiceBackupResponse) error {
		err := send(r)
		if errors.Is(err, errStall) {
			return w.o.stalled("backup: the client")
		}
		return err
	})
}

func (w wheelGRPC) Tap(r *peltonv1.WheelServiceTapRequest, stream grpc.ServerStreamingServer[peltonv1.WheelServiceTapResponse]) error {
	send := steady(stream, w.o.Stall)
	return w.tap(stream.Context(), r, func(f *peltonv1.WheelServiceTapResponse) error {
		err := send(f)
		if errors.Is(err, errStall) {
			return w.o.stalled("tap: the client")
		}
		return err
	})
}

type wheelConnect struct{ wheel }

func (w wheelConnect) WatchStats(ctx context.Context, r *peltonv1.WheelServiceWatchStatsRequest, stream peltonv1connect.WheelServiceWatchStatsServerStream) error {
	return w.watch(ctx, r, guard(ctx, stream.Send))
}

func (w wheelConnect) Backup(ctx context.Context, _ *peltonv1.WheelServiceBackupRequest, stream peltonv1connect.WheelServiceBackupServerStream) error {
	return w.backup(ctx, guard(ctx, stream.Send))
}

func (w wheelConnect) Tap(ctx context.Context, r *peltonv1.WheelServiceTapRequest, stream peltonv1connect.WheelServiceTapServerStream) error {
	return w.tap(ctx, r, guard(ctx, stream.Send))
}
