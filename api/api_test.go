package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/apitest"
	"github.com/peltonhq/pelton/session"
	"github.com/peltonhq/pelton/store"
	"github.com/peltonhq/pelton/store/memory"
)

func TestMain(m *testing.M) {
	// net/http lets the client read its last answer for half a second after it closed a connection.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"))
}

// is fails unless err is of the code and mentions every word.
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

func TestWrap(t *testing.T) {
	t.Parallel()
	cursor := pelton.Cursor{Epoch: 3, ID: 4}
	for _, c := range []struct {
		err    error
		code   api.Code
		http   int
		graph  string
		resume string
	}{
		{api.Errorf(api.Aborted, "x"), api.Aborted, 409, "ABORTED", ""},
		{api.TooLarge("x"), api.InvalidArgument, 413, "BAD_USER_INPUT", ""},
		{session.ErrNotFound, api.NotFound, 404, "NOT_FOUND", ""},
		{&session.GoneError{Oldest: cursor, Reason: session.Trimmed}, api.OutOfRange, 410, "CURSOR_GONE", "3:3"},
		{&session.SlowError{Cursor: cursor}, api.ResourceExhausted, 429, "RESOURCE_EXHAUSTED", "3:4"},
		{store.ErrFull, api.ResourceExhausted, 429, "RESOURCE_EXHAUSTED", ""},
		{context.Canceled, api.Canceled, 499, "CANCELED", ""},
		{context.DeadlineExceeded, api.DeadlineExceeded, 504, "DEADLINE_EXCEEDED", ""},
		{errors.New("x"), api.Internal, 500, "INTERNAL_SERVER_ERROR", ""},
	} {
		e := api.Wrap(fmt.Errorf("around: %w", c.err))
		if e.Code != c.code || e.HTTP() != c.http || e.Code.GraphQL() != c.graph || e.Detail[api.DetailResume] != c.resume {
			t.Errorf("%v became %s, %d, %s, resume %q; want %s, %d, %s, %q",
				c.err, e.Code, e.HTTP(), e.Code.GraphQL(), e.Detail[api.DetailResume], c.code, c.http, c.graph, c.resume)
		}
		if back := api.CodeOf(e.Code.GRPC()); back != e.Code || api.ParseCode(e.Code.String()) != e.Code || api.ParseCode(e.Code.GraphQL()) != e.Code {
			t.Errorf("code %s does not come back from its other forms", e.Code)
		}
	}
	if api.Wrap(nil) != nil {
		t.Error("no error became one")
	}
}

func TestUnknown(t *testing.T) {
	t.Parallel()
	known := []string{"airports", "late", "delays"}
	e := api.Unknown("session", "airprots", known)
	is(t, e, api.NotFound, `"airprots"`, `"airports"`)
	if e.Detail[api.DetailNearest] != "airports" {
		t.Errorf("nearest is %q, want airports", e.Detail[api.DetailNearest])
	}
	is(t, api.Unknown("session", "something else", known), api.NotFound, "airports, late, delays")
	is(t, api.Unknown("session", "x", nil), api.NotFound, "no session")
}

func TestBadRequests(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, memory.New())
	s, ctx := w.Service, t.Context()
	later := pelton.Defer(time.Unix(1, 0))
	emits := []pelton.Emit{{Payload: []byte("x")}}
	_, errWrite := s.Append(ctx, api.AppendRequest{Name: "wheel", Key: "k"})
	is(t, errWrite, api.FailedPrecondition, "wheel")
	_, errSwap := s.Swap(ctx, "delays", "sha256:abc", api.SwapOptions{})
	is(t, errSwap, api.InvalidArgument, "sha256:abc", "64")
	const digest = api.DigestPrefix + "0123456789012345678901234567890123456789012345678901234567890123"
	for _, c := range []struct {
		digest string
		o      api.SwapOptions
		words  string
	}{
		{digest, api.SwapOptions{Revision: 3}, "not both"},
		{digest, api.SwapOptions{Expect: -1}, "count from 1"},
		{digest, api.SwapOptions{Strategy: &api.Strategy{Kind: "slow"}}, "want immediate, canary or shadow"},
		{digest, api.SwapOptions{Strategy: &api.Strategy{Kind: "immediate", Percent: []float64{5}}}, "are for a canary"},
		{digest, api.SwapOptions{Strategy: &api.Strategy{Kind: "canary", For: 1}}, "are for a shadow"},
		{digest, api.SwapOptions{Strategy: &api.Strategy{Kind: "canary", Percent: []float64{50, 5}}}, "ascending"},
		{digest, api.SwapOptions{Strategy: &api.Strategy{Kind: "canary", Percent: []float64{5, 101}}}, "up to 100"},
		{digest, api.SwapOptions{Strategy: &api.Strategy{Kind: "canary", Percent: []float64{5}, Keys: []string{"a"}}}, "not both"},
		{digest, api.SwapOptions{Strategy: &api.Strategy{Kind: "canary", Hold: -1}}, "negative"},
		{digest, api.SwapOptions{Strategy: &api.Strategy{Kind: "shadow", MaxDiff: 2}}, "from 0 to 1"},
		{digest, api.SwapOptions{Strategy: &api.Strategy{Kind: "shadow", Then: "wait"}}, "promote or drop"},
	} {
		_, err := s.Swap(ctx, "delays", c.digest, c.o)
		is(t, err, api.InvalidArgument, c.words)
	}
	for _, r := range []api.Removal{{}, {Plugin: "a", Artifact: digest}, {Artifact: "sha256:1"}, {Plugin: "a", Revision: -1}} {
		_, err := s.Remove(ctx, r)
		is(t, err, api.InvalidArgument, "")
	}
	_, errDiff := s.Diff(ctx, "delays", -1, 0)
	is(t, errDiff, api.InvalidArgument, "count from 1")
	_, errLevel := s.Logs(ctx, api.LogQuery{Plugin: "delays", Level: "loud"})
	is(t, errLevel, api.InvalidArgument, "debug, info, warn or error")
	is(t, s.WatchLogs(ctx, api.LogQuery{Plugin: "delays", Tail: -1}, nil), api.InvalidArgument, "negative")
	is(t, s.Push(ctx, api.DigestPrefix+strings.Repeat("a", 64), 0, strings.NewReader("")), api.InvalidArgument, "size")
	is(t, s.Settle(ctx, "", pelton.Ack(), nil), api.InvalidArgument, "token")
	is(t, s.Settle(ctx, "d/1", pelton.Hold(time.Second), nil), api.InvalidArgument, "hold")
	is(t, s.Settle(ctx, "d/1", pelton.Verdict{Decision: pelton.DecisionDefer}, nil), api.InvalidArgument, "until")
	is(t, s.Settle(ctx, "d/1", later, emits), api.InvalidArgument, "emits")
	is(t, s.Extend(ctx, "d/1", 0), api.InvalidArgument, "lease")
	_, _, errKind := s.Parked(ctx, api.ParkedQuery{Kind: "lost"})
	is(t, errKind, api.InvalidArgument, "lost", "defer")
	_, _, errLimit := s.Dead(ctx, api.DeadQuery{Limit: -1})
	is(t, errLimit, api.InvalidArgument, "-1")
	_, errNone := s.Publish(ctx, "orders", api.Publication{})
	is(t, errNone, api.InvalidArgument, "orders")
	for _, c := range []struct {
		p    api.Publication
		want []string
	}{
		{api.Publication{Messages: []api.IngestMessage{{}, {Payload: make([]byte, apitest.MessageMost), Key: []byte("k")}}}, []string{"message 1", "arena.max_message", "64"}},
		{api.Publication{Messages: make([]api.IngestMessage, 11)}, []string{"11 messages", "ingest.max_messages", "10"}},
		{api.Publication{Messages: []api.IngestMessage{{IdempotencyKey: "a"}}, Key: "b"}, []string{"message 0", "idempotency key", "one of them"}},
		{api.Publication{Messages: make([]api.IngestMessage, 1), Key: strings.Repeat("k", 257)}, []string{"257 bytes", "256"}},
		{api.Publication{Messages: []api.IngestMessage{{IdempotencyKey: strings.Repeat("k", 257)}}}, []string{"message 0", "257 bytes"}},
	} {
		_, err := s.Publish(ctx, "orders", c.p)
		is(t, err, api.InvalidArgument, c.want...)
	}
	is(t, s.WatchStats(ctx, time.Millisecond, nil), api.InvalidArgument, "100ms")
	_, errBoth := s.Follow(ctx, api.FollowRequest{Name: "airports", Key: "k", Log: true})
	is(t, errBoth, api.InvalidArgument, "whole name")
	_, errTwo := s.Follow(ctx, api.FollowRequest{Name: "airports", From: api.FromNow, After: "1:2"})
	is(t, errTwo, api.InvalidArgument, "1:2")
	_, errFrom := s.Follow(ctx, api.FollowRequest{Name: "airports", From: 99})
	is(t, errFrom, api.InvalidArgument, "unknown value")
}

func TestClose(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, memory.New())
	feed, err := w.Service.Follow(t.Context(), api.FollowRequest{Name: "airports", Key: "ORD"})
	if err != nil {
		t.Fatal(err)
	}
	watched := make(chan error, 1)
	first := make(chan struct{}, 1)
	go func() {
		watched <- w.Service.WatchStats(context.Background(), time.Hour, func(api.Stats) error { first <- struct{}{}; return nil })
	}()
	<-first
	closed := make(chan struct{})
	go func() { w.Service.Close(); close(closed) }()
	events, err := feed.Next(t.Context())
	if err != nil || len(events) != 1 || events[0].Kind != api.KindClosed {
		t.Errorf("the feed gave %v, %v; want closed", events, err)
	}
	if _, err := feed.Next(t.Context()); !errors.Is(err, io.EOF) {
		t.Errorf("behind closed came %v, want io.EOF", err)
	}
	is(t, <-watched, api.Unavailable, "shutting down")
	select {
	case <-closed:
		t.Error("Close did not wait for the feed")
	default:
	}
	feed.Close()
	<-closed
	_, err = w.Service.Follow(t.Context(), api.FollowRequest{Name: "airports", Key: "ORD"})
	is(t, err, api.Unavailable)
	is(t, w.Service.Ready(t.Context()), api.Unavailable)
}

func TestJSON(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	snap := pelton.Snapshot{Session: "airports", Key: "ORD", Epoch: 7, ID: 3, Time: at, Payload: []byte(`{"n":3}`)}
	raw := snap
	raw.Payload, raw.ContentType = []byte("3"), "text/plain"
	dead := api.DeadLetter{
		ID: "d1", Delivery: "x>plugin/delays", Kind: api.DeadDelivery, Plugin: "delays", State: api.DeadStateDead, Key: "k",
		Origin: api.Origin{Source: "flights", Lane: "0", Position: 9}, Payload: []byte{0xff},
		Failure: api.Failure{Attempts: 5, Reason: "bad", Revision: 1, First: at, Last: at}, Headers: []pelton.Header{{Name: "a", Value: "b"}},
	}
	for _, c := range []struct {
		v    any
		want string
	}{
		{api.DocumentOf(&snap), `{"name":"airports","key":"ORD","epoch":7,"id":3,"time":"2026-01-02T03:04:05Z","payload":{"n":3}}`},
		{api.DocumentOf(&raw), `{"name":"airports","key":"ORD","epoch":7,"id":3,"time":"2026-01-02T03:04:05Z","payload_base64":"Mw=="}`},
		{dead, `{"id":"d1","delivery":"x\u003eplugin/delays","kind":"delivery","plugin":"delays","state":"dead","key":"k",` +
			`"attempts":5,"reason":"bad","revision":1,"first_failure":"2026-01-02T03:04:05Z","last_failure":"2026-01-02T03:04:05Z",` +
			`"replays":0,"source":"flights","lane":"0","position":9,"headers":[{"name":"a","value":"b"}],"payload_base64":"/w=="}`},
	} {
		got, err := json.Marshal(c.v)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != c.want {
			t.Errorf("JSON is\n%s\nwant\n%s", got, c.want)
		}
	}
}

func TestWriteError(t *testing.T) {
	t.Parallel()
	answer := httptest.NewRecorder()
	api.WriteError(answer, api.Errorf(api.ResourceExhausted, "full").With(api.DetailRetryAfter, "1500ms"))
	if answer.Code != 429 || answer.Header().Get("Retry-After") != "2" {
		t.Errorf("status %d, Retry-After %q; want 429, 2", answer.Code, answer.Header().Get("Retry-After"))
	}
	want := `{"error":{"code":"RESOURCE_EXHAUSTED","message":"full","detail":{"retry_after":"1500ms"}}}` + "\n"
	if answer.Body.String() != want {
		t.Errorf("body %s, want %s", answer.Body, want)
	}
}

func FuzzFollowCursor(f *testing.F) {
	for _, seed := range []string{"", "1:2", "@1:2", "18446744073709551615:18446744073709551615", "x"} {
		f.Add(seed)
	}
	w := apitest.New(f, memory.New())
	w.Add(f, "airports", "ORD", 3)
	f.Fuzz(func(t *testing.T, cursor string) {
		feed, err := w.Service.Follow(t.Context(), api.FollowRequest{Name: "airports", Key: "ORD", From: api.FromAfter, After: cursor})
		if err == nil {
			feed.Close()
			return
		}
		if !errors.Is(err, &api.Error{Code: api.InvalidArgument}) && !errors.Is(err, &api.Error{Code: api.OutOfRange}) {
			t.Errorf("cursor %q: %v", cursor, err)
		}
	})
}

// With coalesce, what comes within the time goes out together; a shutdown is not held up.
func TestCoalesce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := apitest.New(t, memory.New())
		feed, err := w.Service.Follow(t.Context(), api.FollowRequest{Name: "airports", Key: "ORD", From: api.FromBeginning, Coalesce: 20 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		defer feed.Close()
		go func() {
			for range 3 {
				w.Add(t, "airports", "ORD", 1)
				time.Sleep(5 * time.Millisecond)
			}
			time.Sleep(time.Minute)
			w.Add(t, "airports", "ORD", 1)
			synctest.Wait() // it is gathered
			w.Service.Close()
		}()
		if events, err := feed.Next(t.Context()); err != nil || len(events) != 3 {
			t.Fatalf("%d events at once, %v; want 3", len(events), err)
		}
		if events, err := feed.Next(t.Context()); err != nil || events[0].Kind != api.KindClosed || events[0].Cursor.ID != 3 {
			t.Errorf("%+v %v; want closed behind 3, where a client goes on", events, err)
		}
	})
	_, err := apitest.New(t, memory.New()).Service.Follow(t.Context(), api.FollowRequest{Name: "airports", Key: "a", Coalesce: time.Hour})
	is(t, err, api.InvalidArgument, "want 0 to 1s")
}
