package graphql_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/apitest"
	"github.com/peltonhq/pelton/api/graphql"
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

func serve(t *testing.T, w *apitest.World, o graphql.Options) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(graphql.New(w.Service, o))
	t.Cleanup(server.Close)
	return server
}

const subscription = `subscription(
  $name: String!, $key: String, $after: String, $from: From, $gap: OnGap, $slow: Slow, $keys: [String!], $prefix: String, $coalesce: Duration
) {
  snapshots(name: $name, key: $key, after: $after, from: $from, onGap: $gap, slow: $slow, keys: $keys, prefix: $prefix, coalesce: $coalesce) {
    __typename
    ... on Hello { epoch oldest latest cursor }
    ... on Snapshot { cursor payload payloadBase64 }
    ... on Gap { reason from to }
    ... on Deleted { key cursor }
    ... on Closed { cursor }
  }
}`

// operation is the follow as a GraphQL request.
func operation(r api.FollowRequest) map[string]any {
	variables := map[string]any{"name": r.Name}
	if !r.Log {
		variables["key"] = r.Key
	}
	switch {
	case r.After != "" || r.From == api.FromAfter:
		variables["after"] = r.After
	case r.From == api.FromNow:
		variables["from"] = "NOW"
	case r.From == api.FromBeginning:
		variables["from"] = "BEGINNING"
	}
	if r.OnGap == api.OnGapReset {
		variables["gap"] = "RESET"
	}
	switch r.Slow {
	case api.SlowConflate:
		variables["slow"] = "CONFLATE"
	case api.SlowBlock:
		variables["slow"] = "BLOCK"
	}
	if len(r.Keys) > 0 {
		variables["keys"] = r.Keys
	}
	if r.Prefix != "" {
		variables["prefix"] = r.Prefix
	}
	if r.Coalesce != 0 {
		variables["coalesce"] = r.Coalesce.String()
	}
	return map[string]any{"query": subscription, "variables": variables}
}

type response struct {
	Data struct {
		Snapshots struct {
			Type                          string `json:"__typename"`
			Epoch, Oldest, Latest, Cursor string
			Reason, From, To, Key         string
			Payload                       json.RawMessage
			PayloadBase64                 *string
		}
	}
	Errors []gqlError
}

type gqlError struct {
	Message    string
	Extensions struct {
		Code   string
		Detail map[string]string
	}
}

func number(text string) uint64 {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return ^uint64(0)
	}
	return n
}

func cursor(text string) pelton.Cursor {
	c, err := pelton.ParseCursor(text)
	if err != nil {
		return pelton.Cursor{}
	}
	return c
}

// line is a response in a transcript.
func line(body []byte) string {
	var r response
	if err := json.Unmarshal(body, &r); err != nil {
		return "bad response " + string(body)
	}
	if len(r.Errors) > 0 {
		e := r.Errors[0]
		return apitest.ErrorLine(&api.Error{Code: api.ParseCode(e.Extensions.Code), Message: e.Message, Detail: e.Extensions.Detail})
	}
	s := r.Data.Snapshots
	switch s.Type {
	case "Hello":
		return apitest.HelloLine(api.Hello{Epoch: number(s.Epoch), Oldest: number(s.Oldest), Latest: number(s.Latest), Cursor: cursor(s.Cursor)})
	case "Gap":
		return apitest.EventLine(api.Event{Kind: api.KindGap, Gap: api.Gap{From: cursor(s.From), To: cursor(s.To), Reason: session.Reason(s.Reason)}})
	case "Deleted":
		return apitest.EventLine(api.Event{Kind: api.KindDeleted, Key: s.Key, Cursor: cursor(s.Cursor)})
	case "Closed":
		return apitest.EventLine(api.Event{Kind: api.KindClosed, Cursor: cursor(s.Cursor)})
	case "Snapshot":
		payload := []byte(s.Payload)
		if s.PayloadBase64 != nil {
			payload, _ = base64.StdEncoding.DecodeString(*s.PayloadBase64)
		}
		return apitest.EventLine(api.Event{Kind: api.KindSnapshot, Snapshot: &pelton.Snapshot{Payload: payload}, Cursor: cursor(s.Cursor)})
	}
	return "unknown type " + string(body)
}

type message struct {
	ID      string          `json:"id,omitempty"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

// dial opens a WebSocket and says hello.
func dial(ctx context.Context, t *testing.T, server *httptest.Server) *websocket.Conn {
	t.Helper()
	c, _, err := websocket.Dial(ctx, server.URL, &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	if err != nil {
		t.Error(err)
		return nil
	}
	var ack message
	if err := wsjson.Write(ctx, c, message{Type: "connection_init"}); err != nil {
		t.Error(err)
	}
	if err := wsjson.Read(ctx, c, &ack); err != nil || ack.Type != "connection_ack" {
		t.Errorf("first message %+v, error %v, want connection_ack", ack, err)
	}
	return c
}

// overSocket is what follows over this transport.
func overSocket(t *testing.T, w *apitest.World) apitest.Follow {
	t.Helper()
	server := serve(t, w, graphql.Options{})
	return func(ctx context.Context, r api.FollowRequest, tell func(string)) {
		c := dial(ctx, t, server)
		if c == nil {
			return
		}
		defer c.CloseNow()
		body, err := json.Marshal(operation(r))
		if err != nil {
			t.Error(err)
		}
		if err := wsjson.Write(ctx, c, message{ID: "1", Type: "subscribe", Payload: body}); err != nil {
			t.Error(err)
		}
		for {
			var m message
			if err := wsjson.Read(ctx, c, &m); err != nil {
				if ctx.Err() == nil {
					t.Error(err)
				}
				return
			}
			switch m.Type {
			case "next":
				tell(line(m.Payload))
			case "complete":
				return
			case "error":
				t.Errorf("error message %s: errors of the API are responses", m.Payload)
				return
			}
		}
	}
}

func TestFollowWebSocket(t *testing.T) {
	t.Parallel()
	apitest.Follows(t, open, overSocket)
}

func TestTilesWebSocket(t *testing.T) {
	t.Parallel()
	apitest.Tiles(t, disk(), overSocket, nil)
}

// overEvents is what follows over this transport.
func overEvents(t *testing.T, w *apitest.World) apitest.Follow {
	t.Helper()
	server := serve(t, w, graphql.Options{})
	return func(ctx context.Context, r api.FollowRequest, tell func(string)) {
		body, err := json.Marshal(operation(r))
		if err != nil {
			t.Error(err)
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL, bytes.NewReader(body))
		if err != nil {
			t.Error(err)
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Accept", "text/event-stream")
		answer, err := server.Client().Do(request)
		if err != nil {
			t.Error(err)
			return
		}
		defer answer.Body.Close()
		lines := bufio.NewReader(answer.Body)
		for event := ""; ; {
			text, err := lines.ReadString('\n')
			if err != nil {
				if ctx.Err() == nil {
					t.Errorf("the stream ended without complete: %v", err)
				}
				return
			}
			text = strings.TrimSuffix(text, "\n")
			if name, ok := strings.CutPrefix(text, "event: "); ok {
				event = name
			}
			data, ok := strings.CutPrefix(text, "data:")
			if !ok {
				continue
			}
			if event == "complete" {
				return
			}
			tell(line([]byte(data)))
		}
	}
}

func TestFollowEvents(t *testing.T) {
	t.Parallel()
	apitest.Follows(t, open, overEvents)
}

func TestTilesEvents(t *testing.T) {
	t.Parallel()
	apitest.Tiles(t, disk(), overEvents, nil)
}
