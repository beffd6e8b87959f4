package graphql

import (
	"context"
	"errors"
	"sync"

	"github.com/99designs/gqlgen/complexity"
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
	context.AfterFunc(ctx, h.busy.begin())
	return func(ctx context.Context) *graphql.Response {
		response := responses(ctx)
		if response == nil && end.err != nil {
			response = &graphql.Response{Errors: gqlerror.List{present(ctx, end.err)}}
			end.err = nil
		}
		return response
	}
}

// busy counts subscriptions that are not yet written to their end.
type busy struct {
	mu   sync.Mutex
	n    int
	idle chan struct{} // closed when n falls to 0; nil while n is 0
}

func (b *busy) begin() (end func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.n++; b.n == 1 {
		b.idle = make(chan struct{})
	}
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.n--; b.n == 0 {
			close(b.idle)
			b.idle = nil
		}
	}
}

// wait returns when there are none, or ctx ends.
func (b *busy) wait(ctx context.Context) {
	b.mu.Lock()
	idle := b.idle
	b.mu.Unlock()
	if idle == nil {
		return
	}
	select {
	case <-idle:
	case <-ctx.Done():
	}
}

// limits lets clients read the schema, and refuses operations that are too much.
type limits struct {
	svc               *api.Service
	schema            graphql.ExecutableSchema
	depth, complexity int
}

// ExtensionName implements [graphql.HandlerExtension].
func (*limits) ExtensionName() string { return "Limits" }

// Validate implements [graphql.HandlerExtension].
func (*limits) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationContext implements [graphql.OperationContextMutator]. Validation has refused cycles of fragments.
func (l *limits) MutateOperationContext(ctx context.Context, op *graphql.OperationContext) *gqlerror.Error {
	op.DisableIntrospection = false
	var err *gqlerror.Error
	if introspects(op.Operation.SelectionSet) {
		if refused := l.svc.Schema(ctx); refused != nil {
			return present(ctx, refused)
		}
	}
	if deep := deepest(op.Operation.SelectionSet); deep > l.depth {
		err = gqlerror.Errorf("the operation nests fields %d deep; at most %d are allowed", deep, l.depth)
	} else if n := complexity.Calculate(ctx, l.schema, op.Operation, op.Variables); n > l.complexity {
		err = gqlerror.Errorf("the operation asks for %d fields; at most %d are allowed", n, l.complexity)
	}
	if err != nil {
		err.Extensions = map[string]any{"code": api.InvalidArgument.GraphQL()}
	}
	return err
}

// introspects reports whether an operation asks how the API is made.
func introspects(set ast.SelectionSet) bool {
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			if s.Name == "__schema" || s.Name == "__type" {
				return true
			}
		case *ast.InlineFragment:
			if introspects(s.SelectionSet) {
				return true
			}
		case *ast.FragmentSpread:
			if introspects(s.Definition.SelectionSet) {
				return true
			}
		}
	}
	return false
}

func deepest(set ast.SelectionSet) int {
	deep := 0
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			deep = max(deep, 1+deepest(s.SelectionSet))
		case *ast.InlineFragment:
			deep = max(deep, deepest(s.SelectionSet))
		case *ast.FragmentSpread:
			deep = max(deep, deepest(s.Definition.SelectionSet))
		}
	}
	return deep
}
