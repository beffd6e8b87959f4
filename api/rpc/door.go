package rpc

import (
	"context"
	"strings"

	"connectrpc.com/connect/v2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/tap"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/auth"
)

// door finds out who makes a call over gRPC, and lets nobody in without a name.
type door struct {
	svc  *api.Service
	gate *auth.Gate
}

// free are the services that carry no data, for probes.
const free = "/grpc.health.v1.Health/"

// reflected are the services that tell how the API is made.
const reflected = "/grpc.reflection."

// tap runs before a byte of the request's message is read: strangers can't make us take it. It may not wait, so a proof
// that may need the network is left to the interceptors.
func (d door) tap(ctx context.Context, info *tap.Info) (context.Context, error) {
	p := proofOf(ctx, info.Header)
	if strings.HasPrefix(info.FullMethodName, free) || d.gate.Remote(p) {
		return ctx, nil
	}
	ctx = d.gate.Call(ctx, p)
	return ctx, grpcError(d.svc.Admit(ctx))
}

func proofOf(ctx context.Context, md metadata.MD) auth.Proof {
	p := auth.Proof{Authorization: strings.Join(md.Get("authorization"), ",")}
	from, ok := peer.FromContext(ctx)
	if !ok {
		return p
	}
	p.From = auth.From(from.Addr)
	if info, ok := from.AuthInfo.(credentials.TLSInfo); ok {
		p.Certificate = auth.Verified(&info.State)
	}
	return p
}

// caller is ctx with who calls, as tap found out or left to find out.
func (d door) caller(ctx context.Context, method string) (context.Context, error) {
	if c := api.CallerOf(ctx); c.From == "" && c.Principal == nil && c.Refused == nil {
		md, _ := metadata.FromIncomingContext(ctx)
		ctx = d.gate.Call(ctx, proofOf(ctx, md))
	}
	switch {
	case strings.HasPrefix(method, free):
		return ctx, nil
	case strings.HasPrefix(method, reflected):
		return ctx, d.svc.Schema(ctx)
	}
	return ctx, d.svc.Admit(ctx)
}

func (d door) unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	ctx, err := d.caller(ctx, info.FullMethod)
	if err != nil {
		return nil, err
	}
	return next(ctx, req)
}

func (d door) stream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	ctx, err := d.caller(stream.Context(), info.FullMethod)
	if err != nil {
		return err
	}
	return next(srv, named{stream, ctx})
}

// named is a stream whose context knows who calls.
type named struct {
	grpc.ServerStream

	ctx context.Context //nolint:containedctx // grpc hands a stream's context on by the stream
}

// Context implements [grpc.ServerStream].
func (n named) Context() context.Context { return n.ctx }

// admit refuses a call over Connect from nobody before its message is read.
func admit(svc *api.Service) connect.ServerInterceptor {
	return func(next connect.ServerFunc) connect.ServerFunc {
		return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) error {
			err := svc.Admit(ctx)
			if err == nil {
				return next(ctx, spec, stream)
			}
			if call, ok := connect.CallInfoForServerContext(ctx); ok {
				call.ResponseHeader().Set("WWW-Authenticate", api.Challenge)
			}
			return err
		}
	}
}
