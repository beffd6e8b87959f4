package http

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
)

// allow is where requests may go: "host:port", in lower case.
type allow map[string]struct{}

func parseAllow(list []string) (allow, error) {
	a := allow{}
	for _, entry := range list {
		host, port, err := ParseAllowed(entry)
		if err != nil {
			return nil, err
		}
		a[net.JoinHostPort(host, port)] = struct{}{}
	}
	return a, nil
}

// ParseAllowed reads one entry of an allow-list, HOST:PORT.
func ParseAllowed(entry string) (host, port string, err error) {
	host, port, err = net.SplitHostPort(entry)
	if n, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || n == 0 || host == "" || strings.ContainsAny(host, "/*@ ?#%") {
		return "", "", fmt.Errorf("%q is no HOST:PORT; want for example api.example.com:443", entry)
	}
	return strings.ToLower(strings.TrimSuffix(host, ".")), port, nil
}

// refusal is an error that says that the config does not allow something.
type refusal struct{ reason string }

// Error says what is not allowed.
func (r *refusal) Error() string { return r.reason }

// check refuses a URL that leads to somewhere else than the list says.
func (c *Client) check(u *url.URL) error {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	place := net.JoinHostPort(strings.ToLower(strings.TrimSuffix(u.Hostname(), ".")), port)
	if _, ok := c.allow[place]; !ok {
		return &refusal{place + " is not in capabilities.http.allow"}
	}
	return nil
}

// follow decides on a redirect.
func (c *Client) follow(r *http.Request, via []*http.Request) error {
	switch {
	case len(via) > c.o.Redirects:
		return &refusal{fmt.Sprintf("more than %d redirects (capabilities.http.redirects)", c.o.Redirects)}
	case r.URL.Scheme != "http" && r.URL.Scheme != "https":
		return &refusal{"redirected to a URL that is not http or https"}
	case via[0].URL.Scheme == "https" && r.URL.Scheme == "http":
		return &refusal{"redirected from https to http"}
	}
	if err := c.check(r.URL); err != nil {
		return &refusal{"redirected: " + err.Error()}
	}
	return nil
}

// guard looks at the address that the name of a place was resolved to, before it is dialled.
func (c *Client) guard(place string) func(context.Context, string, string, syscall.RawConn) error {
	host, _, err := net.SplitHostPort(place)
	_, bad := netip.ParseAddr(host)
	named := err == nil && (bad == nil || host == "localhost") // it stands in the list as what it is
	return func(_ context.Context, _, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil {
			return err
		}
		if named || c.o.Private || public(at.Addr().Unmap()) {
			return nil
		}
		return &refusal{fmt.Sprintf("%s leads to %s, which is not of the public internet: name the address in capabilities.http.allow, or set private", host, at.Addr())}
	}
}

// inside are address ranges that are not of the public internet, beside those that package netip knows.
var inside = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("64:ff9b::/96"),
	netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("2001::/32"),
}

func public(a netip.Addr) bool {
	if !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	for _, p := range inside {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

func refused(err error) (string, bool) {
	r, ok := errors.AsType[*refusal](err)
	if !ok {
		return "", false
	}
	return r.reason, true
}
