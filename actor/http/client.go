package http

import (
	"context"
	"errors"
	"maps"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/peltonhq/pelton"
)

// Options of a client. Allow and the limits are required.
type Options struct {
	Allow       []string // HOST:PORT
	Private     bool     // names may lead to addresses that are not of the public internet
	Timeout     time.Duration
	MaxResponse int64 // bytes of a body
	MaxHeaders  int64 // bytes of a response's headers
	Redirects   int   // followed at most
	Concurrency int   // requests at once
	// Resolver finds addresses; default the system's.
	Resolver *net.Resolver
}

// Client makes the requests of one plugin.
type Client struct {
	o      Options
	allow  allow
	http   http.Client
	ctx    context.Context //nolint:containedctx // of the client's life: Close cancels it
	cancel context.CancelFunc
	group  sync.WaitGroup

	mu       sync.Mutex
	waiting  []job
	running  int // requests that hold a place: under way, or their response is not released
	closed   bool
	outcomes map[string]uint64
}

type job struct {
	request *pelton.Request
	done    func(*pelton.Response, func())
}

// Stats are a client's figures since it was made.
type Stats struct {
	Outcomes map[string]uint64 // responses by "2xx" … "5xx" or kind of failure
	InFlight int               // requests that hold a place
	Queued   int               // requests that wait for one
}

// New reads the allow-list; its error says which entry is wrong.
func New(o Options) (*Client, error) {
	a, err := parseAllow(o.Allow)
	if err != nil {
		return nil, err
	}
	c := &Client{o: o, allow: a, outcomes: map[string]uint64{}}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	dialer := &net.Dialer{Timeout: o.Timeout, Resolver: o.Resolver}
	c.http = http.Client{
		Transport: &http.Transport{
			Proxy: nil, // never from the environment
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				d := *dialer
				d.ControlContext = c.guard(address)
				return d.DialContext(ctx, network, address)
			},
			ForceAttemptHTTP2: true, MaxIdleConnsPerHost: o.Concurrency, IdleConnTimeout: 30 * time.Second,
			MaxResponseHeaderBytes: o.MaxHeaders,
		},
		CheckRedirect: c.follow,
	}
	return c, nil
}

// Fetch makes a request as soon as there is a place for it. done is called once, on a goroutine of the client, unless the
// client is closed before.
func (c *Client) Fetch(r *pelton.Request, done func(*pelton.Response, func())) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting = append(c.waiting, job{r, done})
	c.pump()
}

// pump begins what there is a place for.
func (c *Client) pump() {
	for c.running < c.o.Concurrency && len(c.waiting) > 0 && !c.closed {
		j := c.waiting[0]
		c.waiting[0] = job{}
		c.waiting = c.waiting[1:]
		c.running++
		c.group.Go(func() { c.run(j) })
	}
}

func (c *Client) run(j job) {
	r := c.do(j.request)
	if c.ctx.Err() != nil { // what it says is of the end, not of the request
		return
	}
	c.mu.Lock()
	c.outcomes[outcome(r)]++
	c.mu.Unlock()
	j.done(r, sync.OnceFunc(c.release))
}

func (c *Client) release() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running--
	c.pump()
}

func outcome(r *pelton.Response) string {
	if r.Error != "" {
		return string(r.Error)
	}
	return string(rune('0'+r.Status/100)) + "xx"
}

// Stats is a copy of the figures.
func (c *Client) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Stats{Outcomes: maps.Clone(c.outcomes), InFlight: c.running, Queued: len(c.waiting)}
}

// Close ends what is under way and drops what waits; nobody is answered.
func (c *Client) Close(ctx context.Context) error {
	c.mu.Lock()
	c.closed, c.waiting = true, nil
	c.mu.Unlock()
	c.cancel()
	done := make(chan struct{})
	go func() {
		c.group.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
		return errors.New("requests of a plugin do not end")
	}
	c.http.CloseIdleConnections()
	return nil
}
