package rpc

import (
	"bytes"
	"context"
	"net"
	"runtime"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/protobuf/proto"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/apitest"
	peltonv1 "github.com/peltonhq/pelton/api/gen/pelton/v1"
	"github.com/peltonhq/pelton/store/memory"
)

// offering is a service whose one follow is a test's.
type offering struct {
	peltonv1.UnimplementedSessionServiceServer
	follow func(grpc.ServerStreamingServer[frame]) error
}

func (o offering) Follow(_ *peltonv1.SessionServiceFollowRequest, stream grpc.ServerStreamingServer[frame]) error {
	return o.follow(stream)
}

// offer runs a follow with a client of its own.
func offer(t *testing.T, follow func(grpc.ServerStreamingServer[frame]) error, o ...grpc.CallOption) grpc.ServerStreamingClient[frame] {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(grpc.ForceServerCodecV2(newCodec()))
	peltonv1.RegisterSessionServiceServer(server, offering{follow: follow})
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	c, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Close()
		server.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	stream, err := peltonv1.NewSessionServiceClient(c).Follow(t.Context(), &peltonv1.SessionServiceFollowRequest{}, o...)
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

// An offer never waits, for messages of any size: what a client doesn't take is refused at the quota. Nothing is held once
// the client has it all.
func TestOffer(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1, 300, 20_000, 100_000} {
		message, err := proto.Marshal(&frame{Snapshots: []*peltonv1.Snapshot{{Payload: bytes.Repeat([]byte("x"), size)}}})
		if err != nil {
			t.Fatal(err)
		}
		offered := make(chan int)
		stream := offer(t, func(stream grpc.ServerStreamingServer[frame]) error {
			o := &outlet{stream: stream}
			n := 0
			for {
				switch o.Offer(message) {
				case len(message):
					n++
					continue
				case 0:
				default:
					t.Error("a part was taken")
				}
				break
			}
			offered <- n // nobody has read anything yet
			for o.held.Load() != 0 {
				if err := stream.Context().Err(); err != nil {
					return err
				}
				runtime.Gosched()
			}
			if o.Offer(message) == 0 {
				t.Error("nothing is held, and it takes nothing")
			}
			return nil
		})
		n := <-offered
		if held := n * (len(message) + prefix); held < quota {
			t.Errorf("%d messages of %d bytes were taken: less than the quota", n, len(message))
		}
		for got := 0; ; got++ {
			f, err := stream.Recv()
			if err != nil {
				if got != n+1 {
					t.Errorf("%d messages of %d bytes came, want %d: %v", got, len(message), n+1, err)
				}
				break
			}
			if len(f.GetSnapshots()[0].GetPayload()) != size {
				t.Fatalf("message %d has %d bytes", got, len(f.GetSnapshots()[0].GetPayload()))
			}
		}
	}
}

// Of compressed messages nothing is known, so nothing may be offered.
func TestOfferCompressed(t *testing.T) {
	t.Parallel()
	for _, compressed := range []bool{false, true} {
		var o []grpc.CallOption
		if compressed {
			o = append(o, grpc.UseCompressor(gzip.Name))
		}
		plain := make(chan bool, 1)
		stream := offer(t, func(stream grpc.ServerStreamingServer[frame]) error {
			o := &outlet{stream: stream}
			err := o.send([]byte{0x0a, 0}) // an empty hello
			plain <- o.plain.Load()
			return err
		}, o...)
		if _, err := stream.Recv(); err != nil {
			t.Fatal(err)
		}
		if <-plain == compressed {
			t.Errorf("compressed is %v, and so is plain", compressed)
		}
	}
}

// A stream that has ended takes nothing, and waits for nothing.
func TestOfferEnded(t *testing.T) {
	t.Parallel()
	outlets := make(chan *outlet, 1)
	stream := offer(t, func(stream grpc.ServerStreamingServer[frame]) error {
		o := &outlet{stream: stream}
		outlets <- o
		return o.send(nil)
	})
	for {
		if _, err := stream.Recv(); err != nil {
			break
		}
	}
	if n := (<-outlets).Offer([]byte("xx")); n != 0 {
		t.Errorf("%d bytes were taken", n)
	}
}

// desk is a stream that takes everything, and notes who sends.
type desk struct {
	grpc.ServerStreamingServer[frame]
	ctx    context.Context //nolint:containedctx // as a stream's
	pumped chan struct{}
}

func (d *desk) Context() context.Context { return d.ctx }

func (d *desk) SendMsg(m any) error {
	buffers, err := newCodec().Marshal(m)
	if err != nil {
		return err
	}
	buffers.Ref() // as the transport does
	buffers.Free()
	buffers.Free()
	stack := make([]byte, 8<<10)
	if bytes.Contains(stack[:runtime.Stack(stack, false)], []byte("feed.(*Gather).pump")) {
		select {
		case d.pumped <- struct{}{}:
		default:
		}
	}
	return nil
}

// Followers that wait are served by the feed's pump.
func TestPump(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, memory.New())
	ctx, cancel := context.WithCancel(t.Context())
	var follows sync.WaitGroup
	pumped := make(chan struct{}, 1)
	for range 2 {
		feed, err := w.Service.Follow(ctx, api.FollowRequest{Name: "airports", Key: "ORD", From: api.FromNow})
		if err != nil {
			t.Fatal(err)
		}
		follows.Go(func() {
			defer feed.Close()
			if err := patient(&desk{ctx: ctx, pumped: pumped}, feed, Options{}.complete()); api.Wrap(err).Code != api.Canceled {
				t.Errorf("it ended with %v", err)
			}
		})
	}
	for done := false; !done; {
		w.Add(t, "airports", "ORD", 1)
		select {
		case <-pumped:
			done = true
		default:
		}
	}
	cancel()
	follows.Wait()
}
