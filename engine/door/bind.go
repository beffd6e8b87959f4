package door

import (
	"context"
	"fmt"
	"net"

	"github.com/peltonhq/pelton/engine/config/front"
)

// OpenError is an address that would be open to strangers.
type OpenError struct {
	Key, Addr string
}

func (e *OpenError) Error() string {
	return fmt.Sprintf("%s %s is not a loopback address: anybody who reaches it could change the wheel; give api.tls and api.auth, use 127.0.0.1, or --insecure-bind", e.Key, e.Addr)
}

// Bind opens one listener. One that is not loopback would be open to others without TLS and authentication.
func (d *Door) Bind(ctx context.Context, key, addr string, insecure bool) (net.Listener, error) {
	if !front.Loopback(addr) && !insecure && (d.TLS == nil || d.Gate == nil) {
		return nil, &OpenError{key, addr}
	}
	l, err := Listen(ctx, key, addr)
	if err != nil {
		return nil, err
	}
	return d.listener(l), nil
}

// Loopback reports whether only this machine reaches HOST:PORT.
func Loopback(addr string) bool { return front.Loopback(addr) }

// Listen opens a listener for something else than the API.
func Listen(ctx context.Context, key, addr string) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; is another wheel running? set %s to a free address, or to port 0", key, err, key)
	}
	return l, nil
}
