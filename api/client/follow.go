package client

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/wire"
)

// FollowOptions change how a follow goes on. The zero value ends with the connection.
type FollowOptions struct {
	// Reconnect resumes after the last cursor when the connection breaks or the server shuts down, without end. The
	// first connection must succeed. A closed event is then yielded only when a client closed the session: nothing
	// will ever follow, and the follow ends.
	Reconnect bool
	// Hello is told where each connection begins; nil if nobody asks.
	Hello func(api.Hello)
	// Lost is told why a connection ended and how long until the next one; nil if nobody asks.
	Lost func(err error, wait time.Duration)
}

// Follow yields the events of a session, or of the log of a name, until ctx ends (which is no error), the loop stops,
// or an error: it is yielded once, as the last step. Without Reconnect a shutdown of the server is a last event of
// kind closed.
func (c *Client) Follow(ctx context.Context, r api.FollowRequest, o FollowOptions) iter.Seq2[api.Event, error] {
	return func(yield func(api.Event, error) bool) {
		f := following{c: c, r: r, o: o, yield: yield, pause: backoff.NewExponentialBackOff()}
		f.pause.InitialInterval, f.pause.MaxInterval = 100*time.Millisecond, 5*time.Second
		for {
			err := f.once(ctx)
			if f.stopped || ctx.Err() != nil {
				return
			}
			if !o.Reconnect || !f.connected || !again(err) {
				if err != nil {
					yield(api.Event{}, err)
				}
				return
			}
			if !f.rest(ctx, err) {
				return
			}
		}
	}
}

// following is one follow over its connections.
type following struct {
	c         *Client
	r         api.FollowRequest // with the cursor to go on after
	o         FollowOptions
	yield     func(api.Event, error) bool
	pause     *backoff.ExponentialBackOff
	connected bool // once
	stopped   bool // the loop has stopped
}

// again reports whether a new connection may mend it: a shutdown (nil), or a server that is away.
func again(err error) bool {
	e := api.Wrap(err)
	return e == nil || e.Code == api.Unavailable
}

func (f *following) rest(ctx context.Context, err error) bool {
	wait := f.pause.NextBackOff()
	if f.o.Lost != nil {
		f.o.Lost(err, wait)
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// once follows over one connection.
func (f *following) once(ctx context.Context) error {
	stream, err := f.c.sessions.Follow(ctx, wire.Follow(f.r))
	if err != nil {
		return f.c.fail(err)
	}
	defer func() { _ = stream.Close() }() // nothing more is read
	for {
		frame, err := stream.Receive()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return f.broken(err)
		}
		if hello := frame.GetHello(); hello != nil {
			f.connected = true
			f.pause.Reset()
			f.resume(hello.GetCursor())
			if f.o.Hello != nil {
				f.o.Hello(wire.HelloOf(hello))
			}
		}
		for _, event := range wire.Events(frame) {
			if event.Cursor.Valid() {
				f.resume(event.Cursor.String())
			}
			closed := event.Kind == api.KindClosed
			if closed && !event.Final && f.o.Reconnect {
				continue
			}
			if !f.yield(event, nil) || closed {
				f.stopped = true
				return nil
			}
		}
	}
}

// resume makes the next connection go on after cursor. While a key is not born there is none, and the start stays.
func (f *following) resume(cursor string) {
	if cursor != "" {
		f.r.From, f.r.After = api.FromAfter, cursor
	}
}

// broken is the error of a stream. One that the server did not send is a connection that broke.
func (f *following) broken(err error) error {
	e := api.Wrap(f.c.fail(err))
	if remote(err) || e.Code == api.Canceled {
		return e
	}
	return api.Errorf(api.Unavailable, "follow %s at %s: the connection broke: %s", f.r.Name, f.c.addr, e.Message)
}
