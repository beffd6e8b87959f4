package auth

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/url"
	"time"
)

// Request is r with who calls in its context.
func (g *Gate) Request(r *http.Request) *http.Request {
	return r.WithContext(g.Call(r.Context(), proofOf(r)))
}

func proofOf(r *http.Request) Proof {
	p := Proof{Authorization: r.Header.Get("Authorization"), From: host(r.RemoteAddr)}
	if r.Method == http.MethodGet { // EventSource and WebSocket can't set headers
		p.Capability = r.URL.Query().Get("access_token")
	}
	if c, err := r.Cookie(CookieName(r.TLS != nil)); err == nil && OwnPage(r) {
		p.Cookie = c.Value
	}
	if r.TLS != nil {
		p.Certificate = Verified(r.TLS)
	}
	return p
}

// Verified is the client's certificate, if TLS has verified it.
func Verified(s *tls.ConnectionState) *x509.Certificate {
	if len(s.VerifiedChains) == 0 {
		return nil
	}
	return s.VerifiedChains[0][0]
}

// OwnPage reports whether a request comes from a page of this server, or from no page. Only then a cookie means that its
// owner wants the request; SameSite=Strict alone would also send it along from another port or a neighbour domain.
func OwnPage(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
	default:
		return false
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host == r.Host
}

// CookieName is the name of the cookie of log-ins. Behind TLS its prefix makes browsers keep it to this very host.
func CookieName(secure bool) string {
	if secure {
		return "__Host-pelton"
	}
	return "pelton"
}

// Cookie makes the cookie of a log-in; with an empty value, the one that removes it.
func Cookie(value string, expires time.Time, secure bool) *http.Cookie {
	c := &http.Cookie{ //nolint:gosec // without TLS there is only loopback, or --insecure-bind: Secure would lose the cookie
		Name: CookieName(secure), Value: value, Path: "/", Expires: expires,
		Secure: secure, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	}
	if value == "" {
		c.MaxAge = -1
	}
	return c
}

// host is an address without its port.
func host(addr string) string {
	if h, _, err := net.SplitHostPort(addr); err == nil {
		return h
	}
	return addr
}

// From is the address of a connection's other side, without the port.
func From(a net.Addr) string {
	if a == nil {
		return ""
	}
	return host(a.String())
}
