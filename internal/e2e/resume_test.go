package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/client"
	peltonv1 "github.com/peltonhq/pelton/api/gen/pelton/v1"
	"github.com/peltonhq/pelton/api/wire"
)

// piece is a snapshot of ORD as a follower saw it.
type piece struct{ cursor, payload string }

// follow reads n snapshots of ORD that come after a cursor, over one transport.
type follow func(ctx context.Context, w *wheel, after string, n int) ([]piece, error)

var transports = map[string]follow{
	"CLI": byCLI, "gRPC": byGRPC, "Connect": byConnect, "SSE": bySSE, "GraphQL over WebSocket": byGraphQL,
}

// errEarly says that a stream ended, well, before n snapshots had come.
var errEarly = errors.New("the stream ended early")

func byCLI(ctx context.Context, w *wheel, after string, n int) ([]piece, error) {
	c := command(ctx, "session", "follow", "airports", "ORD", "--after", after, "--limit", strconv.Itoa(n), "--json", "--addr", w.http)
	out, err := c.Output()
	if err != nil {
		return nil, err
	}
	return documents(out)
}

// documents reads the lines of `session follow --json`.
func documents(out []byte) (all []piece, err error) {
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var s api.Document
		if err := d.Decode(&s); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return all, err
		}
		all = append(all, piece{pelton.Cursor{Epoch: s.Epoch, ID: s.ID}.String(), string(s.Payload)})
	}
}

func byGRPC(ctx context.Context, w *wheel, after string, n int) (all []piece, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c, err := grpc.NewClient(w.grpc, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, err
	}
	defer c.Close()
	request := wire.Follow(api.FollowRequest{Name: "airports", Key: "ORD", From: api.FromAfter, After: after})
	stream, err := peltonv1.NewSessionServiceClient(c).Follow(ctx, request)
	if err != nil {
		return nil, err
	}
	for len(all) < n {
		frame, err := stream.Recv()
		if err != nil {
			return all, err
		}
		for _, e := range wire.Events(frame) {
			if err := take(&all, n, e); err != nil {
				return all, err
			}
		}
	}
	return all, nil
}

// take adds a snapshot, up to n. Any other event is an error.
func take(all *[]piece, n int, e api.Event) error {
	if e.Kind != api.KindSnapshot {
		return fmt.Errorf("event %+v", e)
	}
	if len(*all) < n {
		*all = append(*all, piece{e.Cursor.String(), string(e.Snapshot.Payload)})
	}
	return nil
}

func byConnect(ctx context.Context, w *wheel, after string, n int) (all []piece, err error) {
	c := client.New(w.http)
	defer c.Close()
	for e, err := range c.Follow(ctx, api.FollowRequest{Name: "airports", Key: "ORD", From: api.FromAfter, After: after}, client.FollowOptions{}) {
		if err == nil {
			err = take(&all, n, e)
		}
		if err != nil || len(all) == n {
			return all, err
		}
	}
	return all, errEarly
}

func bySSE(ctx context.Context, w *wheel, after string, n int) (all []piece, err error) {
	var wrong error
	err = sse(ctx, w.http, "/v1/sessions/airports/ORD/events?after="+url.QueryEscape(after), func(e sseEvent) bool {
		switch e.name {
		case "hello":
		case "snapshot":
			all = append(all, piece{e.id, e.data})
		default:
			wrong = fmt.Errorf("event %+v", e)
		}
		return wrong == nil && len(all) < n
	})
	return all, errors.Join(err, wrong)
}

// socketMessage is one of graphql-transport-ws.
type socketMessage struct {
	ID      string          `json:"id,omitempty"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

const subscription = `subscription($after: String) {
  snapshots(name: "airports", key: "ORD", after: $after) { __typename ... on Snapshot { cursor payload } }
}`

func byGraphQL(ctx context.Context, w *wheel, after string, n int) (all []piece, err error) {
	c, _, err := websocket.Dial(ctx, "ws://"+w.http+"/graphql", &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	if err != nil {
		return nil, err
	}
	defer c.CloseNow()
	c.SetReadLimit(1 << 20)
	query, err := json.Marshal(map[string]any{"query": subscription, "variables": map[string]string{"after": after}})
	if err != nil {
		return nil, err
	}
	for _, m := range []socketMessage{{Type: "connection_init"}, {ID: "1", Type: "subscribe", Payload: query}} {
		if err := wsjson.Write(ctx, c, m); err != nil {
			return nil, err
		}
	}
	for len(all) < n {
		var m socketMessage
		if err := wsjson.Read(ctx, c, &m); err != nil {
			return all, err
		}
		if m.Type == "connection_ack" {
			continue
		}
		var r struct {
			Data struct {
				Snapshots struct {
					Type    string          `json:"__typename"`
					Cursor  string          `json:"cursor"`
					Payload json.RawMessage `json:"payload"`
				} `json:"snapshots"`
			} `json:"data"`
			Errors json.RawMessage `json:"errors"`
		}
		if err := json.Unmarshal(m.Payload, &r); err != nil || m.Type != "next" || r.Errors != nil {
			return all, fmt.Errorf("message %s %s: %w", m.Type, m.Payload, err)
		}
		switch s := r.Data.Snapshots; s.Type {
		case "Hello":
		case "Snapshot":
			all = append(all, piece{s.Cursor, string(s.Payload)})
		default:
			return all, fmt.Errorf("event %s", m.Payload)
		}
	}
	return all, nil
}

// pieces is what one follower saw.
type pieces struct {
	mu  sync.Mutex
	all map[string][]piece // by the name of the follower
}

func (p *pieces) add(name string, more ...piece) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all[name] = append(p.all[name], more...)
}

// cursor is the last one that a follower saw.
func (p *pieces) cursor(name string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.all[name][len(p.all[name])-1].cursor
}

// ORD is followed behind its first middle snapshots, to its last; a part of it comes before the restart.
const (
	middle = 300
	part   = 200
	last   = 1095
)

// TestResume follows ORD from the middle over every transport, while flights flow and across a kill: the same snapshots
// come, byte for byte (S1).
func TestResume(t *testing.T) {
	t.Parallel()
	config := example(t, "rate: 2000/s", "rate: 4000/s")
	ctx := limited(t)
	w := start(t, config)
	first, err := bySSE(ctx, w, "", middle)
	if err != nil {
		t.Fatal(err)
	}
	after := first[middle-1].cursor
	got := pieces{all: map[string][]piece{}}

	// Two followers reconnect by themselves: the restart is only a pause. The others get a part now.
	p := newProxy(t)
	p.lead(w.http)
	var steady, before sync.WaitGroup
	for name, follow := range map[string]steadily{"CLI, reconnecting": cliSteadily, "Connect, reconnecting": connectSteadily} {
		before.Add(1)
		began := sync.OnceFunc(before.Done)
		steady.Go(func() {
			defer began()
			err := follow(ctx, p.addr(), after, last-middle, func(x piece) { got.add(name, x); began() })
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	for name, follow := range transports {
		before.Go(func() {
			some, err := follow(ctx, w, after, part)
			if err != nil || len(some) != part {
				t.Errorf("%s before the restart: %d snapshots, %v", name, len(some), err)
			}
			got.add(name, some...)
		})
	}
	before.Wait()
	w.kill()
	w = start(t, config)
	p.lead(w.http)
	if t.Failed() {
		t.FailNow()
	}
	for name, follow := range transports { // they go on after their own last cursor
		rest, err := follow(ctx, w, got.cursor(name), last-middle-part)
		if err != nil {
			t.Errorf("%s after the restart: %v", name, err)
		}
		got.add(name, rest...)
	}
	steady.Wait()
	if s := w.until(func(s api.Stats) bool { return s.Settled }); s.Sessions[0].Snapshots == 0 {
		t.Error("the kill came behind the last flight")
	}
	same(ctx, t, w, first, &got)
	w.stop()
}

// same holds what the followers saw against what is there now, and what is there against the oracle.
func same(ctx context.Context, t *testing.T, w *wheel, first []piece, got *pieces) {
	t.Helper()
	want, err := bySSE(ctx, w, "", last)
	if err != nil || !slices.Equal(want[:middle], first) {
		t.Fatalf("the first %d snapshots are others now, %v", middle, err)
	}
	states := flights(t).states["ORD"]
	for i, x := range want {
		if !stateOf(t, []byte(x.payload)).same(states[i]) {
			t.Errorf("snapshot %s is %s, want %+v", x.cursor, x.payload, states[i])
		}
	}
	want = want[middle:]
	for name, follow := range transports { // in one go, of a wheel that is settled
		all, err := follow(ctx, w, first[middle-1].cursor, last-middle)
		if err != nil {
			t.Errorf("%s of a settled wheel: %v", name, err)
		}
		got.add(name+", settled", all...)
	}
	if len(got.all) != 2*len(transports)+2 {
		t.Errorf("%d followers", len(got.all))
	}
	for name, all := range got.all {
		if slices.Equal(all, want) {
			continue
		}
		i := 0
		for i < min(len(all), len(want)) && all[i] == want[i] {
			i++
		}
		t.Errorf("%s: %d snapshots, want %d; they differ from number %d on", name, len(all), len(want), i)
	}
}
