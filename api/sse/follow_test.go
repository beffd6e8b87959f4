package sse_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/apitest"
	"github.com/peltonhq/pelton/api/sse"
	"github.com/peltonhq/pelton/session"
	"github.com/peltonhq/pelton/store"
	"github.com/peltonhq/pelton/store/memory"
)

func open() store.Store { return memory.New() }

// disk opens one store, again and again.
func disk() func() (store.Store, error) {
	d := memory.NewDisk()
	return func() (store.Store, error) { return d.Open() }
}

func serve(t *testing.T, w *apitest.World, o sse.Options) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	sse.Mount(mux, w.Service, o)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

// event is one event as EventSource would give it.
type event struct{ name, id, data string }

// read reads events until the stream ends or give says no.
func read(body io.Reader, give func(event) bool) {
	var e event
	lines := bufio.NewReader(body)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimSuffix(line, "\n")
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case line == "":
			if e.name != "" && !give(e) {
				return
			}
			e = event{}
		case field == "event":
			e.name = value
		case field == "id":
			e.id = value
		case field == "data" && e.data != "":
			e.data += "\n" + value
		case field == "data":
			e.data = value
		}
	}
}

func cursor(text string) pelton.Cursor {
	c, err := pelton.ParseCursor(text)
	if err != nil {
		return pelton.Cursor{}
	}
	return c
}

// line is the event in a transcript.
func line(e event, log bool) string {
	var data struct {
		Epoch, Oldest, Latest    uint64
		Cursor, Reason, From, To string
		Key, Code, Message       string
		Detail                   map[string]string
		Base64                   string          `json:"payload_base64"`
		Payload                  json.RawMessage `json:"payload"`
	}
	if err := json.Unmarshal([]byte(e.data), &data); err != nil {
		return "bad data " + e.data
	}
	switch e.name {
	case "hello":
		return apitest.HelloLine(api.Hello{Epoch: data.Epoch, Oldest: data.Oldest, Latest: data.Latest, Cursor: cursor(data.Cursor)})
	case "error":
		return apitest.ErrorLine(&api.Error{Code: api.ParseCode(data.Code), Message: data.Message, Detail: data.Detail})
	case "gap":
		return apitest.EventLine(api.Event{Kind: api.KindGap, Gap: api.Gap{
			From: cursor(data.From), To: cursor(data.To), Reason: session.Reason(data.Reason),
		}})
	case "deleted":
		return apitest.EventLine(api.Event{Kind: api.KindDeleted, Key: data.Key, Cursor: cursor(e.id)})
	case "closed":
		return apitest.EventLine(api.Event{Kind: api.KindClosed, Cursor: cursor(data.Cursor)})
	}
	payload := []byte(e.data)
	if log {
		payload = data.Payload
	}
	if data.Base64 != "" {
		payload, _ = base64.StdEncoding.DecodeString(data.Base64)
	}
	return apitest.EventLine(api.Event{Kind: api.KindSnapshot, Snapshot: &pelton.Snapshot{Payload: payload}, Cursor: cursor(e.id)})
}

func path(r api.FollowRequest) string {
	query := url.Values{}
	switch {
	case r.After != "" || r.From == api.FromAfter:
		query.Set("after", r.After)
	case r.From == api.FromNow:
		query.Set("from", "now")
	case r.From == api.FromBeginning:
		query.Set("from", "beginning")
	}
	if r.OnGap == api.OnGapReset {
		query.Set("on_gap", "reset")
	}
	switch r.Slow {
	case api.SlowConflate:
		query.Set("slow", "conflate")
	case api.SlowBlock:
		query.Set("slow", "block")
	}
	if r.Prefix != "" {
		query.Set("prefix", r.Prefix)
	}
	if r.Coalesce > 0 {
		query.Set("coalesce", r.Coalesce.String())
	}
	at := "/v1/sessions/" + url.PathEscape(r.Name)
	if !r.Log {
		at += "/" + url.PathEscape(r.Key)
	}
	return at + "/events?" + query.Encode()
}

// overSSE is what follows over this transport.
func overSSE(t *testing.T, w *apitest.World) apitest.Follow {
	t.Helper()
	return overServer(t, serve(t, w, sse.Options{}), 1)
}

// overServer follows by a version of HTTP.
func overServer(t *testing.T, server *httptest.Server, protocol int) apitest.Follow {
	t.Helper()
	return func(ctx context.Context, r api.FollowRequest, tell func(string)) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+path(r), http.NoBody)
		if err != nil {
			t.Error(err)
			return
		}
		answer, err := server.Client().Do(request)
		if err != nil {
			if ctx.Err() == nil {
				t.Error(err)
			}
			return
		}
		defer answer.Body.Close()
		if answer.ProtoMajor != protocol {
			t.Errorf("it is %s, want HTTP/%d", answer.Proto, protocol)
		}
		if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "text/event-stream" {
			t.Errorf("status %d, content type %q: EventSource would stop for good", answer.StatusCode, answer.Header.Get("Content-Type"))
		}
		read(answer.Body, func(e event) bool { tell(line(e, r.Log)); return ctx.Err() == nil })
	}
}

func TestFollow(t *testing.T) {
	t.Parallel()
	apitest.Follows(t, open, overSSE)
}

func TestTiles(t *testing.T) {
	t.Parallel()
	apitest.Tiles(t, disk(), overSSE, nil)
}

// A browser reconnects with the last id that it saw, whatever the URL says: it gets the rest, each once.
func TestReconnect(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, open())
	epoch := w.Add(t, "airports", "ORD", 20).Epoch
	server := serve(t, w, sse.Options{})
	var seen []string
	last := ""
	for len(seen) < 20 {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/v1/sessions/airports/ORD/events?after=", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if last != "" {
			request.Header.Set("Last-Event-ID", last)
		}
		answer, err := server.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		read(answer.Body, func(e event) bool {
			last = e.id
			if e.name == "snapshot" {
				seen = append(seen, e.id)
				n++
			}
			return n < 7 && len(seen) < 20
		})
		_ = answer.Body.Close()
	}
	for i, id := range seen {
		if want := (pelton.Cursor{Epoch: epoch, ID: uint64(i + 1)}).String(); id != want {
			t.Fatalf("snapshot %d has id %s, want %s (S1)", i, id, want)
		}
	}
}

func TestUnknownWord(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, open())
	server := serve(t, w, sse.Options{})
	for _, query := range []string{"from=yesterday", "on_gap=maybe", "slow=never"} {
		answer, err := server.Client().Get(server.URL + "/v1/sessions/airports/ORD/events?" + query)
		if err != nil {
			t.Fatal(err)
		}
		var got event
		read(answer.Body, func(e event) bool { got = e; return false })
		_ = answer.Body.Close()
		if got.name != "error" || !strings.Contains(got.data, "INVALID_ARGUMENT") {
			t.Errorf("%s: first event %+v, want an error", query, got)
		}
	}
}
