package rpc

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/wire"
)

// patient follows and ends a follower that takes nothing for the stall time. It follows in a goroutine of its own, so that
// the handler can return while a send is stuck: only then does grpc-go give the client the status, behind what was buffered.
// The goroutine ends with the stream, which is when the handler has returned.
func patient(stream grpc.ServerStreamingServer[frame], feed *api.Feed, stall time.Duration) error {
	stuck := make(chan struct{})
	timer := time.AfterFunc(stall, func() { close(stuck) })
	timer.Stop()
	var mu sync.Mutex
	var at pelton.Cursor // behind what was sent
	send := func(message any, behind func() pelton.Cursor) error {
		timer.Reset(stall)
		err := stream.SendMsg(message)
		if !timer.Stop() {
			return errStall // the handler knows it, too
		}
		mu.Lock()
		defer mu.Unlock()
		at = behind()
		return err
	}
	ended := make(chan error, 1)
	go func() {
		ended <- follow(stream.Context(), feed, sender{
			frame: func(f *frame) error { return send(f, func() pelton.Cursor { return last(f, at) }) },
			run:   func(run []byte) error { return send(shared(run), feed.Cursor) },
		})
	}()
	select {
	case err := <-ended:
		if !errors.Is(err, errStall) {
			return err
		}
	case <-stuck:
	}
	mu.Lock()
	defer mu.Unlock()
	return stalled(stall, wire.Cursor(at))
}

// errStall says that a send took longer than the stall time.
var errStall = errors.New("the client takes nothing")

// steady sends from a goroutine of its own, so that the handler can return while a send is stuck: only then does grpc-go
// give the client the status, behind what was buffered. The goroutine ends when the stream does, which is when the
// handler has returned. One send is under way at a time, and none follows errStall.
func steady[T any](stream grpc.ServerStreamingServer[T], stall time.Duration) (send func(*T) error) {
	messages := make(chan *T)
	sent := make(chan error)
	ctx := stream.Context()
	timer := time.NewTimer(stall)
	go func() {
		for {
			select {
			case m := <-messages:
				err := stream.Send(m)
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
	return func(m *T) error {
		select {
		case messages <- m: // the goroutine is idle, the send before was awaited; or the stream has ended
		case <-ctx.Done():
			return ctx.Err()
		}
		timer.Reset(stall)
		select {
		case err := <-sent:
			return err
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
			return errStall
		}
	}
}

func stalled(stall time.Duration, cursor string) error {
	return api.Errorf(api.ResourceExhausted, "follower took nothing for %s; resume after the last snapshot that it has", stall).
		With(api.DetailResume, cursor).With(api.DetailReason, "slow")
}

// last is the cursor after a frame that was sent.
func last(f *frame, before pelton.Cursor) pelton.Cursor {
	switch {
	case f.GetHello() != nil:
		return wire.CursorOf(f.GetHello().GetCursor())
	case len(f.GetSnapshots()) > 0:
		return wire.CursorOf(f.GetSnapshots()[len(f.GetSnapshots())-1].GetCursor())
	case f.GetGap() != nil:
		return wire.CursorOf(f.GetGap().GetTo())
	case f.GetDeleted() != nil:
		return wire.CursorOf(f.GetDeleted().GetCursor())
	}
	return before
}

// killer cuts the connection of a request whose writes are stuck.
type killer struct {
	out   *http.ResponseController
	stall time.Duration
	text  bool // messages are JSON
}

type killerKey struct{}

// watched lets the handlers behind it guard their sends.
func watched(next http.Handler, stall time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		k := killer{out: http.NewResponseController(w), stall: stall, text: strings.Contains(r.Header.Get("Content-Type"), "json")}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), killerKey{}, k)))
	})
}

// textual reports whether the messages of a call are JSON, of which nothing is shared.
func textual(ctx context.Context) bool {
	k, ok := ctx.Value(killerKey{}).(killer)
	return !ok || k.text
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
