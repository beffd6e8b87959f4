package rpc

import (
	"context"

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

func (w wheel) watch(ctx context.Context, r *peltonv1.WheelServiceWatchStatsRequest, send func(*peltonv1.WheelServiceWatchStatsResponse) error) error {
	return w.svc.WatchStats(ctx, wire.DurationOf(r.GetInterval()), func(s api.Stats) error {
		return send(&peltonv1.WheelServiceWatchStatsResponse{Stats: wire.Stats(s)})
	})
}

type wheelGRPC struct {
	wheel
	peltonv1.UnsafeWheelServiceServer
}

func (w wheelGRPC) WatchStats(r *peltonv1.WheelServiceWatchStatsRequest, stream grpc.ServerStreamingServer[peltonv1.WheelServiceWatchStatsResponse]) error {
	return w.watch(stream.Context(), r, stream.Send)
}

type wheelConnect struct{ wheel }

func (w wheelConnect) WatchStats(ctx context.Context, r *peltonv1.WheelServiceWatchStatsRequest, stream peltonv1connect.WheelServiceWatchStatsServerStream) error {
	return w.watch(ctx, r, guard(ctx, stream.Send))
}
