package graphql

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/99designs/gqlgen/graphql/handler/transport"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/auth"
	"github.com/peltonhq/pelton/api/graphql/exec"
)

// Options of the handler. The zero value is ready to use.
type Options struct {
	Stall      time.Duration // how long a client may take nothing; default 30 s
	KeepAlive  time.Duration // between pings on an idle connection; default 15 s
	Body       int64         // bytes of the largest request; default 1 MiB
	Depth      int           // of nested fields; default 16
	Complexity int           // fields of an operation; default 1000

	Meter   *api.Meter // counts what was too large; default its own
	Gate    *auth.Gate // who a WebSocket says that it is, as its first message; nil: nobody is asked
	Origins []string   // of pages, beside this host's own, that may open a WebSocket
}

func (o Options) complete() Options {
	o.Stall = positive(o.Stall, 30*time.Second)
	o.KeepAlive = positive(o.KeepAlive, 15*time.Second)
	o.Body = positive(o.Body, 1<<20)
	o.Depth = positive(o.Depth, 16)
	o.Complexity = positive(o.Complexity, 1000)
	if o.Meter == nil {
		o.Meter = new(api.Meter)
	}
	return o
}

func positive[T int | int64 | time.Duration](v, otherwise T) T {
	if v <= 0 {
		return otherwise
	}
	return v
}

type handler struct {
	svc  *api.Service
	o    Options
	exec *executor.Executor
	ws   transport.Websocket
	busy busy
}

// New serves GraphQL on one path, by whichever transport the request is for.
func New(svc *api.Service, o Options) http.Handler {
	o = o.complete()
	schema := exec.NewExecutableSchema(exec.Config{Resolvers: root{svc}})
	h := &handler{svc: svc, o: o, exec: executor.New(schema)}
	h.exec.SetErrorPresenter(present)
	h.exec.SetParserTokenLimit(15_000)
	h.exec.Use(&limits{svc: svc, schema: schema, depth: o.Depth, complexity: o.Complexity})
	h.exec.AroundOperations(h.around)
	h.ws = transport.Websocket{
		Implementation: upgrader{stall: o.Stall, origins: o.Origins}, InitTimeout: 10 * time.Second, PingPongInterval: o.KeepAlive,
		PayloadReadLimit: &o.Body, InitFunc: h.hello,
	}
	return h
}

const protocolWS = "graphql-transport-ws"

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

// socket serves a WebSocket until the client leaves, or the service closes and every subscription has told so.
func (h *handler) socket(w http.ResponseWriter, r *http.Request) {
	offered := strings.Split(strings.ReplaceAll(r.Header.Get("Sec-WebSocket-Protocol"), " ", ""), ",")
	if !slices.Contains(offered, protocolWS) {
		api.WriteError(w, api.Errorf(api.InvalidArgument, "the WebSocket offers the protocols %q; want %s", offered, protocolWS))
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	go func() {
		select {
		case <-h.svc.Closing():
			h.busy.wait(ctx)
			cancel()
		case <-ctx.Done():
		}
	}()
	h.ws.Do(w, r.WithContext(ctx), h.exec)
}
