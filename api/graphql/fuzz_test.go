package graphql_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/apitest"
	"github.com/peltonhq/pelton/api/graphql"
	"github.com/peltonhq/pelton/store/memory"
)

// seeds are operations of every kind, good and bad.
var seeds = []string{
	`{stats{version lot{byKind}}}`, `{__schema{types{name fields{name}}}}`, `{sessions(name:"airports",first:2){edges{node{key snapshot{payload}}}}}`,
	`subscription{snapshots(name:"airports",key:"ORD",after:"1:1"){__typename ...on Snapshot{id payload}}}`, `subscription{stats(interval:100){version}}`,
	`mutation{append(name:"airports",key:"k",payload:{a:[1,2.5,null,"x"]}){id}}`, `mutation{drop(ids:["a","b"],dryRun:true)}`,
	`query Q($n:String!,$f:Int=3){sessions(name:$n,first:$f,after:"a09SRA"){pageInfo{endCursor}}}`, `{...f} fragment f on Query{...f}`,
	`{deadLetters(filter:{since:"2026-01-01T00:00:00Z"}){edges{cursor}}}`, `mutation{extend(token:"d/1",lease:"5s")}`, `{history(plugin:"x",after:"-1"){edges{cursor}}}`,
	`{session(name:"airports",key:"ORD",id:18446744073709551616){id}}`, `{`, "\x00\ufeff{stats{version}}", `{a:__typename@include(if:true)@skip(if:false)}`, `"""`,
}

func fuzzWorld(f *testing.F) *apitest.World {
	f.Helper()
	w := apitest.New(f, memory.New())
	w.Add(f, "airports", "ORD", 3)
	w.ListOf = []api.Plugin{{Name: "delays"}}
	w.Letters = []api.DeadLetter{{ID: "a", Payload: []byte("{}")}}
	return w
}

// recorder takes an answer; after the first event of a stream the client leaves.
type recorder struct {
	*httptest.ResponseRecorder

	leave context.CancelFunc
}

func (r *recorder) Write(b []byte) (int, error) {
	if bytes.HasPrefix(b, []byte("event:")) {
		r.leave()
	}
	return r.ResponseRecorder.Write(b)
}

func (*recorder) SetWriteDeadline(time.Time) error { return nil }

// Whatever is posted, the answer is JSON with data or errors and one of a few statuses, or an event stream; nothing panics.
func FuzzRequest(f *testing.F) {
	for _, query := range seeds {
		body, err := json.Marshal(map[string]any{"query": query, "variables": map[string]any{"n": "airports"}})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body, false)
		f.Add(body, true)
	}
	f.Add([]byte(`[{"query":"{stats{version}}"}]`), false)
	f.Add([]byte(`{"query":"{stats{version}}","variables":[1],"extensions":7}`), false)
	h := graphql.New(fuzzWorld(f).Service, graphql.Options{})
	f.Fuzz(func(t *testing.T, body []byte, events bool) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/graphql", bytes.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		if events {
			r.Header.Set("Accept", "text/event-stream")
		}
		out := &recorder{httptest.NewRecorder(), cancel}
		h.ServeHTTP(out, r)
		text := out.Body.String()
		if strings.Contains(text, "internal system error") {
			t.Fatalf("a resolver panicked: %s", text)
		}
		if out.Header().Get("Content-Type") == "text/event-stream" {
			if out.Code != http.StatusOK || !strings.HasPrefix(text, ":\n\n") {
				t.Errorf("%d %q", out.Code, text)
			}
			return
		}
		var answer struct {
			Data   json.RawMessage
			Errors []struct{ Message string }
		}
		err := json.Unmarshal([]byte(text), &answer)
		statuses := []int{http.StatusOK, http.StatusBadRequest, http.StatusRequestEntityTooLarge}
		if err != nil || !slices.Contains(statuses, out.Code) || answer.Data == nil && len(answer.Errors) == 0 {
			t.Errorf("%d %q: %v", out.Code, text, err)
		}
	})
}

// pipes is a listener whose connections are in memory.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.done) })
	return nil
}

func (*pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "pipe"} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case p.conns <- there:
		return here, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Whatever messages come, a WebSocket answers the ping behind them, or is closed with a code.
func FuzzSocket(f *testing.F) {
	const hello = `{"type":"connection_init"}`
	for _, query := range seeds {
		body, err := json.Marshal(map[string]any{"id": "1", "type": "subscribe", "payload": map[string]any{"query": query}})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(hello + "\n" + string(body))
	}
	f.Add(hello + "\n" + hello)
	f.Add(hello + "\n" + `{"id":"1","type":"complete"}` + "\n" + `{"type":"pong","payload":{}}` + "\n" + `{"type":"ping","payload":[1]}`)
	f.Add(`{"type":7}`)
	listener := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
	server := &http.Server{Handler: graphql.New(fuzzWorld(f).Service, graphql.Options{}), ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }()
	f.Cleanup(func() { _ = server.Close() })
	client := &http.Client{Transport: &http.Transport{DialContext: listener.dial}}
	f.Fuzz(func(t *testing.T, text string) {
		c, _, err := websocket.Dial(t.Context(), "http://pipe/graphql", &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}, HTTPClient: client})
		if err != nil {
			t.Fatal(err)
		}
		defer c.CloseNow()
		c.SetReadLimit(1 << 24)
		var sent sync.WaitGroup
		defer sent.Wait()
		sent.Go(func() { // what is refused is closed before all is sent
			for _, m := range append(strings.Split(text, "\n"), `{"type":"ping","payload":"the end"}`) {
				if c.Write(t.Context(), websocket.MessageText, []byte(m)) != nil {
					return
				}
			}
		})
		for {
			var m message
			err := wsjson.Read(t.Context(), c, &m)
			if code := websocket.CloseStatus(err); err != nil && (code < 4400 || code > 4499) && code != websocket.StatusMessageTooBig {
				t.Fatalf("ended without a code: %v", err)
			}
			if err != nil || m.Type == "pong" && string(m.Payload) == `"the end"` {
				return
			}
			if strings.Contains(string(m.Payload), "internal system error") {
				t.Fatalf("a resolver panicked: %s", m.Payload)
			}
		}
	})
}
