package main

import (
	"context"
	"errors"
	"io"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	suite "pelton.test/conformance/gen/connectrpc/conformance/v1"
)

// call is one call of the suite's service, over either library.
type call interface {
	info() *suite.ConformancePayload_RequestInfo // what the request brought beside its messages
	headers([]*suite.Header)                     // to be sent with the first message
	trailers([]*suite.Header)
	open() error // sends the headers now
	fail(*suite.Error) error
}

type payload = *suite.ConformancePayload

// unary answers a call that has one response.
func unary(ctx context.Context, c call, def *suite.UnaryResponseDefinition, requests []proto.Message) (payload, error) {
	c.headers(def.GetResponseHeaders())
	c.trailers(def.GetResponseTrailers())
	if err := wait(ctx, def.GetResponseDelayMs()); err != nil {
		return nil, err
	}
	if e := def.GetError(); e != nil {
		return nil, c.fail(with(e, infoOf(c, requests)))
	}
	return &suite.ConformancePayload{Data: def.GetResponseData(), RequestInfo: infoOf(c, requests)}, nil
}

// responses answers a call that has many: those of the definition that were not sent yet, then its error.
type responses struct {
	c        call
	def      *suite.StreamResponseDefinition
	sent     int
	requests []proto.Message // not told of yet
	send     func(payload) error
}

// next sends the next response; false when there is none.
func (r *responses) next(ctx context.Context) (bool, error) {
	if r.sent >= len(r.def.GetResponseData()) {
		return false, nil
	}
	p := &suite.ConformancePayload{Data: r.def.GetResponseData()[r.sent]}
	switch {
	case r.sent == 0:
		p.RequestInfo = infoOf(r.c, r.requests)
	case len(r.requests) > 0:
		p.RequestInfo = &suite.ConformancePayload_RequestInfo{Requests: anys(r.requests)}
	}
	r.requests = nil
	if err := wait(ctx, r.def.GetResponseDelayMs()); err != nil {
		return false, err
	}
	r.sent++
	return true, r.send(p)
}

func (r *responses) rest(ctx context.Context) error {
	for {
		more, err := r.next(ctx)
		if err != nil {
			return err
		}
		if !more {
			break
		}
	}
	e := r.def.GetError()
	if e == nil {
		return nil
	}
	if r.sent == 0 {
		e = with(e, infoOf(r.c, r.requests))
	}
	return r.c.fail(e)
}

func (r *responses) begin(now bool) error {
	r.c.headers(r.def.GetResponseHeaders())
	r.c.trailers(r.def.GetResponseTrailers())
	if now && r.def != nil {
		return r.c.open()
	}
	return nil
}

// bidi answers a call with many of both.
func bidi(ctx context.Context, c call, receive func() (*suite.BidiStreamRequest, error), send func(payload) error) error {
	r := responses{c: c, send: send}
	full, first := false, true
	for {
		m, err := receive()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		r.requests = append(r.requests, m)
		if first {
			first, full, r.def = false, m.GetFullDuplex(), m.GetResponseDefinition()
			if err := r.begin(full); err != nil {
				return err
			}
		}
		if !full {
			continue
		}
		more, err := r.next(ctx)
		if err != nil {
			return err
		}
		if !more {
			break
		}
	}
	return r.rest(ctx)
}

func wait(ctx context.Context, ms uint32) error {
	if ms == 0 {
		return nil
	}
	timer := time.NewTimer(time.Duration(ms) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func infoOf(c call, requests []proto.Message) *suite.ConformancePayload_RequestInfo {
	info := c.info()
	info.Requests = anys(requests)
	return info
}

func anys(messages []proto.Message) []*anypb.Any {
	list := make([]*anypb.Any, len(messages))
	for i, m := range messages {
		list[i] = anyOf(m)
	}
	return list
}

func anyOf(m proto.Message) *anypb.Any {
	a, err := anypb.New(m)
	if err != nil {
		panic(err) // a message that was received can be sent
	}
	return a
}

// with is e with what the request brought as one more detail.
func with(e *suite.Error, info *suite.ConformancePayload_RequestInfo) *suite.Error {
	e = proto.CloneOf(e)
	e.Details = append(e.Details, anyOf(info))
	return e
}

// deadline is how long the client waits.
func deadline(ctx context.Context) *int64 {
	at, ok := ctx.Deadline()
	if !ok {
		return nil
	}
	return proto.Int64(max(time.Until(at), 0).Milliseconds())
}
