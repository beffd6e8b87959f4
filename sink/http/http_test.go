package http_test

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/sink"
	sinkhttp "github.com/peltonhq/pelton/sink/http"
	"github.com/peltonhq/pelton/sink/sinktest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// place is an HTTP server that keeps lines, once for each Idempotency-Key. Its connections are pipes, so that it runs in a
// bubble.
type place struct {
	conns chan net.Conn
	done  chan struct{}

	mu       sync.Mutex
	lines    []string
	keys     map[string]bool
	requests []*http.Request                                   // without their bodies
	answer   func(w http.ResponseWriter, r *http.Request) bool // once, before the request is looked at; true: that is all
	resets   int                                               // requests that get no answer and are not looked at
	lose     int                                               // requests that get no answer although they are
	dead     bool                                              // nothing is answered any more
	running  int
	most     int // requests at once
}

func (p *place) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *place) Close() error {
	close(p.done)
	return nil
}

func (p *place) Addr() net.Addr { return &net.TCPAddr{} }

// newPlace serves until the test ends.
func newPlace(t *testing.T) *place {
	t.Helper()
	p := &place{conns: make(chan net.Conn), done: make(chan struct{}), keys: map[string]bool{}}
	server := &http.Server{Handler: p}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(p)
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-served
	})
	return p
}

const odd = "odd"

func (p *place) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	p.mu.Lock()
	p.running++
	p.most = max(p.most, p.running)
	answer := p.answer
	p.answer = nil
	p.requests = append(p.requests, r)
	dead := p.dead || p.resets > 0
	p.resets--
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.running--
	}()
	switch {
	case dead:
		panic(http.ErrAbortHandler)
	case answer != nil && answer(w, r):
		return
	case strings.Contains("\n"+string(body)+"\n", "\n"+odd+"\n"):
		http.Error(w, "an odd payload", http.StatusUnprocessableEntity)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if key := r.Header.Get("Idempotency-Key"); !p.keys[key] {
		p.keys[key] = true
		p.lines = append(p.lines, strings.Split(strings.TrimSuffix(string(body), "\n"), "\n")...)
	}
	if p.lose--; p.lose >= 0 {
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(http.StatusAccepted)
}

// sink is a sink to the place.
func (p *place) sink(t *testing.T, o sinkhttp.Options) *sinkhttp.Sink {
	t.Helper()
	if o.URL == "" {
		o.URL = "http://place.example/orders?token=hush"
	}
	o.Transport = &http.Transport{MaxConnsPerHost: max(o.Concurrency, 1), DialContext: func(context.Context, string, string) (net.Conn, error) {
		here, there := net.Pipe()
		select {
		case p.conns <- there:
			return here, nil
		case <-p.done:
			return nil, net.ErrClosed
		}
	}}
	s, err := sinkhttp.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (p *place) arm(answer func(w http.ResponseWriter, r *http.Request) bool) func() {
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.answer = answer
	}
}

func status(code int, headers ...string) func(w http.ResponseWriter, r *http.Request) bool {
	return func(w http.ResponseWriter, _ *http.Request) bool {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(code)
		return true
	}
}

func TestSink(t *testing.T) {
	for name, o := range map[string]sinkhttp.Options{"one by one": {}, "lines": {Batch: 7}, "large lines": {Batch: 100, BatchBytes: 4000}, "lanes": {Concurrency: 4}} {
		t.Run(name, func(t *testing.T) {
			sinktest.Run(t, func(t *testing.T) sinktest.Kit {
				p := newPlace(t)
				return sinktest.Kit{
					Open: func() (sink.Sink, error) {
						p.mu.Lock()
						defer p.mu.Unlock()
						p.dead, p.lose, p.resets = false, 0, 0
						return p.sink(t, o), nil
					},
					Lines: func() []string {
						p.mu.Lock()
						defer p.mu.Unlock()
						return slices.Clone(p.lines)
					},
					Faults: map[string]func(){
						"503":     p.arm(status(503)),
						"429":     p.arm(status(429, "Retry-After", "7")),
						"401":     p.arm(status(401)),
						"403":     p.arm(status(403)),
						"408":     p.arm(status(408)),
						"302":     p.arm(status(302, "Location", "/elsewhere")),
						"no room": p.arm(status(507)),
						// The transport itself makes a request again whose connection was one that is used again.
						"reset": func() {
							p.mu.Lock()
							defer p.mu.Unlock()
							p.resets = 2
						},
						"slow": p.arm(func(_ http.ResponseWriter, r *http.Request) bool {
							<-r.Context().Done()
							return true
						}),
						"lost answer": func() {
							p.mu.Lock()
							defer p.mu.Unlock()
							p.lose = 2
						},
					},
					Crashes: map[string]func(){
						"before": func() {
							p.mu.Lock()
							defer p.mu.Unlock()
							p.dead = true
						},
						"after": p.arm(func(http.ResponseWriter, *http.Request) bool {
							p.mu.Lock()
							defer p.mu.Unlock()
							p.dead, p.lose = true, 1
							return false
						}),
					},
					Rejects: []byte(odd),
				}
			})
		})
	}
}

func effect(n int, key, payload string) pelton.Effect {
	id := pelton.MessageID{Lane: pelton.LaneID{Source: "s", Incarnation: "1", Lane: "l"}, Position: uint64(n)}
	e := pelton.Effect{ID: id.To(pelton.Target{Kind: pelton.TargetSink, Name: "out"}), Token: uint64(n), Payload: []byte(payload)}
	if key != "" {
		e.Key = []byte(key)
	}
	return e
}

// What a request says.
func TestRequest(t *testing.T) {
	p := newPlace(t)
	s := p.sink(t, sinkhttp.Options{Method: http.MethodPut, Header: map[string]string{"Authorization": "Bearer hush"}})
	defer s.Close()
	e := effect(1, "k y", `{"a":1}`)
	e.Time, e.Trace, e.ContentType = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), "00-1", "application/vnd.a+json"
	if err := s.Write(t.Context(), []pelton.Effect{e, effect(2, "\x00", "2")}); err != nil {
		t.Fatal(err)
	}
	want := []string{"k y", "2026-01-02T03:04:05Z", "00-1", "application/vnd.a+json", "Bearer hush", "s/1/l/1>sink/out"}
	for i, name := range []string{"X-Pelton-Key", "X-Pelton-Time", "Traceparent", "Content-Type", "Authorization", "Idempotency-Key"} {
		if got := p.requests[0].Header.Get(name); got != want[i] {
			t.Errorf("%s: %q, want %q", name, got, want[i])
		}
	}
	if r := p.requests[0]; r.Method != http.MethodPut || r.URL.String() != "/orders?token=hush" || r.ContentLength != 7 {
		t.Errorf("%s %s, %d bytes", r.Method, r.URL, r.ContentLength)
	}
	if h := p.requests[1].Header; h.Get("X-Pelton-Key") != "" || h.Get("Content-Type") != "application/json" || h.Get("Traceparent") != "" {
		t.Errorf("the second has %v", h)
	}
}

func TestLines(t *testing.T) {
	p := newPlace(t)
	s := p.sink(t, sinkhttp.Options{Batch: 3, ContentType: "text/plain"})
	defer s.Close()
	all := []pelton.Effect{effect(1, "a", "1\n"), effect(2, "b", "{\n \"n\": 2}"), effect(3, "", "x\ny"), effect(4, "", ""), effect(5, "", "5")}
	var refused []int
	for at := 0; at < len(all); {
		var r *sink.Rejected
		switch err := s.Write(t.Context(), all[at:]); {
		case err == nil:
			at = len(all)
		case errors.As(err, &r) && strings.Contains(err.Error(), "can't be a line; set batch to 1"):
			refused = append(refused, at+r.Index)
			at += r.Index + 1
		default:
			t.Fatal(err)
		}
	}
	if !slices.Equal(refused, []int{2, 3}) || !slices.Equal(p.lines, []string{"1", `{"n":2}`, "5"}) {
		t.Errorf("refused %v, lines %q", refused, p.lines)
	}
	if h := p.requests[0].Header; h.Get("Content-Type") != "text/plain" || len(h.Get("Idempotency-Key")) != 64 || h.Get("X-Pelton-Key") != "" {
		t.Errorf("headers %v", h)
	}
}

// A refused batch is sent line by line, so that only the line at fault is refused.
func TestWhichLine(t *testing.T) {
	p := newPlace(t)
	s := p.sink(t, sinkhttp.Options{Batch: 10})
	defer s.Close()
	all := []pelton.Effect{effect(1, "", "1"), effect(2, "", odd), effect(3, "", "3")}
	var r *sink.Rejected
	if err := s.Write(t.Context(), all); !errors.As(err, &r) || r.Index != 1 || !strings.Contains(err.Error(), `POST http://place.example/orders: 422 Unprocessable Entity: "an odd payload"`) {
		t.Errorf("got %v", err)
	}
	if err := s.Write(t.Context(), all[2:]); err != nil {
		t.Error(err)
	}
	if len(p.requests) != 4 || !slices.Equal(p.lines, []string{"1", "3"}) {
		t.Errorf("%d requests, lines %q", len(p.requests), p.lines)
	}
}

// Keys go side by side, and none is sent twice because another failed; one that fails holds its own key only.
func TestLanes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t)
		s := p.sink(t, sinkhttp.Options{Concurrency: 8})
		defer s.Close()
		var all []pelton.Effect
		for n := range 200 {
			all = append(all, effect(n+1, fmt.Sprint("key", n%20), fmt.Sprint(n)))
		}
		hold := make(chan struct{})
		p.arm(func(w http.ResponseWriter, _ *http.Request) bool {
			<-hold
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		})()
		done := make(chan error, 1)
		go func() { done <- s.Write(t.Context(), all) }()
		synctest.Wait()
		held := len(p.lines)
		if held < 100 || held > 190 {
			t.Errorf("%d of 200 are through while one lane waits", held)
		}
		close(hold)
		var r *sink.Rejected
		if err := <-done; err == nil || errors.As(err, &r) || !strings.Contains(err.Error(), "503") {
			t.Fatalf("got %v", err)
		}
		if err := s.Write(t.Context(), all); err != nil {
			t.Fatal(err)
		}
		if len(p.requests) != 201 || p.most < 2 || p.most > 8 {
			t.Errorf("%d requests, %d at once", len(p.requests), p.most)
		}
		last := map[int]int{}
		for _, line := range p.lines {
			var n int
			fmt.Sscan(line, &n)
			if before, ok := last[n%20]; ok && before >= n {
				t.Errorf("of one key, %d came behind %d", n, before)
			}
			last[n%20] = n
		}
	})
}

// The server's Retry-After is waited for, within bounds; no value of a header is in an error (H1).
func TestRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t)
		date := time.Now().Add(90 * time.Second).UTC().Format(http.TimeFormat)
		waits := make(chan time.Duration, 9)
		var said []string
		s := p.sink(t, sinkhttp.Options{Header: map[string]string{"Authorization": "Bearer hush"}, MaxRetryAfter: 10 * time.Minute})
		w := sink.Start(sink.Options{Name: "out", Sink: s, OnRetry: func(err error, wait time.Duration) {
			said = append(said, err.Error())
			waits <- wait
		}})
		done := make(teller, 1)
		for _, c := range []struct {
			answer      func(http.ResponseWriter, *http.Request) bool
			least, most time.Duration
		}{
			{status(429, "Retry-After", "60"), time.Minute, time.Minute},
			{status(503, "Retry-After", date), 20 * time.Second, 30 * time.Second},
			{status(503, "Retry-After", "86400"), 10 * time.Minute, 10 * time.Minute},
			{status(503, "Retry-After", "soon"), 0, time.Second},
			{func(w http.ResponseWriter, _ *http.Request) bool {
				http.Error(w, "token hush, or Bearer hush, is unknown\n"+strings.Repeat("x", 1000), http.StatusInternalServerError)
				return true
			}, 0, time.Second},
		} {
			p.arm(c.answer)()
			if w.Offer([]pelton.Effect{effect(1, "", "x")}, done) != 1 {
				t.Fatal("not taken")
			}
			if wait := <-waits; wait < c.least || wait > c.most {
				t.Errorf("waits for %s, want %s to %s: %s", wait, c.least, c.most, said[len(said)-1])
			}
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if err := w.Close(t.Context()); err != nil {
			t.Error(err)
		}
		for _, text := range said {
			if strings.Contains(text, "hush") || !strings.HasPrefix(text, "POST http://place.example/orders: ") || len(text) > 400 {
				t.Errorf("%q", text)
			}
		}
		if text := said[len(said)-1]; !strings.Contains(text, "token [Authorization], or [Authorization], is unknown") {
			t.Errorf("%q", text)
		}
	})
}

type teller chan error

func (c teller) Complete(_ uint64, err error) { c <- err }
func (c teller) Room()                        {}

func TestNew(t *testing.T) {
	for _, bad := range []string{"", "place.example", "ftp://place.example", "http://", "http://user:hush@place.example", ":hush"} {
		if _, err := sinkhttp.New(sinkhttp.Options{URL: bad}); err == nil || strings.Contains(err.Error(), "hush") || !strings.Contains(err.Error(), "http.url") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"empty": " \n", "two": "hush\nhush\n", "pem": "hush"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for want, o := range map[string]sinkhttp.Options{
		"http.headers_file.A: open /nowhere": {HeaderFiles: map[string]string{"A": "/nowhere"}},
		"empty: want one line":               {HeaderFiles: map[string]string{"A": filepath.Join(dir, "empty")}},
		"two: want one line":                 {HeaderFiles: map[string]string{"A": filepath.Join(dir, "two")}},
		"http.ca_file: open /nowhere":        {CAFile: "/nowhere"},
		"pem has no certificate":             {CAFile: filepath.Join(dir, "pem")},
	} {
		o.URL = "http://place.example"
		if _, err := sinkhttp.New(o); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hush") {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// A server whose certificate is signed by the authority of ca_file is trusted, and no other.
func TestCAFile(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer hush" {
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	defer server.Close()
	dir := t.TempDir()
	ca, token := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "token")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := errors.Join(os.WriteFile(ca, text, 0o600), os.WriteFile(token, []byte("Bearer hush\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{ca, ""} {
		s, err := sinkhttp.New(sinkhttp.Options{URL: server.URL, CAFile: file, HeaderFiles: map[string]string{"Authorization": token}})
		if err != nil {
			t.Fatal(err)
		}
		var r *sink.Rejected
		if err := s.Write(t.Context(), []pelton.Effect{effect(1, "", "x")}); (err == nil) != (file != "") || errors.As(err, &r) {
			t.Errorf("ca_file %q: %v", file, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
