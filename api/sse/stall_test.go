package sse_test

import (
	"context"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/apitest"
	"github.com/peltonhq/pelton/api/meter"
	"github.com/peltonhq/pelton/api/sse"
)

func get(ctx context.Context, t *testing.T, url string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	answer, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = answer.Body.Close() })
	return answer
}

// A client that takes nothing is cut off and holds nothing of the session any more.
func TestStall(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, open())
	payload := []byte(`"` + strings.Repeat("x", 256<<10) + `"`)
	for range 80 {
		if _, err := w.Service.Append(t.Context(), api.AppendRequest{Name: "airports", Key: "ORD", Payload: payload}); err != nil {
			t.Fatal(err)
		}
	}
	count := new(meter.Door)
	server := serve(t, w, sse.Options{Stall: 200 * time.Millisecond, Meter: count})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	answer := get(ctx, t, server.URL+"/v1/sessions/airports/ORD/events?after=")
	begun := false
	read(answer.Body, func(e event) bool { begun = e.name == "hello"; return false })
	if !begun {
		t.Fatal("the stream did not begin with hello")
	}
	s, err := w.Open("airports")
	if err != nil {
		t.Fatal(err)
	}
	for s.Stats().Followers > 0 {
		if err := ctx.Err(); err != nil {
			t.Fatal(err)
		}
		runtime.Gosched()
	}
	if n := count.Figures().Refused["stall"]; n != 1 {
		t.Errorf("%d clients that took nothing are counted", n)
	}
}

func TestKeepAlive(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, open())
	server := serve(t, w, sse.Options{KeepAlive: time.Millisecond})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	answer := get(ctx, t, server.URL+"/v1/sessions/airports/ORD/events")
	var text strings.Builder
	for buf := make([]byte, 256); strings.Count(text.String(), "\n:\n\n") < 3; {
		n, err := answer.Body.Read(buf)
		text.Write(buf[:n])
		if err != nil {
			t.Fatalf("after %q: %v", text.String(), err)
		}
	}
	if !strings.HasPrefix(text.String(), "event: hello\n") {
		t.Errorf("the stream began with %q", text.String())
	}
}
