package tracing

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/loop"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, endpoint string, sample float64, queue int) *Tracer {
	t.Helper()
	tracer, err := Open(t.Context(), Options{Endpoint: endpoint, Sample: sample, Queue: queue, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	return tracer
}

func message(position uint64) pelton.MessageID {
	return pelton.MessageID{Lane: pelton.LaneID{Source: "s", Incarnation: "i", Lane: "l"}, Position: position}
}

// Which messages are traced, and by what ids, follows from their identity.
func TestBegin(t *testing.T) {
	const n = 10_000
	for _, share := range []float64{0, 0.25, 1} {
		a, b := open(t, "http://127.0.0.1:1", share, 64), open(t, "http://127.0.0.1:1", share, 64)
		seen := map[string]bool{}
		for i := range uint64(n) {
			trace := a.Begin(message(i))
			if again := b.Begin(message(i)); trace != again {
				t.Fatalf("message %d has %q once and %q another time", i, trace, again)
			}
			if trace == "" {
				continue
			}
			if _, err := parse(trace); err != nil || !strings.HasSuffix(trace, "-01") || seen[trace] {
				t.Fatalf("message %d has %q: %v, seen %v", i, trace, err, seen[trace])
			}
			seen[trace] = true
		}
		if got := float64(len(seen)) / n; got < share-0.03 || got > share+0.03 {
			t.Errorf("%v of the messages are traced, want %v", got, share)
		}
		for _, tracer := range []*Tracer{a, b} {
			if err := tracer.Close(t.Context()); err != nil {
				t.Error(err)
			}
		}
	}
}

// Spans that find no room are counted, and so are those that the collector refuses.
func TestCounts(t *testing.T) {
	hold := make(chan struct{})
	code := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		<-hold
		w.WriteHeader(code)
	}))
	defer server.Close()
	for _, row := range []struct {
		code         int
		sent, failed uint64
	}{{http.StatusOK, 64, 0}, {http.StatusBadRequest, 0, 64}} {
		code, hold = row.code, make(chan struct{})
		tracer := open(t, server.URL, 1, 64)
		for i := range uint64(100) {
			tracer.Step(loop.Step{Op: loop.OpReceive, Trace: tracer.Begin(message(i)), Message: message(i), Start: time.Now(), End: time.Now()})
		}
		if s := tracer.Stats(); s.Dropped != 36 || s.Queued != 64 {
			t.Errorf("%+v, want 36 dropped of 100 with room for 64", s)
		}
		close(hold)
		_ = tracer.Close(context.Background()) // it tells what the collector answered
		if s := tracer.Stats(); s.Sent != row.sent || s.Failed != row.failed || s.Queued != 0 {
			t.Errorf("the collector answers %d: %+v", row.code, s)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, endpoint := range []string{"", "127.0.0.1:4318", "ftp://x", "http://", "http://[::1"} {
		if _, err := Open(t.Context(), Options{Endpoint: endpoint}); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q", endpoint)) {
			t.Errorf("endpoint %q: %v", endpoint, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	f.Add("00-00000000000000000000000000000000-b7ad6b7169203331-01")
	f.Add("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parse(text)
		if err == nil && (!c.IsValid() || text[:53] != fmt.Sprintf("00-%s-%s-", c.TraceID(), c.SpanID())) {
			t.Errorf("%q was read as %s-%s", text, c.TraceID(), c.SpanID())
		}
	})
}
