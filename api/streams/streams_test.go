package streams_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/apitest"
	"github.com/peltonhq/pelton/api/meter"
	"github.com/peltonhq/pelton/api/streams"
	"github.com/peltonhq/pelton/store/memory"
)

type client struct {
	t    *testing.T
	base string
	http *http.Client
}

func serve(t *testing.T, o streams.Options) (*apitest.World, client) {
	t.Helper()
	w := apitest.New(t, memory.New())
	mux := http.NewServeMux()
	streams.Mount(mux, w.Service, o)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return w, client{t: t, base: server.URL + "/v1/stream/", http: &http.Client{Transport: transport}}
}

// do makes one request; headers are "Name: value" lines.
func (c client) do(ctx context.Context, method, path, body string, headers ...string) *http.Response {
	c.t.Helper()
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	answer, err := c.http.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = answer.Body.Close() })
	return answer
}

// want makes a request, checks its status and gives headers and body.
func (c client) want(status int, method, path, body string, headers ...string) (http.Header, string) {
	c.t.Helper()
	answer := c.do(c.t.Context(), method, path, body, headers...)
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	if answer.StatusCode != status {
		c.t.Fatalf("%s %s: %s %s, want %d", method, path, answer.Status, text, status)
	}
	return answer.Header, string(text)
}

const plain = "Content-Type: text/plain"

// A stream is a session like any other, and any session is a stream.
func TestStreamsAreSessions(t *testing.T) {
	t.Parallel()
	w, c := serve(t, streams.Options{})
	c.want(http.StatusCreated, "PUT", "airports/a/b%20c", "", plain)
	made, _ := c.want(http.StatusNoContent, "POST", "airports/a/b%20c", "hello ", plain)
	c.want(http.StatusOK, "POST", "airports/a/b%20c", "you", plain, "Producer-Id: p", "Producer-Epoch: 0", "Producer-Seq: 0")
	snap, err := w.Service.Get(t.Context(), "airports", "a/b c", 0)
	if err != nil || string(snap.Payload) != "you" || snap.ID != 2 || snap.ContentType != "text/plain" || snap.EffectID != "client/p/0/0" {
		t.Errorf("%+v %v", snap, err)
	}
	if want := fmt.Sprintf("%020d_%020d", snap.Epoch, 1); made.Get("Stream-Next-Offset") != want {
		t.Errorf("offset %s, want %s", made.Get("Stream-Next-Offset"), want)
	}
	if _, err := w.Service.Append(t.Context(), api.AppendRequest{Name: "airports", Key: "a/b c", Payload: []byte("!")}); err != nil {
		t.Fatal(err)
	}
	if _, body := c.want(http.StatusOK, "GET", "airports/a/b%20c?offset="+made.Get("Stream-Next-Offset"), ""); body != "you!" {
		t.Errorf("read %q", body)
	}

	w.Add(t, "wheel", "ORD", 3)
	head, body := c.want(http.StatusOK, "GET", "wheel/ORD", "")
	if body != `[{"n":1},{"n":2},{"n":3}]` || head.Get("Content-Type") != "application/json" {
		t.Errorf("%s %q", head.Get("Content-Type"), body)
	}
	for _, method := range []string{"PUT", "POST", "DELETE"} {
		head, body := c.want(http.StatusMethodNotAllowed, method, "wheel/ORD", "x", plain)
		if head.Get("Allow") != "GET, HEAD, OPTIONS" || !strings.Contains(body, "the wheel writes it") {
			t.Errorf("%s: %s", method, body)
		}
	}
}

// What is gone is told of, with the place to go on (S1).
func TestGone(t *testing.T) {
	t.Parallel()
	w, c := serve(t, streams.Options{})
	first := w.Add(t, "trimmed", "k", 1)
	offset := fmt.Sprintf("%020d_%020d", first.Epoch, first.ID)
	oldest, _ := w.Trim(t, "k")
	for _, live := range []string{"", "&live=sse", "&live=long-poll"} {
		head, body := c.want(http.StatusGone, "GET", "trimmed/k?offset="+offset+live, "")
		resume := fmt.Sprintf("%020d_%020d", oldest.Epoch, oldest.ID-1)
		if head.Get("Stream-Next-Offset") != resume || !strings.Contains(body, "CURSOR_GONE") && !strings.Contains(body, "OUT_OF_RANGE") {
			t.Errorf("%s: %s %s", live, head.Get("Stream-Next-Offset"), body)
		}
		if _, body := c.want(http.StatusOK, "GET", "trimmed/k?offset="+resume, ""); !strings.HasPrefix(body, fmt.Sprintf(`[{"n":%d}`, oldest.ID)) {
			t.Errorf("resumed with %s", body)
		}
	}
	c.want(http.StatusNoContent, "DELETE", "trimmed/k", "")
	c.want(http.StatusNotFound, "GET", "trimmed/k?offset="+offset, "")
	w.Add(t, "trimmed", "k", 1)
	if _, body := c.want(http.StatusGone, "GET", "trimmed/k?offset="+offset, ""); !strings.Contains(body, "another epoch") {
		t.Errorf("%s", body)
	}
}

// Every refusal says what, and what to do, in the protocol's status.
func TestRefusals(t *testing.T) {
	t.Parallel()
	count := new(meter.Door)
	_, c := serve(t, streams.Options{Messages: 3, Meter: count})
	c.want(http.StatusCreated, "PUT", "airports/k", `[]`, "Content-Type: application/json")
	tests := []struct {
		status             int
		method, path, body string
		headers            []string
		text               string
	}{
		{404, "GET", "nowhere/k", "", nil, "there are: airports, trimmed, wheel"},
		{404, "POST", "airports/none", "x", []string{plain}, "create it with PUT"},
		{400, "GET", "airports/k?offset=7", "", nil, "want -1, now, or a Stream-Next-Offset"},
		{400, "GET", "airports/k?offset=-1&live=push", "", nil, "want long-poll or sse"},
		{400, "GET", "airports/k?live=sse", "", nil, "needs an offset"},
		{400, "POST", "airports/k", "{", []string{"Content-Type: application/json"}, "no JSON"},
		{400, "POST", "airports/k", "{}", []string{"Content-Type: json"}, "for example text/plain"},
		{400, "POST", "airports/k", "", nil, "nothing to append"},
		{400, "POST", "airports/k", "{}", []string{"Producer-Id: p", "Producer-Epoch: 0", "Producer-Seq: 01"}, "without sign or leading zeros"},
		{400, "PUT", "airports/n", "", []string{"Stream-TTL: 99999999999999999999"}, "want a whole number"},
		{400, "PUT", "airports/n", "", []string{"Stream-Expires-At: tomorrow"}, "RFC 3339"},
		{409, "PUT", "airports/k", "", []string{plain}, "created with another"},
		{409, "POST", "airports/k", "x", []string{plain}, "content type is application/json"},
		{501, "PUT", "airports/f", "", []string{"Stream-Forked-From: /v1/stream/airports/k"}, "not available in this version"},
		{413, "POST", "airports/k", "[1, 2, 3, 4]", []string{"Content-Type: application/json"}, "4 messages; want at most 3 (api.limits.append_messages)"},
		{413, "POST", "airports/k", strings.Repeat(" ", 17<<20), []string{plain}, "append it in parts"},
		{400, "PUT", "airports/" + strings.Repeat("k", 2000), "", nil, "at most 1024"},
		{405, "PATCH", "airports/k", "", nil, "a stream knows"},
	}
	for _, test := range tests {
		head, body := c.want(test.status, test.method, test.path, test.body, test.headers...)
		var answer struct {
			Error struct{ Code, Message string }
		}
		if err := json.Unmarshal([]byte(body), &answer); err != nil || !strings.Contains(answer.Error.Message, test.text) {
			t.Errorf("%s %s: %s, want %q", test.method, test.path[:min(len(test.path), 40)], body, test.text)
		}
		if head.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s %s may be sniffed", test.method, test.path)
		}
	}
	if n := count.Figures().Refused["append_messages"]; n != 1 {
		t.Errorf("%d lists that were too long are counted", n)
	}
}

// A wheel that shuts down lets everybody go, with a word.
func TestShutdown(t *testing.T) {
	t.Parallel()
	w, c := serve(t, streams.Options{Poll: time.Minute})
	made, _ := c.want(http.StatusCreated, "PUT", "airports/k", "", plain)
	polled := make(chan int)
	go func() {
		answer := c.do(t.Context(), "GET", "airports/k?live=long-poll&offset="+made.Get("Stream-Next-Offset"), "")
		polled <- answer.StatusCode
	}()
	events := c.do(t.Context(), "GET", "airports/k?live=sse&offset=-1", "")
	s, err := w.Open("airports")
	if err != nil {
		t.Fatal(err)
	}
	for s.Stats().Followers < 2 {
		if t.Context().Err() != nil {
			t.Fatal("they do not follow")
		}
	}
	w.Service.Close()
	if status := <-polled; status != http.StatusServiceUnavailable {
		t.Errorf("polled %d", status)
	}
	if text, err := io.ReadAll(events.Body); err != nil || !strings.Contains(string(text), `"upToDate":true`) {
		t.Errorf("%q %v", text, err)
	}
}

// An event stream ends by itself after a while, and says where to go on.
func TestLife(t *testing.T) {
	t.Parallel()
	_, c := serve(t, streams.Options{Life: 50 * time.Millisecond})
	c.want(http.StatusCreated, "PUT", "airports/k", " two\n spaces", plain)
	answer := c.do(t.Context(), "GET", "airports/k?live=sse&offset=-1", "")
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"event: data\ndata:  two\ndata:  spaces\n\nevent: control\n", `"streamNextOffset":"0`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%q is not in %q", want, text)
		}
	}
}

func TestKeepAlive(t *testing.T) {
	t.Parallel()
	_, c := serve(t, streams.Options{KeepAlive: time.Millisecond})
	c.want(http.StatusCreated, "PUT", "airports/k", "", plain)
	answer := c.do(t.Context(), "GET", "airports/k?live=sse&offset=-1", "")
	var text strings.Builder
	for buf := make([]byte, 256); strings.Count(text.String(), "\n:\n\n") < 2; {
		n, err := answer.Body.Read(buf)
		text.Write(buf[:n])
		if err != nil {
			t.Fatalf("after %q: %v", text.String(), err)
		}
	}
}
