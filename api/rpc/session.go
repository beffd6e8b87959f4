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
	"github.com/peltonhq/pelton/session"
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

// sender takes the frames of a follow.
type sender struct {
	frame  func(*frame) error
	run    func(run []byte) error // a frame that is shared with other followers; nil: none is
	outlet *outlet                // nil: there is none
}

// follow gives every frame, hello first, until the feed ends or a send fails.
func follow(ctx context.Context, feed *api.Feed, to sender) error {
	var as *session.Encoding
	if to.run != nil {
		as = wire.Snapshots
	}
	if err := to.frame(wire.Hello(feed.Hello())); err != nil {
		return err
	}
	if to.outlet != nil && to.outlet.plain.Load() { // of what is compressed nothing is counted
		feed.Outlet(to.outlet)
	}
	for {
		run, events, err := feed.NextRun(ctx, as)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if run != nil {
			err = to.run(run)
		} else {
			err = wire.Frames(events, to.frame)
		}
		if err != nil {
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
	return patient(stream, feed, s.o)
}

type sessionConnect struct{ sessions }

func (s sessionConnect) Follow(ctx context.Context, r *peltonv1.SessionServiceFollowRequest, stream peltonv1connect.SessionServiceFollowServerStream) error {
	feed, err := s.svc.Follow(ctx, wire.FollowOf(r))
	if err != nil {
		return err
	}
	defer feed.Close()
	to := sender{frame: guard(ctx, stream.Send)}
	if !textual(ctx) {
		to.run = func(run []byte) error { return to.frame(wire.Run(run)) }
	}
	return follow(ctx, feed, to)
}
