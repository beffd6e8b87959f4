package web_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/apitest"
	"github.com/peltonhq/pelton/api/auth"
	"github.com/peltonhq/pelton/api/graphql"
	"github.com/peltonhq/pelton/api/meter"
	"github.com/peltonhq/pelton/api/web"
	"github.com/peltonhq/pelton/store/memory"
)

// Pages of an allowed origin may use the API with a token; those of others may not even change something blindly.
func TestCORS(t *testing.T) {
	t.Parallel()
	const app = "https://app.example.com"
	f := fortify(t, web.Options{Origins: []string{app}}, api.Guard{}, everything)
	for _, c := range []struct {
		method, path, origin string
		headers              []string
		status               int
		allowed              bool
	}{
		{"OPTIONS", "/v1/stats", app, []string{"Access-Control-Request-Method", "GET"}, 204, true},
		{"OPTIONS", "/v1/stats", "https://evil.example", []string{"Access-Control-Request-Method", "GET"}, 404, false},
		{"GET", "/v1/stats", app, nil, 200, true},
		{"GET", "/v1/stats", "https://evil.example", nil, 200, false},
		{"GET", "/v1/stats", app + ".evil.example", nil, 200, false},
		{"GET", "/v1/stats", "null", nil, 200, false},
		{"POST", "/v1/sources/orders", app, nil, 202, true},
		{"POST", "/v1/sources/orders", "https://evil.example", nil, 403, false},
	} {
		answer, body := f.as(t, "admin", c.method, c.path, "x", append(c.headers, "Origin", c.origin)...)
		allow := answer.Header.Get("Access-Control-Allow-Origin")
		if answer.StatusCode != c.status || (allow == c.origin) != c.allowed || answer.Header.Get("Access-Control-Allow-Credentials") != "" || answer.Header.Get("Vary") == "" {
			t.Errorf("%s %s from %s: %d %s, %v", c.method, c.path, c.origin, answer.StatusCode, body, answer.Header)
		}
	}
	if n := f.meter.Foreign.Load(); n != 1 {
		t.Errorf("%d foreign requests were counted", n)
	}
}

// A foreign name that is pointed at this machine gets nothing, unless the config has it.
func TestHosts(t *testing.T) {
	t.Parallel()
	f := fortify(t, web.Options{Hosts: []string{"pelton.example.com"}}, api.Guard{}, everything)
	for host, want := range map[string]int{
		"rebind.evil.example": 403, "pelton.example.com": 200, "pelton.example.com:443": 200, "localhost": 200, "127.0.0.1.evil.example": 403, "pelton.example.com.evil.example": 403,
	} {
		if answer, body := f.as(t, "admin", "GET", "/v1/stats", "", "Host", host); answer.StatusCode != want {
			t.Errorf("%s: %d %s", host, answer.StatusCode, body)
		}
	}
}

// Every answer has the headers that keep browsers from guessing, framing and running what comes.
func TestHeaders(t *testing.T) {
	t.Parallel()
	f := fortify(t, web.Options{}, api.Guard{}, everything)
	for _, path := range []string{"/v1/stats", "/v1/none", "/graphql/ide", "/login", "/livez", "/metrics", "/", "/graphql?query={__typename}"} {
		answer, _ := f.as(t, "admin", "GET", path, "")
		policy := answer.Header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: policy %q", path, policy)
		}
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer"} {
			if got := answer.Header.Get(name); got != want {
				t.Errorf("%s: %s %q", path, name, got)
			}
		}
	}
}

// A browser logs in by a form, is then who the token says, and logs out for good.
func TestLogin(t *testing.T) {
	t.Parallel()
	f := fortify(t, web.Options{}, api.Guard{}, map[string]api.Grant{"reader": {Scopes: []api.Scope{api.ScopeRead}}})
	f.server.Client().CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	const form = "application/x-www-form-urlencoded"
	answer, body := f.as(t, "", "POST", "/login", "token=pelton_<script>", "Content-Type", form)
	if answer.StatusCode != http.StatusUnauthorized || !strings.Contains(body, "the token is not known") || strings.Contains(body, "<script>") || answer.Header.Get("Set-Cookie") != "" {
		t.Errorf("a wrong token: %d %s", answer.StatusCode, body)
	}
	answer, body = f.as(t, "", "POST", "/login", "token="+url.QueryEscape(f.tokens["reader"]), "Content-Type", form)
	cookies := answer.Cookies()
	if answer.StatusCode != http.StatusSeeOther || len(cookies) != 1 {
		t.Fatalf("log-in: %d %s, %v", answer.StatusCode, body, cookies)
	}
	c := cookies[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Value == f.tokens["reader"] || c.Path != "/" {
		t.Errorf("cookie %+v", c)
	}
	cookie := c.Name + "=" + c.Value
	for _, try := range []struct {
		method, path string
		headers      []string
		status       int
	}{
		{"GET", "/v1/stats", nil, 200},
		{"GET", "/v1/stats", []string{"Sec-Fetch-Site", "same-site"}, 401},
		{"GET", "/v1/stats", []string{"Origin", "http://localhost:1"}, 401},
		{"POST", "/v1/sources/orders", []string{"Sec-Fetch-Site", "same-origin"}, 403},
		{"POST", "/v1/sources/orders", []string{"Sec-Fetch-Site", "cross-site"}, 403},
	} {
		if answer, body := f.as(t, "", try.method, try.path, "x", append(try.headers, "Cookie", cookie)...); answer.StatusCode != try.status {
			t.Errorf("%s %s %v: %d %s", try.method, try.path, try.headers, answer.StatusCode, body)
		}
	}
	_, me := f.as(t, "", "GET", "/v1/me", "", "Cookie", cookie)
	if !strings.Contains(me, `"auth":true,"name":"token reader","scopes":["read"],"expires":"`) {
		t.Errorf("me: %s", me)
	}
	answer, _ = f.as(t, "", "POST", "/logout", "", "Cookie", cookie)
	if answer.StatusCode != http.StatusNoContent || len(answer.Cookies()) != 1 || answer.Cookies()[0].MaxAge >= 0 {
		t.Errorf("log-out: %d, %v", answer.StatusCode, answer.Cookies())
	}
	if answer, _ := f.as(t, "", "GET", "/v1/stats", "", "Cookie", cookie); answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("after it: %d", answer.StatusCode)
	}
	if answer, _ := f.as(t, "reader", "POST", "/login", ""); answer.StatusCode != http.StatusNoContent || len(answer.Cookies()) != 1 {
		t.Errorf("by a header: %d", answer.StatusCode)
	}
	if answer, _ := f.as(t, "", "POST", "/login", "token="+strings.Repeat("x", 1<<20), "Content-Type", form); answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("a huge form: %d", answer.StatusCode)
	}
}

// capable is a fort that takes capability tokens, and the key that signs them.
func capable(t *testing.T) (*fort, ed25519.PrivateKey) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	f := &fort{meter: new(meter.Door)}
	gate, err := auth.New(auth.Options{Keys: []ed25519.PublicKey{public}, Failures: 1000, Meter: f.meter})
	if err != nil {
		t.Fatal(err)
	}
	f.World = apitest.Guarded(t, memory.New(), api.Guard{On: true, Meter: f.meter, Streams: 3})
	f.server = httptest.NewServer(web.NewHandler(f.Service, web.Options{Gate: gate, Meter: f.meter}))
	t.Cleanup(f.server.Close)
	return f, private
}

// A capability ends a follow when it ends: with the cursor, so that a new one resumes without a hole (S1).
func TestExpiry(t *testing.T) {
	t.Parallel()
	f, key := capable(t)
	f.Add(t, "airports", "ORD", 3)
	capability := func(pattern string, end time.Time) string {
		token, err := auth.Mint(key, auth.Capability{Sessions: []string{pattern}, Scopes: []api.Scope{api.ScopeFollow}, Expires: end})
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	// The library keeps whole seconds: this is three to four of them.
	token := capability("airports/O*", time.Now().Add(4*time.Second))
	_, body := do(t, f.server, "GET", "/v1/sessions/airports/ORD/events?from=beginning&access_token="+token, "")
	_, problem, found := strings.Cut(body, "event: error\ndata: ")
	var e api.ErrorBody
	if err := json.Unmarshal([]byte(problem), &e); !found || err != nil || strings.Count(body, "event: snapshot") != 3 {
		t.Fatalf("%v: %s", err, body)
	}
	resume := e.Detail[api.DetailResume]
	if e.Code != "UNAUTHENTICATED" || e.Detail[api.DetailReason] != "expired" || !strings.HasSuffix(resume, ":3") {
		t.Errorf("the end %+v", e)
	}
	newest := f.Add(t, "airports", "ORD", 1)
	later := capability("airports/O*", time.Now().Add(4*time.Second))
	if _, body := do(t, f.server, "GET", "/v1/sessions/airports/ORD/events?after="+resume+"&access_token="+later, ""); strings.Count(body, "event: snapshot") != 1 || !strings.Contains(body, "id: "+newest.Cursor().String()+"\n") {
		t.Errorf("resumed: %s", body)
	}
	later = capability("airports/O*", time.Now().Add(time.Hour))
	for path, want := range map[string]string{
		"/v1/sessions/airports/LAX/events":            "PERMISSION_DENIED",
		"/v1/sessions/airports/events":                "PERMISSION_DENIED",
		"/v1/sessions/trimmed/ORD/events":             "PERMISSION_DENIED",
		"/v1/sessions/airports%2FORD/x/events":        "PERMISSION_DENIED",
		"/v1/sessions/airports/LAX%2F..%2FORD/events": "PERMISSION_DENIED",
	} {
		if _, body := do(t, f.server, "GET", path+"?access_token="+later, ""); !strings.Contains(body, want) {
			t.Errorf("%s: %s", path, body)
		}
	}
	if _, body := do(t, f.server, "POST", "/pelton.v1.SessionService/Get?access_token="+later, `{"name":"airports","key":"ORD"}`, "Content-Type", "application/json"); !strings.Contains(body, "unauthenticated") {
		t.Errorf("in the URL of a POST: %s", body)
	}
}

// No more streams are open than may be; the next one is told when to come back, and there is room again when one ends.
func TestStreams(t *testing.T) {
	t.Parallel()
	f, key := capable(t)
	token, err := auth.Mint(key, auth.Capability{Sessions: []string{"*"}, Scopes: []api.Scope{api.ScopeFollow}, Expires: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	path := f.server.URL + "/v1/sessions/airports/ORD/events?access_token=" + token
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for range 3 {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := f.server.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		if _, err := io.ReadFull(answer.Body, make([]byte, 12)); err != nil { // event: hello
			t.Fatal(err)
		}
	}
	if _, body := do(t, f.server, "GET", strings.TrimPrefix(path, f.server.URL), ""); !strings.Contains(body, "RESOURCE_EXHAUSTED") || !strings.Contains(body, "api.limits.streams") {
		t.Errorf("the fourth: %s", body)
	}
	if f.meter.Streams.Load() != 3 || f.meter.Busy.Load() != 1 {
		t.Errorf("%d streams, %d refused", f.meter.Streams.Load(), f.meter.Busy.Load())
	}
	cancel()
	for f.meter.Streams.Load() > 0 { // the server sees that they are gone
		if t.Context().Err() != nil {
			t.Fatal("the streams stay counted")
		}
	}
}

// pipes is a listener of connections in memory, whose deadlines run on the test's clock.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

// A client that sends its headers or its body byte by byte is cut off, however patient it is.
func TestSlow(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		head  string // sent at once
		slow  string // repeated every five seconds
		most  time.Duration
		wants string
	}{
		"headers":        {"POST /v1/sources/orders HTTP/1.1\r\nHost: localhost\r\n", "X-A: b\r\n", 15 * time.Second, ""},
		"nothing":        {"", "", 15 * time.Second, ""},
		"body":           {"POST /v1/sources/orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n", "x", 15 * time.Second, "504"},
		"chunks":         {"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\n \r\n", 15 * time.Second, ""},
		"a call":         {"POST /pelton.v1.SessionService/Get HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n", " ", 15 * time.Second, ""},
		"an idle client": {"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n", "", 125 * time.Second, "200"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := apitest.New(t, memory.New())
				meter := new(meter.Door)
				o := web.Options{Meter: meter}
				server := web.NewServer(web.NewHandler(w.Service, o), o)
				l := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
				served := make(chan error, 1)
				go func() { served <- server.Serve(l) }()
				ours, theirs := net.Pipe()
				l.conns <- theirs
				began := time.Now()
				answer := make(chan string, 1)
				go func() {
					text, _ := io.ReadAll(ours) // to the end of the connection
					answer <- string(text)
				}()
				go func() {
					if _, err := io.WriteString(ours, c.head); err != nil {
						return
					}
					for c.slow != "" {
						time.Sleep(5 * time.Second)
						if _, err := io.WriteString(ours, c.slow); err != nil {
							return
						}
					}
				}()
				text := <-answer
				if took := time.Since(began); took > c.most || !strings.Contains(text, c.wants) {
					t.Errorf("it had the connection for %s, and was told %q", took, text)
				}
				_ = ours.Close()
				_ = server.Close()
				<-served
				time.Sleep(5 * time.Second) // until the client sees that it was cut off
				synctest.Wait()
			})
		})
	}
}

// Huge headers, odd paths and bodies that are none get an answer of 4xx on every transport, and the wheel goes on.
func TestAbuse(t *testing.T) {
	t.Parallel()
	f := fortify(t, web.Options{GraphQL: graphql.Limits{Body: 64 << 10}, Receive: 64 << 10, Headers: 8 << 10}, api.Guard{}, everything)
	long := strings.Repeat("k", 10<<10)
	deep := `{"query":"{` + strings.Repeat(`a{`, 20_000) + `"}`
	for name, c := range map[string]struct {
		method, path, body string
		headers            []string
		status             int // 0: any 4xx
	}{
		"huge headers":            {"GET", "/v1/stats", "", []string{"X-Large", strings.Repeat("x", 64<<10)}, 431},
		"many headers":            {"GET", "/v1/stats?" + strings.Repeat("a=b&", 10_000), "", nil, 431},
		"an odd name":             {"GET", "/v1/sessions/..%2f..%2fetc%2fpasswd/ORD", "", nil, 404},
		"a name with NUL":         {"GET", "/v1/sessions/airports%00/ORD", "", nil, 404},
		"a key with NUL":          {"GET", "/v1/sessions/airports/%00", "", nil, 404},
		"a key that climbs":       {"GET", "/v1/sessions/airports/..%2f..%2fwheel", "", nil, 404},
		"a key of 10 KiB":         {"GET", "/v1/sessions/airports/" + long[:7<<10], "", nil, 0},
		"a key that is no UTF-8":  {"GET", "/v1/sessions/airports/%ff%fe", "", nil, 0},
		"a name in a call":        {"POST", "/pelton.v1.SessionService/Get", `{"name":"../../wheel","key":"` + long + `"}`, []string{"Content-Type", "application/json"}, 404},
		"a file of the console":   {"GET", "/..%2f..%2fetc%2fpasswd", "", nil, 404},
		"a large call":            {"POST", "/pelton.v1.SessionService/Get", `{"name":"` + strings.Repeat("x", 65<<10) + `"}`, []string{"Content-Type", "application/json"}, 0},
		"a call of no JSON":       {"POST", "/pelton.v1.SessionService/Get", `{"name":`, []string{"Content-Type", "application/json"}, 400},
		"a call of no protobuf":   {"POST", "/pelton.v1.SessionService/Get", "\xff\xff\xff\xff", []string{"Content-Type", "application/proto"}, 400},
		"a call in no codec":      {"POST", "/pelton.v1.SessionService/Get", "x", []string{"Content-Type", "text/plain"}, 415},
		"a large operation":       {"POST", "/graphql", `{"query":"` + strings.Repeat(" ", 65<<10) + `"}`, []string{"Content-Type", "application/json"}, 413},
		"an operation of no JSON": {"POST", "/graphql", `[[[[`, []string{"Content-Type", "application/json"}, 400},
		"a deep operation":        {"POST", "/graphql", deep, []string{"Content-Type", "application/json", "Accept", "application/graphql-response+json"}, 0},
		"a form for GraphQL":      {"POST", "/graphql", "query={__typename}", []string{"Content-Type", "application/x-www-form-urlencoded"}, 415},
		"a large message":         {"POST", "/v1/sources/orders", strings.Repeat("x", apitest.MessageMost+1), nil, 413},
		"a broken batch":          {"POST", "/v1/sources/orders", "{{{", []string{"Content-Type", "application/vnd.pelton.batch+json"}, 400},
		"a source that climbs":    {"POST", "/v1/sources/..%2forders", "x", nil, 404},
		"a method that is none":   {"BREW", "/v1/stats", "", nil, 0},
	} {
		answer, body := f.as(t, "admin", c.method, c.path, c.body, c.headers...)
		if answer.StatusCode != c.status && (c.status != 0 || answer.StatusCode/100 != 4) {
			t.Errorf("%s: %d %s, want %d", name, answer.StatusCode, body[:min(len(body), 300)], c.status)
		}
		if strings.Contains(body, "goroutine ") || strings.Contains(body, "root:") {
			t.Errorf("%s: %s", name, body)
		}
	}
	if answer, body := f.as(t, "admin", "GET", "/v1/stats", ""); answer.StatusCode != http.StatusOK {
		t.Errorf("afterwards: %d %s", answer.StatusCode, body)
	}
	if len(f.Published) != 0 {
		t.Errorf("%d messages were published", len(f.Published))
	}
}

// dial opens a WebSocket of GraphQL.
func (f *fort) dial(t *testing.T, headers http.Header) (*websocket.Conn, *http.Response, error) {
	t.Helper()
	c, answer, err := websocket.Dial(t.Context(), f.server.URL+"/graphql", &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}, HTTPHeader: headers})
	if c != nil {
		t.Cleanup(func() { _ = c.CloseNow() })
	}
	if answer != nil && answer.Body != nil {
		answer.Body.Close()
	}
	return c, answer, err
}

func say(t *testing.T, c *websocket.Conn, text string) {
	t.Helper()
	if err := c.Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

func hear(t *testing.T, c *websocket.Conn) (string, websocket.StatusCode) {
	t.Helper()
	_, text, err := c.Read(t.Context())
	return string(text), websocket.CloseStatus(err)
}

// A WebSocket says who it is in its first message, and is closed when that is not enough; another site's page gets none.
func TestSocket(t *testing.T) {
	t.Parallel()
	f := fortify(t, web.Options{Origins: []string{"https://app.example.com"}}, api.Guard{Streams: 2}, everything)
	for payload, want := range map[string]string{`{}`: "no token was given", `{"authorization":"Bearer pelton_x"}`: "is not known"} {
		c, _, err := f.dial(t, nil)
		if err != nil {
			t.Fatal(err)
		}
		say(t, c, `{"type":"connection_init","payload":`+payload+`}`)
		text, status := hear(t, c)
		if text != "" {
			_, status = hear(t, c)
		}
		if status != 4403 {
			t.Errorf("%s: %s, closed with %d, want 4403 (%s)", payload, text, status, want)
		}
	}
	for origin, ok := range map[string]bool{"https://evil.example": false, "https://app.example.com": true, "http://app.example.com": false, f.server.URL: true} {
		if _, answer, err := f.dial(t, http.Header{"Origin": {origin}}); (err == nil) != ok {
			t.Errorf("a page of %s: %v, %v", origin, answer, err)
		}
	}
	c, _, err := f.dial(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	say(t, c, fmt.Sprintf(`{"type":"connection_init","payload":{"Authorization":"Bearer %s"}}`, f.tokens["admin"]))
	if text, _ := hear(t, c); !strings.Contains(text, "connection_ack") {
		t.Fatalf("let in: %s", text)
	}
	// One client asks for more streams than there may be.
	for i := range 4 {
		say(t, c, fmt.Sprintf(`{"id":"%d","type":"subscribe","payload":{"query":"subscription{snapshots(name:\"airports\",key:\"ORD\"){__typename}}"}}`, i))
	}
	hellos, refused := 0, 0
	for hellos+refused < 4 {
		text, status := hear(t, c)
		if status >= 0 {
			t.Fatalf("closed with %d", status)
		}
		hellos += strings.Count(text, `"Hello"`)
		refused += strings.Count(text, "RESOURCE_EXHAUSTED")
	}
	if hellos != 2 || refused != 2 {
		t.Errorf("%d streams, %d refused", hellos, refused)
	}
}

// A socket that sends what is no message, or too much, is closed, and the wheel goes on.
func TestSocketFlood(t *testing.T) {
	t.Parallel()
	f := fortify(t, web.Options{GraphQL: graphql.Limits{Body: 16 << 10}}, api.Guard{Rate: 10, Burst: 20}, everything)
	for name, text := range map[string]string{
		"no JSON": "{{{{", "a message too large": `{"type":"connection_init","payload":{"a":"` + strings.Repeat("x", 32<<10) + `"}}`, "an operation first": `{"id":"1","type":"subscribe","payload":{"query":"{stats{version}}"}}`,
	} {
		c, _, err := f.dial(t, nil)
		if err != nil {
			t.Fatal(err)
		}
		say(t, c, text)
		closed := false
		for range 3 {
			if _, status := hear(t, c); status >= 0 {
				closed = true
				break
			}
		}
		if !closed {
			t.Errorf("%s: the socket is still open", name)
		}
	}
	c, _, err := f.dial(t, http.Header{"Authorization": {"Bearer " + f.tokens["admin"]}})
	if err != nil {
		t.Fatal(err)
	}
	say(t, c, `{"type":"connection_init"}`)
	const floods = 200
	go func() {
		for i := range floods {
			text := fmt.Sprintf(`{"id":"%d","type":"subscribe","payload":{"query":"{stats{version}}"}}`, i)
			if c.Write(t.Context(), websocket.MessageText, []byte(text)) != nil {
				return
			}
		}
	}()
	done, refused := 0, 0
	for done+refused < floods {
		text, status := hear(t, c)
		if status >= 0 {
			t.Fatalf("closed with %d after %d and %d refused", status, done, refused)
		}
		done += strings.Count(text, `"version"`)
		refused += strings.Count(text, "RESOURCE_EXHAUSTED")
	}
	if done < 20 || refused == 0 || f.meter.Throttled.Load() == 0 {
		t.Errorf("%d answered, %d refused, %d counted", done, refused, f.meter.Throttled.Load())
	}
}
