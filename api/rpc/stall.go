package rpc

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/wire"
)

// patient follows and ends a follower that takes nothing for the stall time. It follows in a goroutine of its own, so that
// the handler can return while a send is stuck: only then does grpc-go give the client the status, behind what was buffered.
// The goroutine ends with the stream, which is when the handler has returned.
func patient(stream grpc.ServerStreamingServer[frame], feed *api.Feed, o Options) error {
	out := &outlet{stream: stream}
	stuck := make(chan struct{})
	timer := time.AfterFunc(o.Stall, func() { close(stuck) })
	timer.Stop()
	var last atomic.Pointer[[]byte] // that the goroutine sent, or is stuck with
	send := func(message []byte) error {
		last.Store(&message)
		timer.Reset(o.Stall)
		err := out.send(message)
		if !timer.Stop() {
			return errStall // the handler knows it, too
		}
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- follow(stream.Context(), feed, sender{frame: encoded(send), run: send, outlet: out}) }()
	select {
	case err := <-ended:
		if !errors.Is(err, errStall) {
			return err
		}
	case <-stuck:
	}
	return o.stalled("follower").With(api.DetailResume, wire.Cursor(before(*last.Load()))).With(api.DetailReason, "slow")
}

// encoded sends a frame as its bytes.
func encoded(send func([]byte) error) func(*frame) error {
	return func(f *frame) error {
		message, err := proto.Marshal(f)
		if err != nil {
			return fmt.Errorf("a frame can't be encoded: %w", err)
		}
		return send(message)
	}
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

// stalled counts a client that took nothing for the stall time, and is the error that it gets.
func (o *Options) stalled(who string) *api.Error {
	o.Meter.Stalled.Add(1)
	return api.Errorf(api.ResourceExhausted, "%s took nothing for %s (api.limits.stall)", who, o.Stall)
}

// before is the cursor before a frame: its follower was sent what lies up to there.
func before(message []byte) (c pelton.Cursor) {
	f := new(frame)
	if err := proto.Unmarshal(message, f); err != nil {
		return c // not possible: it was encoded here
	}
	switch {
	case f.GetHello() != nil:
		return wire.CursorOf(f.GetHello().GetCursor())
	case len(f.GetSnapshots()) > 0:
		c = wire.CursorOf(f.GetSnapshots()[0].GetCursor())
		c.ID--

		return c
	case f.GetGap() != nil:
		return wire.CursorOf(f.GetGap().GetFrom())
	case f.GetDeleted() != nil:
		return wire.CursorOf(f.GetDeleted().GetCursor())
	}
	return wire.CursorOf(f.GetClosed().GetCursor())
}

// killer cuts the connection of a request whose writes are stuck.
type killer struct {
	out  *http.ResponseController
	o    Options
	text bool // messages are JSON
}

func (k killer) cut() {
	k.o.Meter.Stalled.Add(1)
	_ = k.out.SetWriteDeadline(time.Unix(1, 0))
}

type killerKey struct{}

// watched lets the handlers behind it guard their sends.
func watched(next http.Handler, o Options) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		k := killer{out: http.NewResponseController(w), o: o, text: strings.Contains(r.Header.Get("Content-Type"), "json")}
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
		timer := time.AfterFunc(k.o.Stall, k.cut)
		defer timer.Stop()
		return send(v)
	}
}
