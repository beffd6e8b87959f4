package client_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/apitest"
	"github.com/peltonhq/pelton/api/client"
	"github.com/peltonhq/pelton/api/web"
	"github.com/peltonhq/pelton/store/memory"
)

// run serves the world on l until the returned stop, which may be called twice.
func run(t *testing.T, w *apitest.World, l net.Listener) (stop func()) {
	t.Helper()
	server := web.NewServer(web.NewHandler(w.Service, web.Options{}), web.Options{})
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		_ = server.Close()
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	return stop
}

func start(t *testing.T) (*apitest.World, *client.Client) {
	t.Helper()
	w := apitest.New(t, memory.New())
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := client.New(l.Addr().String())
	t.Cleanup(c.Close)
	run(t, w, l)
	return w, c
}

func is(t *testing.T, err error, code api.Code, words ...string) {
	t.Helper()
	if !errors.Is(err, &api.Error{Code: code}) {
		t.Errorf("error %v, want one of code %s", err, code)
		return
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("error %q does not mention %q", err, word)
		}
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func same(t *testing.T, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

func TestSessions(t *testing.T) {
	t.Parallel()
	w, c := start(t)
	ctx := t.Context()
	w.Add(t, "airports", "DFW", 2)
	want := w.Add(t, "airports", "ORD", 3)
	names, err := c.Names(ctx)
	ok(t, err)
	same(t, names, []string{"airports", "trimmed", "wheel"})
	heads, err := c.AllHeads(ctx, "airports")
	ok(t, err)
	if len(heads) != 2 || heads[1] != (api.Head{Name: "airports", Key: "ORD", ID: 3, Epoch: want.Epoch, Time: want.Time}) {
		t.Errorf("heads are %+v", heads)
	}
	page, next, err := c.Heads(ctx, "airports", "", 1)
	ok(t, err)
	if len(page) != 1 || next != "DFW" {
		t.Errorf("page of one is %+v, next %q", page, next)
	}
	got, err := c.Get(ctx, "airports", "ORD", 0)
	ok(t, err)
	same(t, *got, want)
	got, err = c.Get(ctx, "airports", "ORD", 2)
	ok(t, err)
	same(t, string(got.Payload), `{"n":2}`)
	_, err = c.Get(ctx, "airports", "ORD", 9)
	is(t, err, api.OutOfRange, "9")
	_, err = c.Get(ctx, "airprots", "ORD", 0)
	is(t, err, api.NotFound, "airports")
	same(t, api.Wrap(err).Detail, map[string]string{api.DetailNearest: "airports"})
	made, err := c.Append(ctx, api.AppendRequest{Name: "airports", Key: "ORD", Payload: []byte("{}"), ID: "once"})
	ok(t, err)
	again, err := c.Append(ctx, api.AppendRequest{Name: "airports", Key: "ORD", Payload: []byte("{}"), ID: "once"})
	ok(t, err)
	same(t, again.ID, made.ID)
	ok(t, c.Delete(ctx, "airports", "ORD"))
	is(t, c.Delete(ctx, "airports", "ORD"), api.NotFound, "ORD")
}

func digest(body []byte) string {
	sum := sha256.Sum256(body)
	return api.DigestPrefix + hex.EncodeToString(sum[:])
}

func TestPlugins(t *testing.T) {
	t.Parallel()
	w, c := start(t)
	ctx := t.Context()
	w.ListOf = []api.Plugin{{Name: "delays", Kind: "wasm", State: "running", Revision: 1, Instances: 2, Outputs: []string{"late"}}}
	plugins, err := c.Plugins(ctx)
	ok(t, err)
	same(t, plugins, w.ListOf)

	body := bytes.Repeat([]byte("wasm"), 200_000)
	id := digest(body)
	_, err = c.Swap(ctx, "delays", id, api.SwapOptions{})
	is(t, err, api.NotFound, "push it first")
	var steps []int64
	ok(t, c.Push(ctx, id, int64(len(body)), bytes.NewReader(body), func(sent int64) { steps = append(steps, sent) }))
	if len(steps) < 3 || steps[len(steps)-1] != int64(len(body)) {
		t.Errorf("progress was %v, want several steps up to %d", steps, len(body))
	}
	if !bytes.Equal(w.Artifacts[id], body) {
		t.Error("another artifact arrived")
	}
	stored, err := c.Has(ctx, id)
	ok(t, err)
	same(t, stored, true)
	result, err := c.Swap(ctx, "delays", id, api.SwapOptions{Who: "me", Why: "faster"})
	ok(t, err)
	same(t, result, api.SwapResult{Plugin: "delays", Outcome: "live", Revision: 1, Live: 1, Digest: id, Took: time.Second})
	_, err = c.Rollback(ctx, "delays", api.SwapOptions{Who: "me", Why: "slower"})
	ok(t, err)
	history, err := c.History(ctx, "delays")
	ok(t, err)
	same(t, history, w.Revisions)
	if history[0].Who != "me" || history[1].Why != "slower" {
		t.Errorf("history is %+v", history)
	}
	_, err = c.History(ctx, "delay")
	is(t, err, api.NotFound, `"delays"`)
}

func TestPushRefused(t *testing.T) {
	t.Parallel()
	_, c := start(t)
	ctx := t.Context()
	body := bytes.Repeat([]byte("x"), 600_000)
	is(t, c.Push(ctx, digest([]byte("other")), int64(len(body)), bytes.NewReader(body), nil), api.InvalidArgument, "digest")
	is(t, c.Push(ctx, digest(body), int64(len(body))+1, bytes.NewReader(body), nil), api.InvalidArgument, "1 bytes early")
	is(t, c.Push(ctx, digest(body), int64(len(body))-1, bytes.NewReader(body), nil), api.InvalidArgument, "more bytes")
	is(t, c.Push(ctx, "md5:1", 4, strings.NewReader("wasm"), nil), api.InvalidArgument, "sha256")
	large := bytes.Repeat([]byte("x"), 2*apitest.ArtifactMost)
	is(t, c.Push(ctx, digest(large), int64(len(large)), bytes.NewReader(large), nil), api.ResourceExhausted, "limits.artifact")
	stored, err := c.Has(ctx, digest(body))
	ok(t, err)
	same(t, stored, false)
}

func TestLot(t *testing.T) {
	t.Parallel()
	w, c := start(t)
	ctx := t.Context()
	at := func(n int64) time.Time { return time.Unix(n, 0).UTC() }
	for i, id := range []string{"a", "b", "c", "d", "e"} {
		w.Letters = append(w.Letters, api.DeadLetter{
			ID: id, Plugin: "delays", Kind: api.DeadDelivery, State: api.DeadStateDead, Payload: []byte{0, 255},
			Failure: api.Failure{Reason: "bad " + id, First: at(int64(i)), Last: at(int64(i))}, Headers: []pelton.Header{{Name: "h", Value: id}},
		})
		w.Waiting = append(w.Waiting, api.Parked{ID: id, Plugin: "delays", Kind: api.ParkedDefer, Due: at(int64(i)), Defers: i})
	}
	w.Letters[4].State = api.DeadStateSettled
	// listed is a list as it comes: each row has the cursor behind it.
	listed := func(list []api.DeadLetter) []api.DeadLetter {
		list = slices.Clone(list)
		for i := range list {
			list[i].Cursor = strconv.Itoa(i + 1)
		}
		return list
	}
	dead, err := c.AllDead(ctx, api.DeadQuery{})
	ok(t, err)
	same(t, dead, listed(w.Letters))
	dead, err = c.AllDead(ctx, api.DeadQuery{Since: at(1), Until: at(3)})
	ok(t, err)
	same(t, dead, listed(w.Letters[1:3]))
	one, err := c.DeadLetter(ctx, "b")
	ok(t, err)
	same(t, one, w.Letters[1])
	_, err = c.DeadLetter(ctx, "z")
	is(t, err, api.NotFound, "z")

	dry, err := c.Replay(ctx, nil, api.DeadQuery{Reason: "bad"}, api.ReplayOptions{DryRun: true})
	ok(t, err)
	if dry.Replayed != 4 || len(dry.Skipped) != 1 || dry.Skipped[0].ID != "e" || w.Replayed != nil {
		t.Errorf("dry replay told %+v and replayed %v", dry, w.Replayed)
	}
	_, err = c.Replay(ctx, []string{"a", "e"}, api.DeadQuery{}, api.ReplayOptions{Force: true})
	ok(t, err)
	same(t, w.Replayed, []string{"a", "e"})
	n, err := c.DropDead(ctx, []string{"a"}, api.DeadQuery{}, true)
	ok(t, err)
	same(t, []int{n, len(w.Letters)}, []int{1, 5})
	n, err = c.DropDead(ctx, nil, api.DeadQuery{Plugin: "delays"}, false)
	ok(t, err)
	same(t, []int{n, len(w.Letters)}, []int{5, 0})

	parked, err := c.AllParked(ctx, api.ParkedQuery{Kind: api.ParkedDefer})
	ok(t, err)
	for i := range parked {
		same(t, parked[i].Cursor, strconv.Itoa(i+1))
		parked[i].Cursor = ""
	}
	same(t, parked, w.Waiting)
	record, err := c.ParkedRecord(ctx, "c")
	ok(t, err)
	same(t, record, w.Waiting[2])
	n, err = c.Release(ctx, []string{"a", "b"}, api.ParkedQuery{}, false)
	ok(t, err)
	same(t, n, 2)
	n, err = c.DropParked(ctx, []string{"a"}, api.ParkedQuery{}, false)
	ok(t, err)
	same(t, []int{n, len(w.Waiting)}, []int{1, 4})
}

func TestWheel(t *testing.T) {
	t.Parallel()
	w, c := start(t)
	ctx := t.Context()
	w.Graph = api.Topology{Nodes: []api.Node{{Kind: "source", Name: "flights"}}, Edges: []api.Edge{{From: "source/flights", To: "plugin/delays"}}}
	w.Figures = api.Stats{Version: "1", Uptime: time.Second, Settled: true, Sources: []api.SourceStats{{Name: "flights", Rate: 1.5}}}
	w.Service.GraphQL.Refuse("depth")
	want := w.Figures
	want.GraphQL = w.Service.GraphQL.Stats()
	graph, err := c.Topology(ctx)
	ok(t, err)
	same(t, graph, w.Graph)
	figures := func(got api.Stats) {
		t.Helper()
		if got.API == nil {
			t.Error("no figures of what stands before the API")
		}
		got.API = nil // the service's own
		same(t, got, want)
	}
	stats, err := c.Stats(ctx)
	ok(t, err)
	figures(stats)
	enough, n := errors.New("enough"), 0
	err = c.WatchStats(ctx, 100*time.Millisecond, func(s api.Stats) error {
		figures(s)
		if n++; n == 2 {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) {
		t.Errorf("watch ended with %v", err)
	}
	is(t, c.WatchStats(ctx, time.Millisecond, nil), api.InvalidArgument, "100ms")
}

func TestSettleAndPublish(t *testing.T) {
	t.Parallel()
	w, c := start(t)
	ctx := t.Context()
	emits := []pelton.Emit{{Output: "late", Key: []byte{}, Payload: []byte("p"), ContentType: "text/plain"}}
	ok(t, c.Settle(ctx, "d/1", pelton.Ack(), emits))
	same(t, w.Emits, emits)
	until := pelton.Verdict{Decision: pelton.DecisionDefer, Until: time.Unix(9, 0).UTC(), Pass: true}
	ok(t, c.Settle(ctx, "d/2", until, nil))
	same(t, w.Settled["d/2"], until)
	is(t, c.Settle(ctx, "expired/1", pelton.Ack(), nil), api.FailedPrecondition, "expired/1")
	ok(t, c.Extend(ctx, "d/3", time.Minute))
	same(t, w.Leases["d/3"], time.Minute)

	messages := []api.IngestMessage{{Key: []byte("k"), Payload: []byte("1")}, {Payload: []byte("2"), Headers: []pelton.Header{{Name: "a", Value: "b"}}}}
	done, err := c.Publish(ctx, "orders", api.Publication{Messages: messages, Key: "once"})
	ok(t, err)
	same(t, done, api.Published{Count: 2})
	same(t, w.Published, messages)
	done, err = c.Publish(ctx, "orders", api.Publication{Messages: messages, Key: "once"})
	ok(t, err)
	same(t, done, api.Published{Count: 2, Known: 2})
	_, err = c.Publish(ctx, "orders", api.Publication{Messages: messages, Key: "reused"})
	is(t, err, api.InvalidArgument, "reused")
	done, err = c.Publish(ctx, "orders", api.Publication{Messages: []api.IngestMessage{{IdempotencyKey: "a"}}})
	ok(t, err)
	same(t, done, api.Published{First: 2, Count: 1, Positions: []uint64{2}})
	_, err = c.Publish(ctx, "order", api.Publication{Messages: messages})
	is(t, err, api.NotFound, `"orders"`)
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	addr := l.Addr().String()
	ok(t, l.Close())
	c := client.New(addr)
	defer c.Close()
	_, err = c.Stats(t.Context())
	is(t, err, api.Unavailable, addr, "pelton run")
	for _, err := range c.Follow(t.Context(), api.FollowRequest{Name: "airports", Key: "ORD"}, client.FollowOptions{Reconnect: true}) {
		is(t, err, api.Unavailable, addr)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = c.Stats(ctx)
	is(t, err, api.Canceled)
}

// A follow goes on over restarts of the server: every id once, in order (S1).
func TestReconnect(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, memory.New())
	epoch := w.Add(t, "airports", "ORD", 3).Epoch
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	addr := l.Addr().String()
	stop := run(t, w, l)
	c := client.New(addr)
	defer c.Close()
	hellos, lost, id := 0, 0, uint64(0)
	o := client.FollowOptions{Reconnect: true, Hello: func(api.Hello) { hellos++ }, Lost: func(error, time.Duration) {
		lost++
		stop()
		w.Add(t, "airports", "ORD", 4)
		again, err := net.Listen("tcp", addr)
		ok(t, err)
		stop = run(t, w, again)
	}}
	for event, err := range c.Follow(t.Context(), api.FollowRequest{Name: "airports", Key: "ORD", From: api.FromBeginning}, o) {
		ok(t, err)
		id++
		if want := (pelton.Cursor{Epoch: epoch, ID: id}); event.Cursor != want {
			t.Fatalf("event %+v, want the snapshot %s", event, want)
		}
		if id == 15 {
			break
		}
		if (id+1)%4 == 0 { // 3, 7, 11: everything that there is
			stop()
		}
	}
	if hellos != 4 || lost != 3 {
		t.Errorf("%d connections, %d lost; want 4 and 3", hellos, lost)
	}
}
