package rpc

import (
	"crypto/tls"
	"net/http"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	_ "google.golang.org/grpc/encoding/gzip" // takes compressed requests, as the HTTP listener does
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/auth"
	peltonv1 "github.com/peltonhq/pelton/api/gen/pelton/v1"
	"github.com/peltonhq/pelton/api/gen/pelton/v1/peltonv1connect"
	"github.com/peltonhq/pelton/api/meter"
)

// Options of both servers. The zero value is ready to use.
type Options struct {
	Stall   time.Duration // how long a follower may take nothing; default 30 s
	Receive int           // bytes of the largest request; default 32 MiB

	// Of the gRPC server alone; the HTTP listener has its own.
	TLS      *tls.Config    // nil: unencrypted
	Gate     *auth.Gate     // who calls; nil: nobody is asked
	Headers  int            // bytes of a call's metadata; default 64 KiB
	Streams  int            // calls at once of a connection; default 4096
	Meter    *meter.Door    // counts clients that take nothing; nil: its own
	Services func(*Connect) // more services for Mount, beside those of pelton.v1; nil for none
}

func (o Options) complete() Options {
	if o.Stall <= 0 {
		o.Stall = 30 * time.Second
	}
	if o.Receive <= 0 {
		o.Receive = 32 << 20
	}
	if o.Headers <= 0 {
		o.Headers = 64 << 10
	}
	if o.Streams <= 0 {
		o.Streams = 4096
	}
	if o.Meter == nil {
		o.Meter = new(meter.Door)
	}
	return o
}

// Connect is where services are registered that Connect and gRPC-web clients call.
type Connect = connect.Server

// Server is a gRPC server of pelton.v1 with health and reflection.
type Server struct {
	*grpc.Server
	health *health.Server
}

// NewGRPC builds the gRPC server. Call Serve with a listener, and Stop or GracefulStop at the end.
func NewGRPC(svc *api.Service, o Options, extra ...grpc.ServerOption) *Server {
	o = o.complete()
	d := door{svc: svc, gate: o.Gate}
	options := append([]grpc.ServerOption{
		grpc.InTapHandle(d.tap),
		grpc.ChainUnaryInterceptor(unaryErrors, d.unary),
		grpc.ChainStreamInterceptor(streamErrors, d.stream),
		grpc.MaxHeaderListSize(uint32(o.Headers)),
		grpc.MaxConcurrentStreams(uint32(o.Streams)),
		grpc.ConnectionTimeout(10 * time.Second),
		grpc.MaxRecvMsgSize(o.Receive),
		grpc.MaxSendMsgSize(64 << 20),
		grpc.ForceServerCodecV2(newCodec()),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: time.Minute, Timeout: 20 * time.Second}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 10 * time.Second, PermitWithoutStream: true}),
	}, extra...)
	if o.TLS != nil {
		options = append(options, grpc.Creds(credentials.NewTLS(o.TLS)))
	}
	s := &Server{Server: grpc.NewServer(options...), health: health.NewServer()}
	peltonv1.RegisterSessionServiceServer(s, sessionGRPC{sessions: sessions{svc}, o: o})
	peltonv1.RegisterPluginServiceServer(s, pluginGRPC{plugins: plugins{svc}})
	peltonv1.RegisterDeliveryServiceServer(s, deliveries{svc: svc})
	peltonv1.RegisterDeadLetterServiceServer(s, dead{svc: svc})
	peltonv1.RegisterParkedServiceServer(s, parked{svc: svc})
	peltonv1.RegisterWheelServiceServer(s, wheelGRPC{wheel: wheel{svc}, o: o})
	peltonv1.RegisterIngestServiceServer(s, ingestGRPC{ingest: ingest{svc}})
	healthv1.RegisterHealthServer(s, s.health)
	reflection.Register(s)
	return s
}

// Drain tells health checks that the server goes away; calls go on until Stop or GracefulStop.
func (s *Server) Drain() { s.health.Shutdown() }

// Mount adds the Connect and gRPC-web handlers of every service to the mux, under /pelton.v1.NAMEService/. Who calls is in
// the context of a request already.
func Mount(mux interface {
	Handle(pattern string, h http.Handler)
}, svc *api.Service, o Options) {
	o = o.complete()
	server := connect.NewServer(connectErrors, admit(svc))
	peltonv1connect.RegisterSessionServiceHandler(server, sessionConnect{sessions{svc}})
	peltonv1connect.RegisterPluginServiceHandler(server, pluginConnect{plugins{svc}})
	peltonv1connect.RegisterDeliveryServiceHandler(server, deliveries{svc: svc})
	peltonv1connect.RegisterDeadLetterServiceHandler(server, dead{svc: svc})
	peltonv1connect.RegisterParkedServiceHandler(server, parked{svc: svc})
	peltonv1connect.RegisterWheelServiceHandler(server, wheelConnect{wheel{svc}})
	peltonv1connect.RegisterIngestServiceHandler(server, ingestConnect{ingest{svc}})
	if o.Services != nil {
		o.Services(server)
	}
	inner := http.NewServeMux()
	connecthttp.Mount(inner, server, connecthttp.WithReadMaxBytes(o.Receive))
	for spec := range server.Specs() {
		mux.Handle(spec.Procedure, watched(inner, o))
	}
}
