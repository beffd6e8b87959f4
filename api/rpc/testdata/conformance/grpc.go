package main

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	suite "pelton.test/conformance/gen/connectrpc/conformance/v1"
)

type overGRPC struct {
	suite.UnimplementedConformanceServiceServer
}

// grpcCall is a call over grpc-go.
type grpcCall struct{ ctx context.Context }

func (c grpcCall) info() *suite.ConformancePayload_RequestInfo {
	info := &suite.ConformancePayload_RequestInfo{TimeoutMs: deadline(c.ctx)}
	md, _ := metadata.FromIncomingContext(c.ctx)
	for name, values := range md {
		info.RequestHeaders = append(info.RequestHeaders, &suite.Header{Name: name, Value: values})
	}
	return info
}

func pairs(headers []*suite.Header) metadata.MD {
	md := metadata.MD{}
	for _, h := range headers {
		md.Append(h.GetName(), h.GetValue()...)
	}
	return md
}

func (c grpcCall) headers(h []*suite.Header)  { _ = grpc.SetHeader(c.ctx, pairs(h)) }
func (c grpcCall) trailers(h []*suite.Header) { _ = grpc.SetTrailer(c.ctx, pairs(h)) }
func (c grpcCall) open() error                { return grpc.SendHeader(c.ctx, nil) }

func (c grpcCall) fail(e *suite.Error) error {
	st := status.New(codes.Code(e.GetCode()), e.GetMessage()).Proto()
	st.Details = e.GetDetails()
	return status.FromProto(st).Err()
}

func (overGRPC) Unary(ctx context.Context, r *suite.UnaryRequest) (*suite.UnaryResponse, error) {
	p, err := unary(ctx, grpcCall{ctx}, r.GetResponseDefinition(), []proto.Message{r})
	return &suite.UnaryResponse{Payload: p}, err
}

func (overGRPC) IdempotentUnary(ctx context.Context, r *suite.IdempotentUnaryRequest) (*suite.IdempotentUnaryResponse, error) {
	p, err := unary(ctx, grpcCall{ctx}, r.GetResponseDefinition(), []proto.Message{r})
	return &suite.IdempotentUnaryResponse{Payload: p}, err
}

func (overGRPC) ClientStream(s grpc.ClientStreamingServer[suite.ClientStreamRequest, suite.ClientStreamResponse]) error {
	p, err := collect(s.Context(), grpcCall{s.Context()}, s.Recv)
	if err != nil {
		return err
	}
	return s.SendAndClose(&suite.ClientStreamResponse{Payload: p})
}

// collect answers a call with many requests and one response.
func collect(ctx context.Context, c call, receive func() (*suite.ClientStreamRequest, error)) (payload, error) {
	var requests []proto.Message
	var def *suite.UnaryResponseDefinition
	for {
		m, err := receive()
		if errors.Is(err, io.EOF) {
			return unary(ctx, c, def, requests)
		}
		if err != nil {
			return nil, err
		}
		if len(requests) == 0 {
			def = m.GetResponseDefinition()
		}
		requests = append(requests, m)
	}
}

func (overGRPC) ServerStream(m *suite.ServerStreamRequest, s grpc.ServerStreamingServer[suite.ServerStreamResponse]) error {
	r := responses{c: grpcCall{s.Context()}, def: m.GetResponseDefinition(), requests: []proto.Message{m}, send: func(p payload) error {
		return s.Send(&suite.ServerStreamResponse{Payload: p})
	}}
	if err := r.begin(true); err != nil {
		return err
	}
	return r.rest(s.Context())
}

func (overGRPC) BidiStream(s grpc.BidiStreamingServer[suite.BidiStreamRequest, suite.BidiStreamResponse]) error {
	return bidi(s.Context(), grpcCall{s.Context()}, s.Recv, func(p payload) error {
		return s.Send(&suite.BidiStreamResponse{Payload: p})
	})
}
