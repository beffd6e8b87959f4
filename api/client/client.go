package client

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"connectrpc.com/connect/v2/connectproto"
	"google.golang.org/protobuf/proto"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/gen/pelton/v1/peltonv1connect"
	"github.com/peltonhq/pelton/api/wire"
)

// Client calls one wheel. Make it with [New].
type Client struct {
	addr       string
	http       *http.Transport
	sessions   peltonv1connect.SessionServiceClient
	plugins    peltonv1connect.PluginServiceClient
	deliveries peltonv1connect.DeliveryServiceClient
	dead       peltonv1connect.DeadLetterServiceClient
	parked     peltonv1connect.ParkedServiceClient
	wheel      peltonv1connect.WheelServiceClient
	ingest     peltonv1connect.IngestServiceClient
}

// receiveMost is the largest answer that is taken, in bytes.
const receiveMost = 64 << 20

// Options say how a client proves who it is, and whom it trusts. The zero value proves nothing.
type Options struct {
	Token string      // sent with each call
	TLS   *tls.Config // of https addresses; nil trusts what the system trusts
}

// New is a client of the wheel at addr, "HOST:PORT" or a URL, without a token. It connects at the first call.
func New(addr string) *Client { return Open(addr, Options{}) }

// Open is [New] with options. Redirects are not followed: the token is for this address.
func Open(addr string, o Options) *Client {
	base := addr
	if !strings.Contains(base, "://") {
		base = "http://" + base
	}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 4, TLSClientConfig: o.TLS}
	web := &http.Client{
		Transport:     bearer{transport, o.Token},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	c := connect.NewClient(connecthttp.NewTransport(
		web, strings.TrimSuffix(base, "/"), connecthttp.WithReadMaxBytes(receiveMost),
	))
	return &Client{
		addr: addr, http: transport,
		sessions:   peltonv1connect.NewSessionServiceClient(c),
		plugins:    peltonv1connect.NewPluginServiceClient(c),
		deliveries: peltonv1connect.NewDeliveryServiceClient(c),
		dead:       peltonv1connect.NewDeadLetterServiceClient(c),
		parked:     peltonv1connect.NewParkedServiceClient(c),
		wheel:      peltonv1connect.NewWheelServiceClient(c),
		ingest:     peltonv1connect.NewIngestServiceClient(c),
	}
}

// bearer sends the token along.
type bearer struct {
	next  http.RoundTripper
	token string
}

// RoundTrip implements [http.RoundTripper].
func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	if b.token != "" {
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", "Bearer "+b.token)
	}
	return b.next.RoundTrip(r)
}

// Close lets go of idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// fail turns an error of the transport into the API's.
func (c *Client) fail(err error) error {
	if err == nil {
		return nil
	}
	e, ok := errors.AsType[*connect.Error](err)
	switch {
	case errors.Is(err, context.Canceled):
		return api.Wrap(context.Canceled)
	case away(err):
		text := err.Error()
		if ok {
			text = e.Message()
		}
		return api.Errorf(api.Unavailable, "no wheel answers at %s: %s; start one with pelton run, or name another address", c.addr, text)
	case !ok:
		return api.Wrap(err)
	}
	var details []proto.Message
	for _, d := range e.Details() {
		if m, err := connectproto.UnmarshalErrorDetail(d); err == nil {
			details = append(details, m)
		}
	}
	return wire.ErrorOf(uint32(e.Code()), e.Message(), details)
}

// away reports whether nobody answered: the connection could not be made, or broke before the answer. Where it broke
// decides how the error is dressed: as one of Connect, or as one of net/http.
func away(err error) bool {
	if e, ok := errors.AsType[*connect.Error](err); ok && e.Code() == connect.CodeUnavailable {
		return !e.IsRemote()
	}
	u, ok := errors.AsType[*url.Error](err)
	return ok && !u.Timeout()
}

// pages reads every page of a list.
func pages[T any](page func(after string) ([]T, string, error)) ([]T, error) {
	var all []T
	for after := ""; ; {
		list, next, err := page(after)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
		if next == "" {
			return all, nil
		}
		after = next
	}
}

// remote reports whether the server sent the error.
func remote(err error) bool {
	e, ok := errors.AsType[*connect.Error](err)
	return ok && e.IsRemote()
}
