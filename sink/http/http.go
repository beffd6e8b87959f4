package http

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"hash/maphash"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/sink"
)

// Defaults of the options.
const (
	DefaultTimeout       = 10 * time.Second
	DefaultMaxRetryAfter = 5 * time.Minute
	DefaultBatchBytes    = 1 << 20
)

// Options of a sink.
type Options struct {
	URL           string
	Method        string            // POST or PUT; empty means POST
	Header        map[string]string // of each request; their values are never printed (H1)
	HeaderFiles   map[string]string // headers whose value is in the file of that path
	CAFile        string            // the only authorities that are trusted, in PEM form; empty means the system's
	ContentType   string            // empty means the effect's, or application/json
	Timeout       time.Duration     // of a request, to the end of its answer; 0 means DefaultTimeout
	Batch         int               // lines of a request; 0 and 1 mean a request for each effect
	BatchBytes    int               // of the body of a request with many lines, unless one is larger; 0 means DefaultBatchBytes
	Concurrency   int               // requests at once; 0 means 1
	MaxRetryAfter time.Duration     // the longest wait that the server may ask for; 0 means DefaultMaxRetryAfter
	Transport     http.RoundTripper // nil means one of its own
}

// Sink sends to one URL. Make it with [New].
type Sink struct {
	options Options
	client  *http.Client
	where   string // the method and the URL without its query
	seed    maphash.Seed
	done    []outcome // of the effects of the Write before, which failed
}

var _ sink.Sink = (*Sink)(nil)

// outcome is what became of one effect.
type outcome struct {
	settled bool
	refused error // settled, but the server does not want it
}

// New makes a sink. It reads the files that the options name, and connects to nothing.
func New(o Options) (*Sink, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("http.url: want http://HOST or https://HOST, with a path") // without its text: a secret may be in it
	}
	if u.User != nil {
		return nil, fmt.Errorf("http.url: a user and password in a URL get into logs; give the header Authorization by headers_file")
	}
	o.complete()
	u.RawQuery, u.Fragment = "", ""
	s := &Sink{options: o, where: o.Method + " " + u.String(), seed: maphash.MakeSeed()}
	if err := s.secrets(); err != nil {
		return nil, err
	}
	if o.Transport == nil {
		if o.Transport, err = transport(&o); err != nil {
			return nil, fmt.Errorf("http.ca_file: %w", err)
		}
	}
	s.client = &http.Client{
		Transport: o.Transport, Timeout: o.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return s, nil
}

func (o *Options) complete() {
	if o.Method == "" {
		o.Method = http.MethodPost
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.BatchBytes == 0 {
		o.BatchBytes = DefaultBatchBytes
	}
	if o.MaxRetryAfter == 0 {
		o.MaxRetryAfter = DefaultMaxRetryAfter
	}
	o.Batch, o.Concurrency = max(o.Batch, 1), max(o.Concurrency, 1)
}

// secrets reads the values of headers.
func (s *Sink) secrets() error {
	all := maps.Clone(s.options.Header)
	if all == nil {
		all = map[string]string{}
	}
	for _, name := range slices.Sorted(maps.Keys(s.options.HeaderFiles)) {
		path := s.options.HeaderFiles[name]
		text, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("http.headers_file.%s: %w", name, err)
		}
		all[name] = strings.TrimSpace(string(text))
		if all[name] == "" || strings.ContainsFunc(all[name], unicode.IsControl) {
			return fmt.Errorf("http.headers_file.%s: %s: want one line, the header's value", name, path)
		}
	}
	s.options.Header = all
	return nil
}

func transport(o *Options) (http.RoundTripper, error) {
	t := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // it is one
	t.MaxConnsPerHost, t.MaxIdleConnsPerHost = o.Concurrency, o.Concurrency
	if o.CAFile == "" {
		return t, nil
	}
	text, err := os.ReadFile(o.CAFile)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s has no certificate in PEM form", o.CAFile)
	}
	t.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	return t, nil
}

// Write implements [sink.Sink]. What an attempt before got through is not sent again.
func (s *Sink) Write(ctx context.Context, effects []pelton.Effect) error {
	for len(s.done) < len(effects) {
		s.done = append(s.done, outcome{})
	}
	failures := make([]error, s.options.Concurrency)
	var wait sync.WaitGroup
	for i, lane := range s.lanes(effects) {
		if len(lane) > 0 {
			wait.Go(func() { failures[i] = s.send(ctx, effects, lane) })
		}
	}
	wait.Wait()
	for i := range effects {
		if s.done[i].settled && s.done[i].refused == nil {
			continue
		}
		if refused := s.done[i].refused; refused != nil {
			s.done = append(s.done[:0], s.done[i+1:]...) // the next Write begins behind it
			return &sink.Rejected{Index: i, Err: refused}
		}
		return first(failures) // it holds those behind it, which may be done
	}
	s.done = s.done[:0]
	return nil
}

func first(failures []error) error {
	for _, err := range failures {
		if err != nil {
			return err
		}
	}
	return nil
}

// lanes are the effects that are not settled, by key: indices, in order.
func (s *Sink) lanes(effects []pelton.Effect) [][]int {
	lanes := make([][]int, s.options.Concurrency)
	for i := range effects {
		if !s.done[i].settled {
			lane := maphash.Bytes(s.seed, effects[i].Key) % uint64(len(lanes))
			lanes[lane] = append(lanes[lane], i)
		}
	}
	return lanes
}

// Close implements [sink.Sink].
func (s *Sink) Close() error {
	s.client.CloseIdleConnections()
	return nil
}
