package natsconn

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// Errors of [Dial], for errors.Is.
var (
	// ErrUnreachable: no server answers at the address.
	ErrUnreachable = errors.New("not reachable")
	// ErrOptions: the options can't be right, whatever a server says.
	ErrOptions = errors.New("bad settings")
)

// Options say where a server is and who we are.
type Options struct {
	Name string // of the connection, as the server's operator sees it
	URL  string // one or several, separated by commas
	Auth Auth
	TLS  *TLS // nil: none, but for a URL with tls://
}

const (
	connectTime = 5 * time.Second  // for the first connection, and for each later attempt
	retryWait   = time.Second / 4  // between two attempts to connect again
	pingEvery   = 10 * time.Second // so that a dead connection is found within 20 to 30 s
)

// Conn is a connection that comes back by itself.
type Conn struct {
	*nats.Conn

	url string

	mu   sync.Mutex
	lost chan struct{} // closed once messages on their way may have been lost; then there is another
	said error         // what the server complained of last, without being asked
}

// Dial connects. It fails when no server answers within some seconds or before ctx ends.
func Dial(ctx context.Context, o Options) (*Conn, error) {
	c := &Conn{url: o.URL, lost: make(chan struct{})}
	opts, err := c.options(o)
	if err != nil {
		return nil, err
	}
	type answer struct {
		conn *nats.Conn
		err  error
	}
	done := make(chan answer, 1)
	go func() {
		conn, err := nats.Connect(o.URL, opts...)
		done <- answer{conn, err}
	}()
	select {
	case a := <-done:
		if a.err != nil {
			return nil, explain(o.URL, a.err)
		}
		c.Conn = a.conn
		return c, nil
	case <-ctx.Done():
		go func() { // the client has no way to give a connect up
			if a := <-done; a.conn != nil {
				a.conn.Close()
			}
		}()
		return nil, fmt.Errorf("%s: %w: %w", o.URL, ErrUnreachable, context.Cause(ctx))
	}
}

func (c *Conn) options(o Options) ([]nats.Option, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	opts := []nats.Option{
		nats.Name(o.Name), nats.Timeout(connectTime), nats.MaxReconnects(-1), nats.ReconnectWait(retryWait),
		nats.ReconnectBufSize(-1), nats.PingInterval(pingEvery), nats.IgnoreAuthErrorAbort(),
		nats.ReconnectHandler(func(*nats.Conn) { c.lose() }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { c.heard(err) }),
	}
	auth, err := o.Auth.options()
	if err != nil {
		return nil, err
	}
	opts = append(opts, auth...)
	if o.TLS != nil {
		more, err := o.TLS.options()
		if err != nil {
			return nil, err
		}
		opts = append(opts, more...)
	}
	return opts, nil
}

// Validate tells what is wrong with the options without a server: an address, a file that is not there.
func (o Options) Validate() error {
	if o.URL == "" {
		return fmt.Errorf("url is empty: %w: give a server, for example nats://127.0.0.1:4222", ErrOptions)
	}
	if _, err := o.Auth.options(); err != nil {
		return err
	}
	if o.TLS != nil {
		if _, err := o.TLS.options(); err != nil {
			return err
		}
	}
	return nil
}

// Lost gives a channel that is closed once the connection was made anew, or the client had to drop something: messages
// that were on their way then are gone, and who counts on them asks for them again.
func (c *Conn) Lost() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lost
}

func (c *Conn) lose() {
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.lost)
	c.lost = make(chan struct{})
}

// heard takes what the client tells without being asked: that it dropped messages, or that something is not permitted.
func (c *Conn) heard(err error) {
	if errors.Is(err, nats.ErrSlowConsumer) {
		c.lose()
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.said = err
}

// Explain is err with what is known of the connection: that it is gone, or what the server complained of, since a request
// that is not permitted is not answered.
func (c *Conn) Explain(err error) error {
	c.mu.Lock()
	said := c.said
	c.mu.Unlock()
	switch {
	case err == nil:
		return nil
	case !c.IsConnected() && errors.Is(err, nats.ErrReconnectBufExceeded): // which only says that nothing is kept for later
		return fmt.Errorf("no connection to %s, which is tried on", c.url)
	case !c.IsConnected():
		return fmt.Errorf("no connection to %s, which is tried on (%w)", c.url, err)
	case said != nil && (errors.Is(err, nats.ErrTimeout) || errors.Is(err, context.DeadlineExceeded)):
		return fmt.Errorf("%w (the server said: %s)", err, said.Error())
	}
	return err
}

// explain says what to do about a connect that failed.
func explain(url string, err error) error {
	text := strings.TrimPrefix(err.Error(), "nats: ")
	switch {
	case errors.Is(err, nats.ErrAuthorization), errors.Is(err, nats.ErrAuthExpired), errors.Is(err, nats.ErrAccountAuthExpired),
		strings.Contains(strings.ToLower(text), "authorization violation"), strings.Contains(strings.ToLower(text), "authentication"):
		return fmt.Errorf("%s: %w: the server refuses who we are (%s); correct auth", url, ErrOptions, text)
	case errors.Is(err, nats.ErrSecureConnRequired):
		return fmt.Errorf("%s: %w: the server wants TLS; set tls", url, ErrOptions)
	case errors.Is(err, nats.ErrSecureConnWanted):
		return fmt.Errorf("%s: %w: the server has no TLS; leave tls out", url, ErrOptions)
	case strings.Contains(text, "tls"), strings.Contains(text, "certificate"), strings.Contains(text, "x509"):
		return fmt.Errorf("%s: %w: TLS failed (%s); correct tls", url, ErrOptions, text)
	}
	return fmt.Errorf("%s: %w (%s); start the server, or correct url", url, ErrUnreachable, text)
}
