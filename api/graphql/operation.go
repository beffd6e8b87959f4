package graphql

import (
	"context"
	"errors"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/peltonhq/pelton/api"
)

// present gives an error its extensions: the code's word and the detail.
func present(ctx context.Context, err error) *gqlerror.Error {
	out := graphql.DefaultErrorPresenter(ctx, err)
	if e, ok := errors.AsType[*api.Error](err); ok {
		out.Message = e.Message
		out.Extensions = map[string]any{"code": e.Code.GraphQL()}
		if len(e.Detail) > 0 {
			out.Extensions["detail"] = e.Detail
		}
	}
	return out
}

// ending is why a subscription's channel was closed. The resolver's goroutine sets it before it closes the channel;
// the operation reads it after it saw that.
type ending struct{ err error }

type endingKey struct{}

// fault makes err the last response of the subscription of ctx.
func fault(ctx context.Context, err error) {
	if e, ok := ctx.Value(endingKey{}).(*ending); ok {
		e.err = err
	}
}

// around lets a subscription end with an error, and counts it until its context ends: both transports cancel that
// after they have written the subscription's end.
func (h *handler) around(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	if graphql.GetOperationContext(ctx).Operation.Operation != ast.Subscription {
		return next(ctx)
	}
	end := &ending{}
	ctx = context.WithValue(ctx, endingKey{}, end)
	responses := next(ctx)
	h.meter.Subscriptions(1)
	context.AfterFunc(ctx, func() { h.meter.Subscriptions(-1) })
	return func(ctx context.Context) *graphql.Response {
		response := responses(ctx)
		if response == nil && end.err != nil {
			response = &graphql.Response{Errors: gqlerror.List{present(ctx, end.err)}}
			end.err = nil
		}
		return response
	}
}

// create reads and checks an operation. A panic of what reads it, which a client may have found, becomes an error: of a
// WebSocket's goroutine it would end the wheel.
func (h *handler) create(ctx context.Context, p *graphql.RawParams) (op *graphql.OperationContext, errs gqlerror.List) {
	defer func() {
		if r := recover(); r != nil {
			op, errs = &graphql.OperationContext{RecoverFunc: graphql.DefaultRecover}, gqlerror.List{h.panicked(ctx, r)}
		}
	}()
	return h.exec.CreateOperationContext(ctx, p)
}

// panicked is the error that a panic is told as; it counts, and its stack goes to standard error.
func (h *handler) panicked(ctx context.Context, r any) *gqlerror.Error {
	h.meter.Refuse("panic")
	return present(ctx, graphql.DefaultRecover(ctx, r))
}
