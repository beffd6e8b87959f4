// Package grpc is the contract of the peer hashicorp/go-plugin in workload W3: one call over gRPC between two processes,
// with messages that protobuf has already, so that nothing is generated. The plugin's process is in grpc/server.
package grpc

import (
	"context"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// Handshake is what host and plugin agree on.
var Handshake = plugin.HandshakeConfig{ProtocolVersion: 1, MagicCookieKey: "BENCH", MagicCookieValue: "pelton"}

// Plugin makes both ends.
type Plugin struct {
	plugin.NetRPCUnsupportedPlugin
}

var ops = []string{"noop", "head", "sum"}

// GRPCServer registers the plugin's end: each operation is a method.
func (Plugin) GRPCServer(_ *plugin.GRPCBroker, s *grpc.Server) error {
	desc := grpc.ServiceDesc{ServiceName: "bench.Plugin", HandlerType: (*any)(nil)}
	for op, name := range ops {
		desc.Methods = append(desc.Methods, grpc.MethodDesc{
			MethodName: name,
			Handler: func(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
				in := new(wrapperspb.BytesValue)
				if err := decode(in); err != nil {
					return nil, err
				}
				return wrapperspb.Bool(odd(op, in.GetValue())), nil
			},
		})
	}
	s.RegisterService(&desc, nil)
	return nil
}

// GRPCClient gives the host's end, a [Client].
func (Plugin) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, c *grpc.ClientConn) (any, error) {
	return Client{c}, nil
}

func odd(op int, bytes []byte) bool {
	switch op {
	case 0:
		bytes = nil
	case 1:
		bytes = bytes[:min(64, len(bytes))]
	}
	sum := uint32(0)
	for _, b := range bytes {
		sum += uint32(b)
	}
	return sum&1 == 1
}

// Client calls the plugin.
type Client struct{ conn *grpc.ClientConn }

// Handle does operation op, an index in noop, head, sum, on the payload.
func (c Client) Handle(ctx context.Context, op int, payload []byte) (bool, error) {
	out := new(wrapperspb.BoolValue)
	err := c.conn.Invoke(ctx, "/bench.Plugin/"+ops[op], wrapperspb.Bytes(payload), out, grpc.MaxCallRecvMsgSize(8<<20))
	return out.GetValue(), err
}
