package graphql_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/apitest"
	"github.com/peltonhq/pelton/api/graphql"
	"github.com/peltonhq/pelton/api/meter"
	"github.com/peltonhq/pelton/store/memory"
)

// says sends messages and collects what comes back, as "type id payload", up to the close code at the end.
func says(t *testing.T, w *apitest.World, o graphql.Options, messages ...string) (got []string, code websocket.StatusCode) {
	t.Helper()
	server := serve(t, w, o)
	c, _, err := websocket.Dial(t.Context(), server.URL, &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	for _, text := range messages {
		kind := websocket.MessageText
		if text == "binary" {
			kind = websocket.MessageBinary
		}
		if err := c.Write(t.Context(), kind, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	for {
		var m message
		if err := wsjson.Read(t.Context(), c, &m); err != nil {
			return got, websocket.CloseStatus(err)
		}
		got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s %s", m.Type, m.ID, m.Payload)))
		if m.Type == "pong" && string(m.Payload) == `"end"` {
			return got, websocket.CloseStatus(c.Close(websocket.StatusNormalClosure, ""))
		}
	}
}

// What breaks the protocol of graphql-transport-ws closes the connection with the code that the protocol has for it.
func TestProtocol(t *testing.T) {
	t.Parallel()
	const hello, end = `{"type":"connection_init"}`, `{"type":"ping","payload":"end"}`
	const watch = `{"id":"1","type":"subscribe","payload":{"query":"subscription{snapshots(name:\"airports\",key:\"ORD\",from:NOW){__typename}}"}}`
	for _, c := range []struct {
		name     string
		messages []string
		got      string
		code     websocket.StatusCode
	}{
		{"ping before hello", []string{end}, `pong  "end"`, -1},
		{"hello", []string{`{"type":"connection_init","payload":{"a":1}}`, end}, `connection_ack; pong  "end"`, -1},
		{"pong", []string{hello, `{"type":"pong"}`, end}, `connection_ack; pong  "end"`, -1},
		{"a query", []string{hello, `{"id":"q","type":"subscribe","payload":{"query":"{stats{version}}"}}`}, `connection_ack; next q {"data":{"stats":{"version":""}}}; complete q`, 0},
		{"invalid query", []string{hello, `{"id":"q","type":"subscribe","payload":{"query":"{nothing}"}}`, end}, `connection_ack; error q …; pong  "end"`, -1},
		{"complete of nothing", []string{hello, `{"id":"q","type":"complete"}`, end}, `connection_ack; pong  "end"`, -1},
		{"no init", []string{watch}, ``, 4401},
		{"two inits", []string{hello, hello}, `connection_ack`, 4429},
		{"same id", []string{hello, watch, watch}, `connection_ack…`, 4409},
		{"no JSON", []string{`{`}, ``, 4400},
		{"a list", []string{`[]`}, ``, 4400},
		{"binary", []string{"binary"}, ``, 4400},
		{"no type", []string{`{}`}, ``, 4400},
		{"a server's type", []string{hello, `{"id":"1","type":"next"}`}, `connection_ack`, 4400},
		{"no id", []string{hello, `{"type":"subscribe","payload":{"query":"{stats{version}}"}}`}, `connection_ack`, 4400},
		{"no payload", []string{hello, `{"id":"1","type":"subscribe"}`}, `connection_ack`, 4400},
		{"no query", []string{hello, `{"id":"1","type":"subscribe","payload":{"query":""}}`}, `connection_ack`, 4400},
		{"query of another type", []string{hello, `{"id":"1","type":"subscribe","payload":{"query":7}}`}, `connection_ack`, 4400},
		{"batch", []string{hello, `{"id":"1","type":"subscribe","payload":[{"query":"{stats{version}}"}]}`}, `connection_ack`, 4400},
		{"too large", []string{hello, `{"type":"` + strings.Repeat("x", 5000) + `"}`}, `connection_ack`, websocket.StatusMessageTooBig},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := apitest.New(t, memory.New())
			w.Add(t, "airports", "ORD", 1)
			if c.code == 0 { // the answer of an operation may come after what follows it
				c.messages = append(c.messages, hello)
				c.code = 4429
				o := graphql.Options{}
				got, code := answersFirst(t, w, o, c.messages)
				if strings.Join(got, "; ") != c.got || code != c.code {
					t.Errorf("%q, code %d; want %q and %d", got, code, c.got, c.code)
				}
				return
			}
			got, code := says(t, w, graphql.Options{Limits: graphql.Limits{Body: 4096}}, c.messages...)
			if !like(strings.Join(got, "; "), c.got) || code != c.code && c.code != -1 {
				t.Errorf("%q, code %d; want %q and %d", got, code, c.got, c.code)
			}
		})
	}
}

// answersFirst sends the last message only when an operation is complete.
func answersFirst(t *testing.T, w *apitest.World, o graphql.Options, messages []string) (got []string, code websocket.StatusCode) {
	t.Helper()
	c := dial(t.Context(), t, serve(t, w, o))
	defer c.CloseNow()
	got = []string{"connection_ack"}
	for _, text := range messages[1:] {
		if err := c.Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
			t.Fatal(err)
		}
		for {
			var m message
			if err := wsjson.Read(t.Context(), c, &m); err != nil {
				return got, websocket.CloseStatus(err)
			}
			got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s %s", m.Type, m.ID, m.Payload)))
			if m.Type == "complete" {
				break
			}
		}
	}
	return got, 0
}

// like compares with a pattern in which … stands for anything.
func like(text, pattern string) bool {
	for i, part := range strings.Split(pattern, "…") {
		at := strings.Index(text, part)
		if at < 0 || i == 0 && at != 0 {
			return false
		}
		text = text[at+len(part):]
	}
	return text == "" || strings.HasSuffix(pattern, "…")
}

func TestInitTimeout(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, memory.New())
	_, code := says(t, w, graphql.Options{Limits: graphql.Limits{Init: 20 * time.Millisecond}}, `{"type":"ping"}`)
	if n := w.Service.GraphQL.Stats().Refused["init"]; code != 4408 || n != 1 {
		t.Errorf("code %d, counted %d", code, n)
	}
}

// A client that answers no ping is gone, and so are its subscriptions.
func TestNoPong(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, memory.New())
	o := graphql.Options{KeepAlive: time.Second, Limits: graphql.Limits{Stall: time.Second}}
	c := dial(t.Context(), t, serve(t, w, o))
	defer c.CloseNow()
	watch(t, c, "1")
	until(t, w, "no socket", func(s *meter.GraphQLStats) bool { return s.Sockets == 0 && s.Subscriptions == 0 }) // nobody reads, so nobody answers pings
}

// watch subscribes to what never ends by itself.
func watch(t *testing.T, c *websocket.Conn, id string) {
	t.Helper()
	m := message{ID: id, Type: "subscribe", Payload: []byte(`{"query":"subscription{snapshots(name:\"airports\",from:NOW){__typename}}"}`)}
	if err := wsjson.Write(t.Context(), c, m); err != nil {
		t.Error(err)
	}
}

// until waits for the figures to be so.
func until(t *testing.T, w *apitest.World, what string, holds func(*meter.GraphQLStats) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !holds(w.Service.GraphQL.Stats()) {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%s: never: %+v", what, w.Service.GraphQL.Stats())
		}
	}
}

// A flood of subscriptions on one connection ends at the limit; an id is free again once it is completed.
func TestFlood(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, memory.New())
	c := dial(t.Context(), t, serve(t, w, graphql.Options{Limits: graphql.Limits{Operations: 8}}))
	defer c.CloseNow()
	const all = 300
	go func() {
		for i := range all {
			watch(t, c, fmt.Sprint(i))
		}
	}()
	hellos, refused := 0, 0
	for hellos+refused < all {
		var m message
		if err := wsjson.Read(t.Context(), c, &m); err != nil {
			t.Fatal(err)
		}
		switch {
		case m.Type == "next" && strings.Contains(string(m.Payload), "Hello"):
			hellos++
		case m.Type == "error" && strings.Contains(string(m.Payload), "RESOURCE_EXHAUSTED") && strings.Contains(string(m.Payload), "api.graphql.operations"):
			refused++
		default:
			t.Fatalf("%s %s", m.Type, m.Payload)
		}
	}
	if s := w.Service.GraphQL.Stats(); hellos != 8 || s.Subscriptions != 8 || s.Refused["operations"] != all-8 {
		t.Errorf("%d subscriptions, %d refused, figures %+v", hellos, refused, s)
	}
	if err := wsjson.Write(t.Context(), c, message{ID: "3", Type: "complete"}); err != nil {
		t.Fatal(err)
	}
	until(t, w, "one less", func(s *meter.GraphQLStats) bool { return s.Subscriptions == 7 })
	var m message
	for m.Type != "next" { // its place is free once it has ended, which is a little after that it is not counted
		watch(t, c, "3")
		if err := wsjson.Read(t.Context(), c, &m); err != nil || m.ID != "3" {
			t.Fatalf("%+v, error %v", m, err)
		}
	}
}

// A client that reads nothing is cut off, over every transport, and what it took is given back.
func TestSlowReaders(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, memory.New())
	w.Figures = api.Stats{Version: strings.Repeat("long ", 1<<20)}
	server := serve(t, w, graphql.Options{Limits: graphql.Limits{Stall: 50 * time.Millisecond}, KeepAlive: time.Hour})
	const query = `subscription{stats(interval:100){version}}`
	c := dial(t.Context(), t, server)
	defer c.CloseNow()
	c.SetReadLimit(1 << 30)
	if err := wsjson.Write(t.Context(), c, message{ID: "1", Type: "subscribe", Payload: []byte(`{"query":"` + query + `"}`)}); err != nil {
		t.Fatal(err)
	}
	for _, accept := range []string{"text/event-stream", "application/json"} {
		body := `{"query":"` + query + `"}`
		if accept == "application/json" {
			body = `{"query":"{a:stats{version}b:stats{version}c:stats{version}d:stats{version}}"}`
		}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Accept", accept)
		answer, err := server.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close() // and it is not read
	}
	until(t, w, "three are cut off", func(s *meter.GraphQLStats) bool {
		return s.Refused["stall"] == 3 && s.Subscriptions == 0 && s.Sockets == 0
	})
}
