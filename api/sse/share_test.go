package sse_test

import (
	"context"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/apitest"
	"github.com/peltonhq/pelton/api/sse"
)

// shared is a server of HTTP/2 whose client has one connection for all streams.
type shared struct {
	*apitest.World
	follow func(query string) *http.Response
}

func share(t *testing.T, o sse.Options) shared {
	t.Helper()
	w := apitest.New(t, open())
	w.Add(t, "airports", "ORD", 1) // born
	mux := http.NewServeMux()
	sse.Mount(mux, w.Service, o)
	var from atomic.Value
	server := serveTLS(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if first := from.Swap(r.RemoteAddr); first != nil && first != r.RemoteAddr {
			t.Errorf("connections from %s and %s, want one", first, r.RemoteAddr)
		}
		mux.ServeHTTP(w, r)
	}), 2)
	return shared{w, func(query string) *http.Response {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/v1/sessions/airports/ORD/events?"+query, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := server.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = answer.Body.Close() })
		return answer
	}}
}

// large are more bytes than a stream's window has in a few hundred snapshots.
var large = []byte(`"` + strings.Repeat("x", 64<<10) + `"`)

func (s shared) append(ctx context.Context, t *testing.T, n int) {
	t.Helper()
	for range n {
		if _, err := s.Service.Append(ctx, api.AppendRequest{Name: "airports", Key: "ORD", Payload: large}); err != nil {
			t.Error(err)
		}
	}
}

// A stream that nobody reads holds up no other one of its connection. Later it is given everything, or with conflate, being
// more than a batch behind, the newest behind a gap.
func TestStuckShared(t *testing.T) {
	t.Parallel()
	s := share(t, sse.Options{})
	stuck, conflated, other := s.follow("from=now"), s.follow("from=now&slow=conflate"), s.follow("from=now")
	const snapshots = 400
	go s.append(context.Background(), t, snapshots)
	take(t, "the other", other.Body, snapshots)
	next, gaps := uint64(2), 0
	read(conflated.Body, func(e event) bool {
		switch id := cursor(e.id).ID; {
		case e.name == "gap" && id >= next:
			gaps, next = gaps+1, id+1
		case e.name == "snapshot" && id == next:
			next++
		case e.name != "hello":
			t.Errorf("S1: %s %d came, want %d", e.name, id, next)
			return false
		}
		return next < snapshots+2
	})
	if gaps == 0 || next != snapshots+2 {
		t.Errorf("the one that conflates has %d gaps, up to %d", gaps, next-1)
	}
	take(t, "the stuck one", stuck.Body, snapshots)
}

// A stream that nobody reads for the stall time is reset, and the others of its connection go on.
func TestStallShared(t *testing.T) {
	t.Parallel()
	s := share(t, sse.Options{Stall: 5 * time.Second})
	stuck, other := s.follow("from=now"), s.follow("from=now")
	const snapshots = 400
	go s.append(context.Background(), t, snapshots)
	take(t, "the other", other.Body, snapshots)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	sessions, err := s.Open("airports")
	if err != nil {
		t.Fatal(err)
	}
	for sessions.Stats().Followers > 1 {
		if err := ctx.Err(); err != nil {
			t.Fatal(err)
		}
		runtime.Gosched()
	}
	s.append(ctx, t, 1)
	read(other.Body, func(e event) bool {
		if id := cursor(e.id).ID; id != snapshots+2 {
			t.Errorf("the other was given %s %d, want %d", e.name, id, snapshots+2)
		}
		return false
	})
	var end error
	for buf := make([]byte, 64<<10); end == nil; {
		_, end = stuck.Body.Read(buf)
	}
	if !strings.Contains(end.Error(), "stream error") {
		t.Errorf("the stuck one ended with %v, want a reset", end)
	}
}
