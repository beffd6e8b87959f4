package rpc

import (
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
)

// shared is a frame that was encoded for all followers.
type shared []byte

// codec is that of protobuf, but what is shared is sent as it is. grpc-go goes on reading such bytes when
// Send has returned; they belong to no pool, and nobody changes them.
type codec struct{ encoding.CodecV2 }

func newCodec() codec { return codec{encoding.GetCodecV2(proto.Name)} }

// Marshal implements [encoding.CodecV2].
func (c codec) Marshal(v any) (mem.BufferSlice, error) {
	if run, ok := v.(shared); ok {
		return mem.BufferSlice{mem.SliceBuffer(run)}, nil
	}
	return c.CodecV2.Marshal(v)
}
