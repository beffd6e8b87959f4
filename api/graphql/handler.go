package graphql

import (
	"net/http"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/auth"
	"github.com/peltonhq/pelton/api/graphql/exec"
	"github.com/peltonhq/pelton/api/graphql/model"
	"github.com/peltonhq/pelton/api/meter"
)

// Options of the handler. The zero value is ready to use.
type Options struct {
	Limits

	KeepAlive time.Duration // between signs of life on an idle connection; default 15 s
	Gate      *auth.Gate    // who a WebSocket says that it is, as its first message; nil: nobody is asked
	Origins   []string      // of pages, beside this host's own, that may open a WebSocket
}

func (o Options) complete() Options {
	o.Limits = o.Limits.complete()
	o.KeepAlive = positive(o.KeepAlive, 15*time.Second)
	return o
}

type handler struct {
	svc   *api.Service
	o     Options
	exec  *executor.Executor
	meter *meter.GraphQL
}

// New serves GraphQL on one path, by whichever transport the request is for.
func New(svc *api.Service, o Options) http.Handler {
	o = o.complete()
	config := exec.Config{Resolvers: root{svc, &o.Limits}}
	weigh(&config.Complexity, &o.Limits)
	schema := exec.NewExecutableSchema(config)
	h := &handler{svc: svc, o: o, exec: executor.New(schema), meter: &svc.GraphQL}
	h.exec.SetErrorPresenter(present)
	h.exec.SetParserTokenLimit(o.Tokens)
	h.exec.Use(&limits{Limits: o.Limits, svc: svc, schema: schema})
	h.exec.AroundOperations(h.around)
	return h
}

// weigh makes lists count as often as they have items at most.
func weigh(c *exec.ComplexityRoot, l *Limits) {
	c.Query.Sessions = func(child int, _ string, first *int, _ *string) int { return l.times(first, child) }
	c.Query.History = func(child int, _ string, first *int, _ *string) int { return l.times(first, child) }
	c.Query.Audit = func(child int, first *int, _ *string) int { return l.times(first, child) }
	c.Query.DeadLetters = func(child int, _ *model.DeadFilter, first *int, _ *string) int { return l.times(first, child) }
	c.Query.Parked = func(child int, _ *model.ParkedFilter, first *int, _ *string) int { return l.times(first, child) }
}

// ServeHTTP implements [http.Handler].
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r = r.WithContext(graphql.StartOperationTrace(r.Context()))
	switch {
	case r.Header.Get("Upgrade") != "":
		h.socket(w, r)
	case strings.Contains(r.Header.Get("Accept"), "text/event-stream"):
		h.events(w, r)
	default:
		h.single(w, r)
	}
}
