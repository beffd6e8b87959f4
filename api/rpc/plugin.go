package rpc

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"

	"github.com/peltonhq/pelton/api"
	peltonv1 "github.com/peltonhq/pelton/api/gen/pelton/v1"
	"github.com/peltonhq/pelton/api/gen/pelton/v1/peltonv1connect"
	"github.com/peltonhq/pelton/api/wire"
)

// plugins is PluginService but for its stream.
type plugins struct{ svc *api.Service }

func (p plugins) List(ctx context.Context, _ *peltonv1.PluginServiceListRequest) (*peltonv1.PluginServiceListResponse, error) {
	list, err := p.svc.Plugins(ctx)
	if err != nil {
		return nil, err
	}
	return &peltonv1.PluginServiceListResponse{Plugins: wire.Each(list, wire.Plugin)}, nil
}

func (p plugins) Has(ctx context.Context, r *peltonv1.PluginServiceHasRequest) (*peltonv1.PluginServiceHasResponse, error) {
	stored, err := p.svc.Has(ctx, r.GetDigest())
	if err != nil {
		return nil, err
	}
	return &peltonv1.PluginServiceHasResponse{Stored: stored}, nil
}

func (p plugins) Swap(ctx context.Context, r *peltonv1.PluginServiceSwapRequest) (*peltonv1.PluginServiceSwapResponse, error) {
	result, err := p.svc.Swap(ctx, r.GetName(), r.GetDigest(), api.SwapOptions{
		Who: r.GetWho(), Why: r.GetWhy(), Expect: int(r.GetExpect()), Revision: int(r.GetRevision()), Strategy: wire.StrategyOf(r.GetStrategy()),
	})
	if err != nil {
		return nil, err
	}
	return &peltonv1.PluginServiceSwapResponse{Result: wire.SwapResult(result)}, nil
}

func (p plugins) Rollback(ctx context.Context, r *peltonv1.PluginServiceRollbackRequest) (*peltonv1.PluginServiceRollbackResponse, error) {
	result, err := p.svc.Rollback(ctx, r.GetName(), api.SwapOptions{
		Who: r.GetWho(), Why: r.GetWhy(), Expect: int(r.GetExpect()), Strategy: wire.StrategyOf(r.GetStrategy()),
	})
	if err != nil {
		return nil, err
	}
	return &peltonv1.PluginServiceRollbackResponse{Result: wire.SwapResult(result)}, nil
}

func (p plugins) History(ctx context.Context, r *peltonv1.PluginServiceHistoryRequest) (*peltonv1.PluginServiceHistoryResponse, error) {
	history, err := p.svc.History(ctx, r.GetName())
	if err != nil {
		return nil, err
	}
	return &peltonv1.PluginServiceHistoryResponse{Revisions: wire.Each(history, wire.Revision)}, nil
}

// push reads the header and gives the service the chunks behind it as they come.
func (p plugins) push(ctx context.Context, receive func() (*peltonv1.PluginServicePushRequest, error)) (*peltonv1.PluginServicePushResponse, error) {
	head, err := receive()
	if errors.Is(err, io.EOF) {
		return nil, api.Errorf(api.InvalidArgument, "push: the stream is empty; send digest and size first")
	}
	if err != nil {
		return nil, err
	}
	body := &chunks{receive: receive, rest: head.GetChunk(), left: head.GetSize()}
	if err := p.svc.Push(ctx, head.GetDigest(), head.GetSize(), body); err != nil {
		return nil, err
	}
	return &peltonv1.PluginServicePushResponse{}, nil
}

// chunks reads the bytes of a push, never more than were announced.
type chunks struct {
	receive func() (*peltonv1.PluginServicePushRequest, error)
	rest    []byte
	left    int64
}

func (c *chunks) Read(b []byte) (int, error) {
	for len(c.rest) == 0 {
		next, err := c.receive()
		if errors.Is(err, io.EOF) {
			if c.left > 0 {
				return 0, api.Errorf(api.InvalidArgument, "push: the stream ended %d bytes early", c.left)
			}
			return 0, io.EOF
		}
		if err != nil {
			return 0, err
		}
		c.rest = next.GetChunk()
	}
	if int64(len(c.rest)) > c.left {
		return 0, api.Errorf(api.InvalidArgument, "push: the stream has more bytes than the size that it announced")
	}
	n := copy(b, c.rest)
	c.rest = c.rest[n:]
	c.left -= int64(n)
	return n, nil
}

type pluginGRPC struct {
	plugins
	peltonv1.UnsafePluginServiceServer
}

func (p pluginGRPC) WatchLogs(r *peltonv1.PluginServiceWatchLogsRequest, stream grpc.ServerStreamingServer[peltonv1.PluginServiceWatchLogsResponse]) error {
	return p.watch(stream.Context(), r, stream.Send)
}

func (p pluginGRPC) Push(stream grpc.ClientStreamingServer[peltonv1.PluginServicePushRequest, peltonv1.PluginServicePushResponse]) error {
	res, err := p.push(stream.Context(), stream.Recv)
	if err != nil {
		return err
	}
	return stream.SendAndClose(res)
}

type pluginConnect struct{ plugins }

func (p pluginConnect) Push(ctx context.Context, stream peltonv1connect.PluginServicePushServerStream) (*peltonv1.PluginServicePushResponse, error) {
	return p.push(ctx, stream.Receive)
}

func (p pluginConnect) WatchLogs(ctx context.Context, r *peltonv1.PluginServiceWatchLogsRequest, stream peltonv1connect.PluginServiceWatchLogsServerStream) error {
	return p.watch(ctx, r, guard(ctx, stream.Send))
}
