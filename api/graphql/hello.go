package graphql

import (
	"context"

	"github.com/99designs/gqlgen/graphql/handler/transport"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/auth"
)

// closeForbidden is the close code of a connection whose hello was not accepted, as the protocol has it.
const closeForbidden = 4403

// hello reads the first message of a WebSocket, in which a browser, that can't set headers, says who it is: authorization in
// its payload is as the header Authorization. Without it the upgrade's request holds.
func (h *handler) hello(ctx context.Context, payload transport.InitPayload) (context.Context, *transport.InitPayload, error) {
	if h.o.Gate != nil && payload.Authorization() != "" {
		ctx = h.o.Gate.Call(ctx, auth.Proof{Authorization: payload.Authorization(), From: api.CallerOf(ctx).From})
	}
	if err := h.svc.Admit(ctx); err != nil {
		return transport.WithWebsocketCloseCode(transport.AppendCloseReason(ctx, "Forbidden"), closeForbidden), nil, err
	}
	return ctx, nil, nil
}
