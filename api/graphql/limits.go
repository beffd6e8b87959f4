package graphql

import (
	"context"
	"strings"
	"time"

	"github.com/99designs/gqlgen/complexity"
	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/peltonhq/pelton/api"
)

// Limits bound what a client may cost; each has the name of a key of api.graphql. What is zero has its default.
type Limits struct {
	Body       int64         // bytes of a request, and of a WebSocket's message; default 1 MiB
	Tokens     int           // of an operation's text; default 4000
	Depth      int           // of nested fields; default 16
	Aliases    int           // fields under another name, or asked for again; default 50
	Complexity int           // fields of an answer, those of a list as often as it has items at most; default 20000
	Items      int           // of a page, and of a list in an argument; default 1000
	Operations int           // under way on one WebSocket; default 100
	Init       time.Duration // for connection_init; default 10 s
	Stall      time.Duration // how long a client may take nothing; default 30 s
	Closed     bool          // nobody may read the schema
}

func (l Limits) complete() Limits {
	l.Body = positive(l.Body, 1<<20)
	l.Tokens = positive(l.Tokens, 4000)
	l.Depth = positive(l.Depth, 16)
	l.Aliases = positive(l.Aliases, 50)
	l.Complexity = positive(l.Complexity, 20_000)
	l.Items = positive(l.Items, 1000)
	l.Operations = positive(l.Operations, 100)
	l.Init = positive(l.Init, 10*time.Second)
	l.Stall = positive(l.Stall, 30*time.Second)
	return l
}

func positive[T int | int64 | time.Duration](v, otherwise T) T {
	if v <= 0 {
		return otherwise
	}
	return v
}

// limits refuses operations that are too much: first by their text, before it is validated, which takes longer the more it
// asks for; then by how much the answer may be.
type limits struct {
	Limits

	svc    *api.Service
	schema graphql.ExecutableSchema
}

// ExtensionName implements [graphql.HandlerExtension].
func (*limits) ExtensionName() string { return "Limits" }

// Validate implements [graphql.HandlerExtension].
func (*limits) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationParameters implements [graphql.OperationParameterMutator]. What does not parse is left to the executor.
func (l *limits) MutateOperationParameters(ctx context.Context, p *graphql.RawParams) *gqlerror.Error {
	doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: p.Query}, l.Tokens)
	if err != nil {
		if strings.Contains(err.Error(), "token limit") {
			return l.refuse(ctx, "tokens", "the operation has more than %d tokens, as many as api.graphql.tokens allows", l.Tokens)
		}
		return nil
	}
	if bad := unreadable(doc); bad != nil {
		return present(ctx, api.Errorf(api.InvalidArgument, "the number %.40s at %d:%d is out of range; give a number of up to 64 bits as text", bad.Raw, bad.Position.Line, bad.Position.Column))
	}
	switch c := measure(doc); {
	case c.depth > l.Depth:
		return l.refuse(ctx, "depth", "the operation nests fields %d deep; api.graphql.depth allows %d", c.depth, l.Depth)
	case c.aliases > l.Aliases:
		return l.refuse(ctx, "aliases", "the operation has %d aliases and repeated fields; api.graphql.aliases allows %d", c.aliases, l.Aliases)
	case c.fields > l.Complexity:
		return l.refuse(ctx, "complexity", "the operation asks for %d fields; api.graphql.complexity allows %d", c.fields, l.Complexity)
	case c.schema && l.Closed:
		l.svc.GraphQL.Refuse("introspection")
		return present(ctx, api.Errorf(api.PermissionDenied, "the schema cannot be read here: api.graphql.introspection is off"))
	case c.schema:
		if err := l.svc.Schema(ctx); err != nil {
			return present(ctx, err)
		}
	}
	return nil
}

// MutateOperationContext implements [graphql.OperationContextMutator].
func (l *limits) MutateOperationContext(ctx context.Context, op *graphql.OperationContext) *gqlerror.Error {
	op.DisableIntrospection = l.Closed
	if n := complexity.Calculate(ctx, l.schema, op.Operation, op.Variables); n > l.Complexity {
		return l.refuse(ctx, "complexity", "the answer may have %d fields; api.graphql.complexity allows %d: ask for fewer fields, or smaller pages by first", n, l.Complexity)
	}
	return nil
}

func (l *limits) refuse(ctx context.Context, limit, format string, args ...any) *gqlerror.Error {
	l.svc.GraphQL.Refuse(limit)
	return present(ctx, api.Errorf(api.InvalidArgument, format, args...))
}

// first is how many items are asked for.
func (l *Limits) first(first *int) int {
	if first == nil {
		return min(50, l.Items)
	}
	return *first
}

// times is what a list of so many items costs.
func (l *Limits) times(first *int, child int) int {
	n := min(max(l.first(first), 1), l.Items)
	if child > most/n {
		return most
	}
	return 1 + n*child
}
