package rpc

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"

	"github.com/peltonhq/pelton/api"
	peltonv1 "github.com/peltonhq/pelton/api/gen/pelton/v1"
	"github.com/peltonhq/pelton/api/gen/pelton/v1/peltonv1connect"
	"github.com/peltonhq/pelton/api/wire"
)

// ingest is IngestService but for its stream.
type ingest struct{ svc *api.Service }

func (i ingest) Publish(ctx context.Context, r *peltonv1.IngestServicePublishRequest) (*peltonv1.IngestServicePublishResponse, error) {
	messages := wire.Each(r.GetMessages(), wire.IngestMessageOf)
	first, err := i.svc.Publish(ctx, r.GetSource(), messages)
	if err != nil {
		return nil, err
	}
	return &peltonv1.IngestServicePublishResponse{First: first, Count: uint64(len(messages))}, nil
}

// publish makes one request durable after the other; an error says how many messages are.
func (i ingest) publish(
	ctx context.Context, receive func() (*peltonv1.IngestServicePublishStreamRequest, error),
) (*peltonv1.IngestServicePublishStreamResponse, error) {
	var source string
	var count uint64
	for {
		r, err := receive()
		if errors.Is(err, io.EOF) {
			return &peltonv1.IngestServicePublishStreamResponse{Count: count}, nil
		}
		if err != nil {
			return nil, err
		}
		if r.GetSource() != "" {
			source = r.GetSource()
		}
		messages := wire.Each(r.GetMessages(), wire.IngestMessageOf)
		if _, err := i.svc.Publish(ctx, source, messages); err != nil {
			e := api.Wrap(err)
			return nil, api.Errorf(e.Code, "after %d durable messages: %s", count, e.Message)
		}
		count += uint64(len(messages))
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
