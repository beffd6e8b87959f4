package main

import (
	"context"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"google.golang.org/protobuf/proto"

	suite "pelton.test/conformance/gen/connectrpc/conformance/v1"
	"pelton.test/conformance/gen/connectrpc/conformance/v1/conformancev1connect"
)

type overConnect struct {
	conformancev1connect.UnimplementedConformanceServiceHandler
}

// connectCall is a call over connect-go, in any of its protocols.
type connectCall struct {
	ctx  context.Context
	of   *connect.CallInfo
	send func() error // opens the stream; nil for a call without
}

func connected(ctx context.Context, send func() error) connectCall {
	info, _ := connect.CallInfoForServerContext(ctx)
	return connectCall{ctx: ctx, of: info, send: send}
}

func (c connectCall) info() *suite.ConformancePayload_RequestInfo {
	info := &suite.ConformancePayload_RequestInfo{TimeoutMs: deadline(c.ctx)}
	for name, values := range c.of.RequestHeader().All() {
		info.RequestHeaders = append(info.RequestHeaders, &suite.Header{Name: name, Value: values})
	}
	if server, ok := connecthttp.ServerInfoForContext(c.ctx); ok && server.HTTPMethod() == "GET" {
		get := &suite.ConformancePayload_ConnectGetInfo{}
		for name, values := range server.HTTPGetQueryParams() {
			get.QueryParams = append(get.QueryParams, &suite.Header{Name: name, Value: values})
		}
		info.ConnectGetInfo = get
	}
	return info
}

func add(to *connect.Header, headers []*suite.Header) {
	for _, h := range headers {
		for _, v := range h.GetValue() {
			to.Add(h.GetName(), v)
		}
	}
}

func (c connectCall) headers(h []*suite.Header)  { add(c.of.ResponseHeader(), h) }
func (c connectCall) trailers(h []*suite.Header) { add(c.of.ResponseTrailer(), h) }
func (c connectCall) open() error                { return c.send() }

func (c connectCall) fail(e *suite.Error) error {
	err := connect.NewError(connect.Code(e.GetCode()), e.GetMessage())
	for _, d := range e.GetDetails() {
		err = err.WithDetail(&connect.ErrorDetail{Type: string(d.MessageName()), Value: d.GetValue()})
	}
	return err
}

func (overConnect) Unary(ctx context.Context, r *suite.UnaryRequest) (*suite.UnaryResponse, error) {
	p, err := unary(ctx, connected(ctx, nil), r.GetResponseDefinition(), []proto.Message{r})
	return &suite.UnaryResponse{Payload: p}, err
}

func (overConnect) IdempotentUnary(ctx context.Context, r *suite.IdempotentUnaryRequest) (*suite.IdempotentUnaryResponse, error) {
	p, err := unary(ctx, connected(ctx, nil), r.GetResponseDefinition(), []proto.Message{r})
	return &suite.IdempotentUnaryResponse{Payload: p}, err
}

func (overConnect) ClientStream(ctx context.Context, s conformancev1connect.ConformanceServiceClientStreamServerStream) (*suite.ClientStreamResponse, error) {
	p, err := collect(ctx, connected(ctx, nil), s.Receive)
	return &suite.ClientStreamResponse{Payload: p}, err
}

func (overConnect) ServerStream(ctx context.Context, m *suite.ServerStreamRequest, s conformancev1connect.ConformanceServiceServerStreamServerStream) error {
	r := responses{c: connected(ctx, s.SendHeaders), def: m.GetResponseDefinition(), requests: []proto.Message{m}, send: func(p payload) error {
		return s.Send(&suite.ServerStreamResponse{Payload: p})
	}}
	if err := r.begin(true); err != nil {
		return err
	}
	return r.rest(ctx)
}

func (overConnect) BidiStream(ctx context.Context, s conformancev1connect.ConformanceServiceBidiStreamServerStream) error {
	return bidi(ctx, connected(ctx, s.SendHeaders), s.Receive, func(p payload) error {
		return s.Send(&suite.BidiStreamResponse{Payload: p})
	})
}
