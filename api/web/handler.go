package web

import (
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/graphql"
	"github.com/peltonhq/pelton/api/ingest"
	"github.com/peltonhq/pelton/api/metrics"
	"github.com/peltonhq/pelton/api/rpc"
	"github.com/peltonhq/pelton/api/sse"
)

// Options of the handler. The zero value serves no console.
type Options struct {
	Console http.Handler  // at /
	Stall   time.Duration // how long a follower may take nothing; default 30 s
	Receive int           // bytes of the largest request over Connect; default 32 MiB
	AnyHost bool          // a loopback listener behind a proxy: take any Host
}

// NewHandler serves everything of the HTTP listener.
func NewHandler(svc *api.Service, o Options) http.Handler {
	mux := http.NewServeMux()
	reads{svc}.mount(mux)
	rpc.Mount(mux, svc, rpc.Options{Stall: o.Stall, Receive: o.Receive})
	sse.Mount(mux, svc, sse.Options{Stall: o.Stall})
	mux.Handle("/graphql", graphql.New(svc, graphql.Options{Stall: o.Stall}))
	mux.Handle("GET /graphql/ide", graphql.IDE())
	mux.Handle("POST /v1/sources/{name}", ingest.New(svc))
	mux.Handle("GET /livez", metrics.Health(svc.Live))
	mux.Handle("GET /readyz", metrics.Health(svc.Ready))
	mux.Handle("GET /metrics", metrics.New(svc))
	mux.HandleFunc("/v1/", func(w http.ResponseWriter, r *http.Request) {
		api.WriteError(w, api.Errorf(api.NotFound, "%s %s: there is nothing at this path", r.Method, r.URL.Path))
	})
	if o.Console != nil {
		mux.Handle("/", o.Console)
	}
	guarded := http.NewCrossOriginProtection().Handler(mux)
	if o.AnyHost {
		return guarded
	}
	return loopback(guarded)
}

// NewServer is an HTTP server for the handler: HTTP/1.1 and unencrypted HTTP/2, and no limit on how long a stream may
// last. Close the service before Shutdown, which waits for streams.
func NewServer(h http.Handler) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Server{
		Handler: h, Protocols: protocols, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
	}
}

// loopback refuses requests that came to a loopback address under a name that is not one.
func loopback(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
		if ok && isLoopback(local.String()) && !isLoopback(r.Host) {
			api.WriteError(w, api.Errorf(api.PermissionDenied, "host %q: this address is for this machine only; use localhost or 127.0.0.1", r.Host))
			return
		}
		next.ServeHTTP(w, r)
	})
}

func isLoopback(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}
