package rpc_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"connectrpc.com/connect/v2/connectproto"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/apitest"
	"github.com/peltonhq/pelton/api/client"
	peltonv1 "github.com/peltonhq/pelton/api/gen/pelton/v1"
	"github.com/peltonhq/pelton/api/gen/pelton/v1/peltonv1connect"
	"github.com/peltonhq/pelton/api/rpc"
	"github.com/peltonhq/pelton/api/wire"
	"github.com/peltonhq/pelton/store"
	"github.com/peltonhq/pelton/store/memory"
)

func open() store.Store { return memory.New() }

// disk opens one store, again and again.
func disk() func() (store.Store, error) {
	d := memory.NewDisk()
	return func() (store.Store, error) { return d.Open() }
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// dial serves the world by gRPC and connects to it.
func dial(t *testing.T, w *apitest.World, o rpc.Options, extra ...grpc.DialOption) *grpc.ClientConn {
	t.Helper()
	l := listen(t)
	server := rpc.NewGRPC(w.Service, o)
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	c, err := grpc.NewClient(l.Addr().String(), append(extra, grpc.WithTransportCredentials(insecure.NewCredentials()))...)
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
	return c
}

// grpcError is what a client makes of a status.
func grpcError(err error) *api.Error {
	st := status.Convert(err)
	var details []proto.Message
	for _, d := range st.Details() {
		if m, ok := d.(proto.Message); ok {
			details = append(details, m)
		}
	}
	return wire.ErrorOf(uint32(st.Code()), st.Message(), details)
}

// overGRPC is what follows over this transport.
func overGRPC(t *testing.T, w *apitest.World) apitest.Follow {
	t.Helper()
	sessions := peltonv1.NewSessionServiceClient(dial(t, w, rpc.Options{}))
	return func(ctx context.Context, r api.FollowRequest, tell func(string)) {
		stream, err := sessions.Follow(ctx, wire.Follow(r))
		for err == nil {
			var frame *peltonv1.SessionServiceFollowResponse
			if frame, err = stream.Recv(); err != nil {
				break
			}
			if frame.GetHello() != nil {
				tell(apitest.HelloLine(wire.HelloOf(frame.GetHello())))
			}
			for _, e := range wire.Events(frame) {
				tell(apitest.EventLine(e))
			}
		}
		if !errors.Is(err, io.EOF) && ctx.Err() == nil {
			tell(apitest.ErrorLine(grpcError(err)))
		}
	}
}

func TestFollowGRPC(t *testing.T) {
	t.Parallel()
	apitest.Follows(t, open, overGRPC)
}

func TestTilesGRPC(t *testing.T) {
	t.Parallel()
	apitest.Tiles(t, disk(), overGRPC, nil)
}

// serveHTTP serves the Connect handlers and gives a client of them.
func serveHTTP(t *testing.T, w *apitest.World, o rpc.Options) *client.Client {
	t.Helper()
	mux := http.NewServeMux()
	rpc.Mount(mux, w.Service, o)
	l := listen(t)
	server := &http.Server{Handler: mux}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	c := client.New(l.Addr().String())
	t.Cleanup(func() {
		c.Close()
		_ = server.Close()
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return c
}

// overConnect is what follows over this transport.
func overConnect(t *testing.T, w *apitest.World) apitest.Follow {
	t.Helper()
	c := serveHTTP(t, w, rpc.Options{})
	return func(ctx context.Context, r api.FollowRequest, tell func(string)) {
		hello := func(h api.Hello) { tell(apitest.HelloLine(h)) }
		for e, err := range c.Follow(ctx, r, client.FollowOptions{Hello: hello}) {
			if err != nil {
				tell(apitest.ErrorLine(api.Wrap(err)))
				return
			}
			tell(apitest.EventLine(e))
		}
	}
}

func TestFollowConnect(t *testing.T) {
	t.Parallel()
	apitest.Follows(t, open, overConnect)
}

func TestTilesConnect(t *testing.T) {
	t.Parallel()
	apitest.Tiles(t, disk(), overConnect, nil)
}

// overWeb follows as a browser does that speaks gRPC-web.
func overWeb(t *testing.T, w *apitest.World) apitest.Follow {
	t.Helper()
	return over(t, w, connecthttp.WithGRPCWeb())
}

// overJSON follows over Connect with messages in JSON.
func overJSON(t *testing.T, w *apitest.World) apitest.Follow {
	t.Helper()
	return over(t, w, connecthttp.WithProtoJSON())
}

func over(t *testing.T, w *apitest.World, o connecthttp.Option) apitest.Follow {
	t.Helper()
	mux := http.NewServeMux()
	rpc.Mount(mux, w.Service, rpc.Options{})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	sessions := peltonv1connect.NewSessionServiceClient(connect.NewClient(
		connecthttp.NewTransport(server.Client(), server.URL, o),
	))
	return func(ctx context.Context, r api.FollowRequest, tell func(string)) {
		stream, err := sessions.Follow(ctx, wire.Follow(r))
		if err == nil {
			defer stream.Close()
		}
		for err == nil {
			var frame *peltonv1.SessionServiceFollowResponse
			if frame, err = stream.Receive(); err != nil {
				break
			}
			if frame.GetHello() != nil {
				tell(apitest.HelloLine(wire.HelloOf(frame.GetHello())))
			}
			for _, e := range wire.Events(frame) {
				tell(apitest.EventLine(e))
			}
		}
		if !errors.Is(err, io.EOF) && ctx.Err() == nil {
			tell(apitest.ErrorLine(webError(err)))
		}
	}
}

// webError is what a client makes of an error.
func webError(err error) *api.Error {
	e, ok := errors.AsType[*connect.Error](err)
	if !ok {
		return api.Wrap(err)
	}
	var details []proto.Message
	for _, d := range e.Details() {
		if m, err := connectproto.UnmarshalErrorDetail(d); err == nil {
			details = append(details, m)
		}
	}
	return wire.ErrorOf(uint32(e.Code()), e.Message(), details)
}

func TestFollowWeb(t *testing.T) {
	t.Parallel()
	apitest.Follows(t, open, overWeb)
}

func TestTilesWeb(t *testing.T) {
	t.Parallel()
	apitest.Tiles(t, disk(), overWeb, nil)
}

// Of what is JSON nothing is shared.
func TestTilesJSON(t *testing.T) {
	t.Parallel()
	apitest.Tiles(t, disk(), overJSON, nil)
}
