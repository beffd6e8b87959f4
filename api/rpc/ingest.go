package rpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"connectrpc.com/connect/v2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/api"
	peltonv1 "github.com/peltonhq/pelton/api/gen/pelton/v1"
	"github.com/peltonhq/pelton/api/gen/pelton/v1/peltonv1connect"
	"github.com/peltonhq/pelton/api/wire"
)

// ingest is IngestService but for its stream.
type ingest struct{ svc *api.Service }

func (i ingest) Publish(ctx context.Context, r *peltonv1.IngestServicePublishRequest) (*peltonv1.IngestServicePublishResponse, error) {
	done, err := i.svc.Publish(ctx, r.GetSource(), publication(ctx, r.GetIdempotencyKey(), r.GetMessages()))
	if err != nil {
		return nil, err
	}
	return &peltonv1.IngestServicePublishResponse{
		First: done.First, Count: uint64(done.Count), Positions: done.Positions, Known: uint64(done.Known),
	}, nil
}

// publication are the messages of a call, which carry on its trace unless they have one of their own.
func publication(ctx context.Context, key string, in []*peltonv1.IngestMessage) api.Publication {
	p := api.Publication{Key: key, Messages: wire.Each(in, wire.IngestMessageOf)}
	trace := traceOf(ctx)
	for i := range p.Messages {
		m := &p.Messages[i]
		if len(trace) > 0 && !slices.ContainsFunc(m.Headers, func(h pelton.Header) bool { return strings.EqualFold(h.Name, traceparent) }) {
			m.Headers = append(m.Headers, trace...)
		}
	}
	return p
}

const traceparent = "traceparent"

// traceOf is the W3C trace context of a call.
func traceOf(ctx context.Context) (all []pelton.Header) {
	for _, name := range []string{traceparent, "tracestate"} {
		values := metadata.ValueFromIncomingContext(ctx, name)
		if call, ok := connect.CallInfoForServerContext(ctx); ok {
			values = call.RequestHeader().Values(name)
		}
		for _, v := range values {
			all = append(all, pelton.Header{Name: name, Value: v})
		}
	}
	return all
}

// publish makes one request durable after the other; an error says how many messages are.
func (i ingest) publish(
	ctx context.Context, receive func() (*peltonv1.IngestServicePublishStreamRequest, error),
) (*peltonv1.IngestServicePublishStreamResponse, error) {
	var source string
	var sum peltonv1.IngestServicePublishStreamResponse
	for {
		r, err := receive()
		if errors.Is(err, io.EOF) {
			return &sum, nil
		}
		if err != nil {
			return nil, err
		}
		if r.GetSource() != "" {
			source = r.GetSource()
		}
		done, err := i.svc.Publish(ctx, source, publication(ctx, r.GetIdempotencyKey(), r.GetMessages()))
		if err != nil {
			e := api.Wrap(err)
			return nil, &api.Error{Code: e.Code, Message: fmt.Sprintf("after %d durable messages: %s", sum.GetCount(), e.Message), Detail: e.Detail}
		}
		sum.Count += uint64(done.Count)
		sum.Known += uint64(done.Known)
	}
}

type ingestGRPC struct {
	ingest
	peltonv1.UnsafeIngestServiceServer
}

func (i ingestGRPC) PublishStream(
	stream grpc.ClientStreamingServer[peltonv1.IngestServicePublishStreamRequest, peltonv1.IngestServicePublishStreamResponse],
) error {
	res, err := i.publish(stream.Context(), stream.Recv)
	if err != nil {
		return err
	}
	return stream.SendAndClose(res)
}

type ingestConnect struct{ ingest }

func (i ingestConnect) PublishStream(
	ctx context.Context, stream peltonv1connect.IngestServicePublishStreamServerStream,
) (*peltonv1.IngestServicePublishStreamResponse, error) {
	return i.publish(ctx, stream.Receive)
}
