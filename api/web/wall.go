package web

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/auth"
	"github.com/peltonhq/pelton/api/streams"
)

// named puts who calls into each request.
func named(gate *auth.Gate, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(w, gate.Request(r)) })
}

// plain sets the headers of every answer. Pages set a policy of their own over the one here, which lets a browser do nothing.
func plain(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		if r.TLS != nil && !isLoopback(r.Host) { // a browser would ask all ports of this machine for TLS
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// loopback refuses requests that came to a loopback address under a name that is not one: a foreign name may have been
// pointed here, so that its page could read the answers.
func loopback(next http.Handler, o Options) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
		if ok && isLoopback(local.String()) && !isLoopback(r.Host) && !slices.Contains(o.Hosts, bare(r.Host)) {
			o.Meter.Foreign.Add(1)
			api.WriteError(w, api.Errorf(api.PermissionDenied, "host %q: this address is for this machine only; use localhost or 127.0.0.1, or allow the name by api.hosts", r.Host))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// bare is a host without its port.
func bare(hostport string) string {
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		return host
	}
	return hostport
}

func isLoopback(hostport string) bool {
	host := bare(hostport)
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// cors lets pages of the origins use the API, with a token and never with a cookie.
func cors(next http.Handler, origins []string) http.Handler {
	if len(origins) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Add("Vary", "Origin")
		origin := r.Header.Get("Origin")
		if !slices.Contains(origins, origin) {
			next.ServeHTTP(w, r)
			return
		}
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Expose-Headers", "Retry-After, WWW-Authenticate, Idempotency-Replayed, Grpc-Status, Grpc-Message, Grpc-Status-Details-Bin")
		if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
			next.ServeHTTP(w, r)
			return
		}
		h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, DELETE")
		h.Set("Access-Control-Allow-Headers", strings.Join([]string{
			"Authorization", "Content-Type", "Last-Event-ID", "Idempotency-Key", "Connect-Protocol-Version", "Connect-Timeout-Ms",
			"X-Grpc-Web", "X-User-Agent", "Grpc-Timeout", "X-Pelton-Key", "X-Pelton-Time", "Traceparent", "Tracestate",
			streams.Sent,
		}, ", "))
		h.Set("Access-Control-Max-Age", "600")
		w.WriteHeader(http.StatusNoContent)
	})
}

// sockets refuses WebSockets of another site's page: they are GETs, which the protection of posts lets pass.
func sockets(next http.Handler, o Options) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" && !auth.OwnPage(r) && !slices.Contains(o.Origins, r.Header.Get("Origin")) {
			o.Meter.Foreign.Add(1)
			api.WriteError(w, api.Errorf(api.PermissionDenied, "a page of %q may not open a WebSocket here; allow its origin by api.cors.origins", r.Header.Get("Origin")))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// grace is how long a body may take whatever its size.
const grace = 10 * time.Second

// steady ends requests whose body comes more slowly than it must. Calls of many messages are left out: they wait for their
// client by nature, and are refused before their first message when nobody makes them.
func steady(next http.Handler, o Options) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		media := r.Header.Get("Content-Type")
		if r.Body == nil || r.Body == http.NoBody || strings.HasPrefix(media, "application/connect+") || strings.HasPrefix(media, "application/grpc") {
			next.ServeHTTP(w, r)
			return
		}
		b := &paced{ReadCloser: r.Body, control: http.NewResponseController(w), header: w.Header(), began: time.Now(), o: o}
		b.wait() // also for what the server reads and drops when the handler did not
		r.Body = b
		next.ServeHTTP(w, r)
	})
}

// paced is a body with a deadline that moves on with what comes.
type paced struct {
	io.ReadCloser

	control *http.ResponseController
	header  http.Header
	began   time.Time
	o       Options
	n       int64
}

func (p *paced) wait() {
	_ = p.control.SetReadDeadline(p.began.Add(grace + time.Duration(p.n)*time.Second/time.Duration(p.o.BodyRate))) // a recorder has none
}

func (p *paced) Read(b []byte) (int, error) {
	p.wait()
	n, err := p.ReadCloser.Read(b)
	p.n += int64(n)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		p.o.Meter.Slow.Add(1)
		p.header.Set("Connection", "close") // what still comes of this body must not be read as the next request
		err = api.Errorf(api.DeadlineExceeded, "the body came too slowly: %d bytes in %s (api.limits.body_rate)", p.n, time.Since(p.began).Round(time.Second))
	case errors.Is(err, io.EOF): // an answer may take as long as it wants
		_ = p.control.SetReadDeadline(time.Time{})
	}
	return n, err
}
