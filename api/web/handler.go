package web

import (
	"net/http"
	"net/url"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/auth"
	"github.com/peltonhq/pelton/api/graphql"
	"github.com/peltonhq/pelton/api/ingest"
	"github.com/peltonhq/pelton/api/meter"
	"github.com/peltonhq/pelton/api/metrics"
	"github.com/peltonhq/pelton/api/rpc"
	"github.com/peltonhq/pelton/api/sse"
	"github.com/peltonhq/pelton/api/streams"
)

// Options of the handler. The zero value serves no console.
type Options struct {
	Console http.Handler  // at /
	Stall   time.Duration // how long a follower may take nothing; default 30 s
	Poll    time.Duration // how long a long poll of a stream waits; default 20 s
	Receive int           // bytes of the largest request over Connect; default 32 MiB
	GraphQL graphql.Limits
	AnyHost bool // a loopback listener behind a proxy: take any Host

	Gate     *auth.Gate // who calls; nil: nobody is asked
	Hosts    []string   // names, beside those of loopback, by which a loopback listener may be called
	Origins  []string   // of other sites whose pages may use the API, for example https://app.example.com
	BodyRate int64      // bytes a second that a request's body must bring, after ten seconds; default 1 KiB
	Meter    *meter.Door
	Headers  int // bytes of a request's headers; default 64 KiB
	Streams  int // requests at once of an HTTP/2 connection; default 4096
	Messages int // of one append to a stream; default 100,000

	Services func(*rpc.Connect) // more services over Connect and gRPC-web, beside those of pelton.v1; nil for none
}

func (o Options) complete() Options {
	if o.BodyRate <= 0 {
		o.BodyRate = 1 << 10
	}
	if o.Headers <= 0 {
		o.Headers = 64 << 10
	}
	if o.Streams <= 0 {
		o.Streams = 4096
	}
	if o.Meter == nil {
		o.Meter = new(meter.Door)
	}
	return o
}

// Mux is where the handler puts its routes.
type Mux interface {
	Handle(pattern string, h http.Handler)
	HandleFunc(pattern string, h func(http.ResponseWriter, *http.Request))
}

// NewHandler serves everything of the HTTP listener.
func NewHandler(svc *api.Service, o Options) http.Handler {
	o = o.complete()
	mux := http.NewServeMux()
	Mount(mux, svc, o)
	foreign := http.NewCrossOriginProtection()
	for _, origin := range o.Origins {
		if err := foreign.AddTrustedOrigin(origin); err != nil {
			panic("web: " + err.Error()) // the config was checked
		}
	}
	foreign.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.Meter.Foreign.Add(1)
		api.WriteError(w, api.Errorf(api.PermissionDenied, "%s %s: a page of another site asked for it; allow its origin by api.cors.origins", r.Method, r.URL.Path))
	}))
	h := named(o.Gate, mux)
	h = steady(h, o)
	h = foreign.Handler(sockets(h, o))
	h = cors(h, o.Origins)
	if !o.AnyHost {
		h = loopback(h, o)
	}
	return plain(h)
}

// Mount puts every route on a mux. What asks the service is refused there; what does not is for everybody: the console's
// files, log-in and log-out, and the probes.
func Mount(mux Mux, svc *api.Service, o Options) {
	o = o.complete()
	reads{svc}.mount(mux)
	rpc.Mount(mux, svc, rpc.Options{Stall: o.Stall, Meter: o.Meter, Receive: o.Receive, Services: o.Services})
	sse.Mount(mux, svc, sse.Options{Stall: o.Stall, Meter: o.Meter})
	streams.Mount(mux, svc, streams.Options{Stall: o.Stall, Poll: o.Poll, Messages: o.Messages, Meter: o.Meter})
	mux.Handle("/graphql", graphql.New(svc, graphql.Options{Limits: o.GraphQL, Gate: o.Gate, Origins: hosts(o.Origins)}))
	mux.Handle("GET /graphql/ide", graphql.IDE())
	mux.Handle("POST /v1/sources/{name}", ingest.New(svc))
	mux.Handle("GET /livez", metrics.Health(svc.Live))
	mux.Handle("GET /readyz", metrics.Health(svc.Ready))
	mux.Handle("GET /metrics", metrics.New(svc))
	login{gate: o.Gate}.mount(mux)
	mux.HandleFunc("/v1/", func(w http.ResponseWriter, r *http.Request) {
		api.WriteError(w, api.Errorf(api.NotFound, "%s %s: there is nothing at this path", r.Method, r.URL.Path))
	})
	if o.Console != nil {
		mux.Handle("/", o.Console)
	}
}

// hosts are origins as the WebSocket library wants them: with their scheme, which it then compares, too.
func hosts(origins []string) (all []string) {
	for _, origin := range origins {
		if u, err := url.Parse(origin); err == nil {
			all = append(all, u.Scheme+"://"+u.Host)
		}
	}
	return all
}

// NewServer is an HTTP server for the handler: HTTP/1.1 and HTTP/2, without TLS too, and no limit on how long a stream
// may last. Close the service before Shutdown, which waits for streams.
func NewServer(h http.Handler, o Options) *http.Server {
	o = o.complete()
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Server{
		Handler: h, Protocols: protocols, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: o.Headers,
		HTTP2: &http.HTTP2Config{MaxConcurrentStreams: o.Streams, SendPingTimeout: time.Minute, PingTimeout: 20 * time.Second},
	}
}
