package engine_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor/native"
	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/client"
	"github.com/peltonhq/pelton/engine"
	"github.com/peltonhq/pelton/engine/config"
)

// moody retries a message, defers it, and acks it; what begins with "poison" it gives up once, and acks when it comes
// back.
type moody struct{ poisoned bool }

func (*moody) Init([]byte) ([]pelton.Output, error) { return []pelton.Output{{Name: "out"}}, nil }

func (p *moody) Handle(m *native.Message, out *native.Out) pelton.Verdict {
	switch {
	case strings.HasPrefix(string(m.Payload()), "poison"):
		if !p.poisoned {
			p.poisoned = true
			return pelton.Dead("poison")
		}
	case m.Attempt() == 1:
		return pelton.Retry(time.Millisecond)
	case m.Defers() == 0:
		return pelton.Defer(m.Time().Add(time.Hour)) // long enough to be parked
	}
	out.Emit("out", []byte("k"), m.Payload())
	return pelton.Ack()
}

// spans is a collector of OTLP over HTTP.
type spans struct {
	mu    sync.Mutex
	all   []string // "TRACE NAME attribute…"
	heard chan struct{}
}

func collect(t *testing.T) (*spans, string) {
	t.Helper()
	s := &spans{heard: make(chan struct{}, 1)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var request collector.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(body, &request)
		}
		if err != nil || r.URL.Path != "/v1/traces" {
			t.Errorf("%s: %v", r.URL, err)
		}
		for _, resource := range request.GetResourceSpans() {
			for _, scope := range resource.GetScopeSpans() {
				s.take(scope.GetSpans())
			}
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(server.Close)
	return s, server.URL
}

func (s *spans) take(list []*otlp.Span) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, span := range list {
		text := []string{hex.EncodeToString(span.GetTraceId()), span.GetName()}
		for _, a := range span.GetAttributes() {
			switch a.GetKey() {
			case "pelton.revision", "pelton.attempt":
				text = append(text, strconv.FormatInt(a.GetValue().GetIntValue(), 10))
			case "pelton.digest":
				scheme, _, _ := strings.Cut(a.GetValue().GetStringValue(), ":")
				text = append(text, scheme)
			case "pelton.verdict":
				text = append(text, a.GetValue().GetStringValue())
			}
		}
		if m := span.GetStatus().GetMessage(); m != "" {
			text = append(text, "failed: "+m)
		}
		s.all = append(s.all, strings.Join(text, " "))
	}
	select {
	case s.heard <- struct{}{}:
	default:
	}
}

// of are the spans of a trace once there are n, in any order.
func (s *spans) of(t *testing.T, trace string, n int) []string {
	t.Helper()
	for {
		s.mu.Lock()
		var found []string
		for _, text := range s.all {
			if rest, ok := strings.CutPrefix(text, trace+" "); ok {
				found = append(found, rest)
			}
		}
		s.mu.Unlock()
		if len(found) >= n {
			slices.Sort(found)
			return found
		}
		select {
		case <-s.heard:
		case <-t.Context().Done():
			t.Fatalf("%d spans of %s, want %d: %q", len(found), trace, n, found)
		}
	}
}

// moods runs a wheel with a source of HTTP and gives a client of it; it ends with the test.
func moods(t *testing.T, endpoint string, sample float64) *client.Client {
	t.Helper()
	c, err := config.Parse(fmt.Appendf(nil, `
sources: {in: {http: {}}}
plugins: {moody: {from: [in], native: {name: moody}, retry: {attempts: 9}}}
sessions: {out: {from: [moody.out]}}
traces: {endpoint: %q, sample: %g}
api: {listen: "127.0.0.1:0", grpc: "127.0.0.1:0"}
`, endpoint, sample), filepath.Join(t.TempDir(), "pelton.yaml"), nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	listening, ended := make(chan string, 1), make(chan error, 1)
	go func() {
		ended <- engine.Run(ctx, c, engine.Options{
			CacheDir: t.TempDir(), Native: native.Registry{"moody": native.Module("moody", func() native.Plugin { return new(moody) })},
			Events: func(e engine.Event) {
				if e.Event == "listening" {
					listening <- e.HTTP
				}
			},
		})
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	cl := client.New(<-listening)
	t.Cleanup(cl.Close)
	return cl
}

func post(t *testing.T, cl *client.Client, payload, traceparent string) {
	t.Helper()
	m := api.IngestMessage{Payload: []byte(payload)}
	if traceparent != "" {
		m.Headers = []pelton.Header{{Name: "traceparent", Value: traceparent}}
	}
	if _, err := cl.Publish(t.Context(), "in", api.Publication{Messages: []api.IngestMessage{m}}); err != nil {
		t.Fatal(err)
	}
}

// soon asks until there is something: a span is told before its record is durable.
func soon(t *testing.T, ask func() (int, error)) {
	t.Helper()
	for n := 0; n == 0; {
		var err error
		if n, err = ask(); err != nil {
			t.Fatal(err)
		}
	}
}

// A message's own trace goes with it through a retry, the parking lot, the dead letters and a replay.
func TestTraceContext(t *testing.T) {
	collected, endpoint := collect(t)
	cl := moods(t, endpoint, 0)
	const one, other = "0af7651916cd43dd8448eb211c80319c", "1af7651916cd43dd8448eb211c80319c"
	post(t, cl, "hello", "00-"+one+"-b7ad6b7169203331-01")
	post(t, cl, "untraced", "00-2af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00")
	post(t, cl, "poison", "00-"+other+"-b7ad6b7169203331-01")
	post(t, cl, "no trace at all", "")
	collected.of(t, one, 3)
	soon(t, func() (int, error) { return cl.Release(t.Context(), nil, api.ParkedQuery{}, false) })
	want := []string{"process moody 1 sha256 1 retry", "process moody 1 sha256 2 ack", "process moody 1 sha256 2 defer", "receive in", "write session/out 1 sha256"}
	if got := collected.of(t, one, 5); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	collected.of(t, other, 2)
	soon(t, func() (int, error) {
		r, err := cl.Replay(t.Context(), nil, api.DeadQuery{}, api.ReplayOptions{})
		return r.Replayed, err
	})
	want = []string{"process moody 1 sha256 1 ack", "process moody 1 sha256 1 dead failed: poison", "receive in", "write session/out 1 sha256"}
	if got := collected.of(t, other, 4); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	collected.mu.Lock()
	defer collected.mu.Unlock()
	if len(collected.all) != 9 {
		t.Errorf("%d spans, want 9: %q", len(collected.all), collected.all)
	}
}
