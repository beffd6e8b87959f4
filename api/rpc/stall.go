package rpc

import (
	"context"
	"net/http"
	"time"

	"google.golang.org/grpc"

	"github.com/peltonhq/pelton/api"
)

// patient follows with a goroutine of its own for sending, so that the handler can return while a send is stuck: only
// then does grpc-go give the client the status, behind what was buffered. The goroutine ends when the stream does,
// which is when the handler has returned.
func patient(stream grpc.ServerStreamingServer[frame], feed *api.Feed, stall time.Duration) error {
	frames := make(chan *frame)
	sent := make(chan error)
	ctx := stream.Context()
	go func() {
		for {
			select {
			case f := <-frames:
				err := stream.Send(f)
				select {
				case sent <- err:
				case <-ctx.Done():
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	timer := time.NewTimer(stall)
	defer timer.Stop()
	var cursor string
	return follow(ctx, feed, func(f *frame) error {
		select {
		case frames <- f: // the goroutine is idle, the send before was awaited; or the stream has ended
		case <-ctx.Done():
			return ctx.Err()
		}
		timer.Reset(stall)
		select {
		case err := <-sent:
			cursor = last(f, cursor)
			return err
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
			return stalled(stall, cursor)
		}
	})
}

func stalled(stall time.Duration, cursor string) error {
	return api.Errorf(api.ResourceExhausted, "follower took nothing for %s; resume after the last snapshot that it has", stall).
		With(api.DetailResume, cursor).With(api.DetailReason, "slow")
}

// last is the cursor after a frame.
func last(f *frame, before string) string {
	switch {
	case f.GetHello() != nil:
		return f.GetHello().GetCursor()
	case len(f.GetSnapshots()) > 0:
		return f.GetSnapshots()[len(f.GetSnapshots())-1].GetCursor()
	case f.GetGap() != nil:
		return f.GetGap().GetTo()
	case f.GetDeleted() != nil:
		return f.GetDeleted().GetCursor()
	}
	return before
}

// killer cuts the connection of a request whose writes are stuck.
type killer struct {
	out   *http.ResponseController
	stall time.Duration
}

type killerKey struct{}

// watched lets the handlers behind it guard their sends.
func watched(next http.Handler, stall time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		k := killer{out: http.NewResponseController(w), stall: stall}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), killerKey{}, k)))
	})
}

// guard is send, but one that takes longer than the stall time fails: a write deadline in the past cuts the
// connection. It is set only then, because a deadline that is kept moving costs a system call a frame.
func guard[T any](ctx context.Context, send func(T) error) func(T) error {
	k, ok := ctx.Value(killerKey{}).(killer)
	if !ok {
		return send
	}
	return func(v T) error {
		timer := time.AfterFunc(k.stall, func() { _ = k.out.SetWriteDeadline(time.Unix(1, 0)) })
		defer timer.Stop()
		return send(v)
	}
}
