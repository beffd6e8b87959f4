package http_test

import (
	"context"
	"fmt"
	"io"
	"net"
	nethttp "net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor/http"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server answers by path; other is a second one, which is not allowed.
type server struct {
	*httptest.Server

	stop chan struct{} // what hangs ends with it
}

func serve(t *testing.T) *server {
	t.Helper()
	s := &server{stop: make(chan struct{})}
	mux := nethttp.NewServeMux()
	mux.HandleFunc("/echo", func(w nethttp.ResponseWriter, r *nethttp.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Seen", r.Method+" "+r.Header.Get("X-Mine")+" "+r.Header.Get("User-Agent"))
		w.WriteHeader(nethttp.StatusCreated)
		_, _ = w.Write(append([]byte("got "), body...))
	})
	mux.HandleFunc("/to", func(w nethttp.ResponseWriter, r *nethttp.Request) {
		nethttp.Redirect(w, r, r.URL.Query().Get("at"), nethttp.StatusFound)
	})
	mux.HandleFunc("/size/{n}", func(w nethttp.ResponseWriter, r *nethttp.Request) {
		var n int
		_, _ = fmt.Sscan(r.PathValue("n"), &n)
		_, _ = io.WriteString(w, strings.Repeat("x", n))
	})
	mux.HandleFunc("/headers", func(w nethttp.ResponseWriter, _ *nethttp.Request) {
		w.Header().Set("X-Large", strings.Repeat("x", 8<<10))
	})
	mux.HandleFunc("/hang", func(nethttp.ResponseWriter, *nethttp.Request) { <-s.stop })
	mux.HandleFunc("/drip", func(w nethttp.ResponseWriter, _ *nethttp.Request) {
		_, _ = io.WriteString(w, "begun")
		w.(nethttp.Flusher).Flush()
		<-s.stop
	})
	mux.HandleFunc("/cut", func(w nethttp.ResponseWriter, _ *nethttp.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "not all of it")
	})
	s.Server = httptest.NewServer(mux)
	t.Cleanup(func() {
		close(s.stop)
		s.Close()
	})
	return s
}

func (s *server) place() string { return strings.TrimPrefix(s.URL, "http://") }

func client(t *testing.T, change func(*http.Options), allow ...string) *http.Client {
	t.Helper()
	o := http.Options{Allow: allow, Timeout: time.Minute, MaxResponse: 1000, MaxHeaders: 4 << 10, Redirects: 3, Concurrency: 2}
	if change != nil {
		change(&o)
	}
	c, err := http.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return c
}

func fetch(c *http.Client, r pelton.Request) *pelton.Response {
	answer := make(chan *pelton.Response)
	c.Fetch(&r, func(r *pelton.Response, release func()) {
		release()
		answer <- r
	})
	return <-answer
}

func header(r *pelton.Response, name string) string {
	for _, h := range r.Headers {
		if h.Name == name {
			return h.Value
		}
	}
	return ""
}

func TestAnswers(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1") // which must not be asked
	s, other := serve(t), serve(t)
	c := client(t, nil, s.place())
	r := fetch(c, pelton.Request{Method: "post", URL: s.URL + "/echo", Headers: []pelton.Header{{Name: "X-Mine", Value: "me"}}, Body: []byte("body")})
	if r.Status != 201 || string(r.Body) != "got body" || r.Error != "" || header(r, "X-Seen") != "POST me pelton" {
		t.Errorf("%+v", r)
	}
	for _, test := range []struct {
		name, method, url string
		status            int
		kind              pelton.ResponseError
		words             string
	}{
		{"whole", "", s.URL + "/size/1000", 200, "", ""},
		{"one byte more", "", s.URL + "/size/1001", 200, pelton.ResponseTooLarge, "max_response of 1000"},
		{"large headers", "", s.URL + "/headers", 0, pelton.ResponseTooLarge, "max_headers"},
		{"not found", "", s.URL + "/nowhere", 404, "", ""},
		{"redirected", "", s.URL + "/to?at=/size/5", 200, "", ""},
		{"redirected out", "", s.URL + "/to?at=" + url.QueryEscape(other.URL+"/size/5"), 0, pelton.ResponseRefused, "redirected: " + other.place() + " is not in capabilities.http.allow"},
		{"redirected to a file", "", s.URL + "/to?at=file:///etc/passwd", 0, pelton.ResponseRefused, "not http or https"},
		{"redirected for ever", "", s.URL + "/to?at=" + url.QueryEscape("/to?at=/to%3Fat%3D/to%253Fat%253D/to"), 0, pelton.ResponseRefused, "more than 3 redirects"},
		{"not allowed", "", other.URL + "/size/5", 0, pelton.ResponseRefused, "is not in capabilities.http.allow"},
		{"other port", "", "http://127.0.0.1/", 0, pelton.ResponseRefused, "127.0.0.1:80 is not in"},
		{"other scheme", "", "ftp://" + s.place(), 0, pelton.ResponseInvalid, "not absolute, http or https"},
		{"relative", "", "/size/5", 0, pelton.ResponseInvalid, "not absolute"},
		{"no URL", "", "http://[", 0, pelton.ResponseInvalid, "can't be read"},
		{"user", "", "http://me:secret@" + s.place(), 0, pelton.ResponseInvalid, "Authorization"},
		{"method", "CONNECT", s.URL, 0, pelton.ResponseInvalid, "none of GET"},
		{"cut off", "", s.URL + "/cut", 200, pelton.ResponseUnreachable, "EOF"},
	} {
		r := fetch(c, pelton.Request{Method: test.method, URL: test.url})
		if r.Status != test.status || r.Error != test.kind || !strings.Contains(r.Reason, test.words) || strings.Contains(r.Reason, "secret") {
			t.Errorf("%s: %d %q %q, want %d %q %q", test.name, r.Status, r.Error, r.Reason, test.status, test.kind, test.words)
		}
	}
	for _, h := range []pelton.Header{{Name: "Host", Value: "x"}, {Name: "a b", Value: "x"}, {Name: "A", Value: "x\ny"}} {
		if r := fetch(c, pelton.Request{URL: s.URL + "/echo", Headers: []pelton.Header{h}}); r.Error != pelton.ResponseInvalid {
			t.Errorf("header %q: %+v", h, r)
		}
	}
	if got := c.Stats(); got.Outcomes["2xx"] != 3 || got.Outcomes["4xx"] != 1 || got.Outcomes["refused"] != 5 || got.Outcomes["too_large"] != 2 || got.InFlight != 0 || got.Queued != 0 {
		t.Errorf("stats %+v", got)
	}
}

// A request that gets no answer, or not all of it, ends in time.
func TestTimeout(t *testing.T) {
	s := serve(t)
	c := client(t, func(o *http.Options) { o.Timeout = 50 * time.Millisecond }, s.place())
	for _, path := range []string{"/hang", "/drip"} {
		if r := fetch(c, pelton.Request{URL: s.URL + path}); r.Error != pelton.ResponseTimeout || !strings.Contains(r.Reason, "capabilities.http.timeout of 50ms") {
			t.Errorf("%s: %+v", path, r)
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	place := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	nobody := client(t, nil, place)
	if r := fetch(nobody, pelton.Request{URL: "http://" + place}); r.Error != pelton.ResponseUnreachable || !strings.Contains(r.Reason, "refused") {
		t.Errorf("nobody listens: %+v", r)
	}
}

// A name that leads inside is refused, unless that is granted; the server is not asked.
func TestPrivate(t *testing.T) {
	s := serve(t)
	_, port, err := net.SplitHostPort(s.place())
	if err != nil {
		t.Fatal(err)
	}
	resolver := names(t)
	for _, name := range []string{"inside.example", "localhost"} {
		place := net.JoinHostPort(name, port)
		for _, private := range []bool{false, true} {
			c := client(t, func(o *http.Options) { o.Private, o.Resolver = private, resolver }, place)
			r := fetch(c, pelton.Request{URL: "http://" + place + "/size/5"})
			if allowed := private || name == "localhost"; allowed != (r.Status == 200) || !allowed && (r.Error != pelton.ResponseRefused || !strings.Contains(r.Reason, "leads to 127.0.0.1")) {
				t.Errorf("%s, private %v: %+v", name, private, r)
			}
		}
	}
}

// names is a resolver that says 127.0.0.1 to everything.
func names(t *testing.T) *net.Resolver {
	t.Helper()
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		b := make([]byte, 512)
		for {
			n, from, err := socket.ReadFrom(b)
			if err != nil {
				return
			}
			_, _ = socket.WriteTo(resolved(b[:n]), from)
		}
	}()
	t.Cleanup(func() {
		_ = socket.Close()
		<-ended
	})
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", socket.LocalAddr().String())
	}}
}

// resolved is the answer to a question of one name: 127.0.0.1 if it is of type A, else nothing.
func resolved(question []byte) []byte {
	end := 12
	for question[end] != 0 {
		end += int(question[end]) + 1
	}
	end += 5
	answer := append([]byte{question[0], question[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, question[12:end]...)
	if question[end-3] == 1 {
		answer[7] = 1
		answer = append(answer, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1)
	}
	return answer
}

// At most concurrency requests hold a place, and a response holds it until it is released.
func TestConcurrency(t *testing.T) {
	var mu sync.Mutex
	now, most := 0, 0
	s := httptest.NewServer(nethttp.HandlerFunc(func(nethttp.ResponseWriter, *nethttp.Request) {
		mu.Lock()
		defer mu.Unlock()
		if now++; now > most {
			most = now
		}
	}))
	defer s.Close()
	c := client(t, nil, strings.TrimPrefix(s.URL, "http://"))
	const n = 20
	releases := make(chan func(), n)
	for range n {
		c.Fetch(&pelton.Request{URL: s.URL}, func(r *pelton.Response, release func()) {
			if r.Status != 200 {
				t.Errorf("%+v", r)
			}
			releases <- release
		})
	}
	for range n / 2 {
		first, second := <-releases, <-releases
		if st := c.Stats(); st.InFlight != 2 || len(releases) != 0 {
			t.Errorf("%d hold a place, %d more are answered; want 2 and none", st.InFlight, len(releases))
		}
		mu.Lock()
		now = 0
		mu.Unlock()
		first()
		first() // once is enough
		second()
	}
	if most != 2 {
		t.Errorf("%d at once, want 2", most)
	}
}

// Close ends what hangs and what waits.
func TestClose(t *testing.T) {
	s := serve(t)
	c := client(t, nil, s.place())
	for range 5 {
		c.Fetch(&pelton.Request{URL: s.URL + "/hang"}, func(r *pelton.Response, _ func()) { t.Errorf("answered after the end: %+v", r) })
	}
	if err := c.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestParseAllowed(t *testing.T) {
	for _, bad := range []string{"", "api.example.com", ":80", "http://x:80", "*.example.com:443", "x:0", "x:99999", "x:http", "a b:80", "x:80/path"} {
		if _, err := http.New(http.Options{Allow: []string{bad}}); err == nil || !strings.Contains(err.Error(), "HOST:PORT") {
			t.Errorf("%q is taken: %v", bad, err)
		}
	}
	for entry, want := range map[string]string{"API.example.com.:443": "api.example.com 443", "[::1]:80": "::1 80"} {
		host, port, err := http.ParseAllowed(entry)
		if err != nil || host+" "+port != want {
			t.Errorf("%q: %s %s, %v", entry, host, port, err)
		}
	}
}
