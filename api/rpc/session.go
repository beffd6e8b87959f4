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

// sessions is SessionService but for its stream.
type sessions struct{ svc *api.Service }

func (s sessions) List(ctx context.Context, r *peltonv1.SessionServiceListRequest) (*peltonv1.SessionServiceListResponse, error) {
	if r.GetName() == "" {
		names, err := s.svc.Names(ctx)
		return &peltonv1.SessionServiceListResponse{Names: names}, err
	}
	page, next, err := s.svc.Heads(ctx, r.GetName(), r.GetAfter(), int(r.GetLimit()))
	if err != nil {
		return nil, err
	}
	return &peltonv1.SessionServiceListResponse{Sessions: wire.Each(page, wire.Head), Next: next}, nil
}

func (s sessions) Get(ctx context.Context, r *peltonv1.SessionServiceGetRequest) (*peltonv1.SessionServiceGetResponse, error) {
	snap, err := s.svc.Get(ctx, r.GetName(), r.GetKey(), r.GetId())
	if err != nil {
		return nil, err
	}
	return &peltonv1.SessionServiceGetResponse{Snapshot: wire.Snapshot(&snap, snap.Cursor())}, nil
}

func (s sessions) Append(ctx context.Context, r *peltonv1.SessionServiceAppendRequest) (*peltonv1.SessionServiceAppendResponse, error) {
	snap, err := s.svc.Append(ctx, api.AppendRequest{
		Name: r.GetName(), Key: r.GetKey(), Payload: r.GetPayload(), ContentType: r.GetContentType(), ID: r.GetIdempotencyKey(),
	})
	if err != nil {
		return nil, err
	}
	return &peltonv1.SessionServiceAppendResponse{Snapshot: wire.Snapshot(&snap, snap.Cursor())}, nil
}

func (s sessions) Delete(ctx context.Context, r *peltonv1.SessionServiceDeleteRequest) (*peltonv1.SessionServiceDeleteResponse, error) {
	if err := s.svc.Delete(ctx, r.GetName(), r.GetKey()); err != nil {
		return nil, err
	}
	return &peltonv1.SessionServiceDeleteResponse{}, nil
}

type frame = peltonv1.SessionServiceFollowResponse

// follow gives send every frame, hello first, until the feed ends or send fails.
func follow(ctx context.Context, feed *api.Feed, send func(*frame) error) error {
	if err := send(wire.Hello(feed.Hello())); err != nil {
		return err
	}
	for {
		events, err := feed.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := wire.Frames(events, send); err != nil {
			return err
		}
	}
}

type sessionGRPC struct {
	sessions
	peltonv1.UnsafeSessionServiceServer
	o Options
}

func (s sessionGRPC) Follow(r *peltonv1.SessionServiceFollowRequest, stream grpc.ServerStreamingServer[frame]) error {
	feed, err := s.svc.Follow(stream.Context(), wire.FollowOf(r))
	if err != nil {
		return err
	}
	defer feed.Close()
	return patient(stream, feed, s.o.Stall)
}

type sessionConnect struct{ sessions }

func (s sessionConnect) Follow(ctx context.Context, r *peltonv1.SessionServiceFollowRequest, stream peltonv1connect.SessionServiceFollowServerStream) error {
	feed, err := s.svc.Follow(ctx, wire.FollowOf(r))
	if err != nil {
		return err
	}
	defer feed.Close()
	return follow(ctx, feed, guard(ctx, stream.Send))
}
