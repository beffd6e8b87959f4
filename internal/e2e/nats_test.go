package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/internal/natstest"
)

// fleet is a server with the flights in a stream, and the example's config to read them from it. The first half of them is
// there; publish gives the rest.
func fleet(t *testing.T) (s *natstest.Server, config string, publish func()) {
	t.Helper()
	s = natstest.Start(t)
	s.Stream(t, jetstream.StreamConfig{Name: "FLIGHTS", Subjects: []string{"flights.>"}})
	s.Stream(t, jetstream.StreamConfig{Name: "LATE", Subjects: []string{"late.>"}})
	text, err := os.ReadFile("../../examples/flights/flights.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	lines := slices.Collect(strings.Lines(string(text)))
	half := len(lines) / 2
	publishAll(t, s, lines[:half])
	config = example(t,
		"file:\n      path: flights.jsonl\n      rate: 2000/s             # ten seconds to watch; delete this line for full speed", fmt.Sprintf("nats: {url: %q, stream: FLIGHTS, durable: wheel}", s.URL()),
		"sinks:\n", fmt.Sprintf("sinks:\n  again:\n    from: [delays.late]\n    nats: {url: %q, subject: 'late.{key}'}\n", s.URL()),
	)
	return s, config, func() { publishAll(t, s, lines[half:]) }
}

// publishAll publishes lines, and returns once all are stored.
func publishAll(t *testing.T, s *natstest.Server, lines []string) {
	t.Helper()
	js := s.JetStream(t)
	for _, line := range lines {
		if _, err := js.PublishAsync("flights.in", []byte(strings.TrimSuffix(line, "\n")), jetstream.WithStallWait(patience)); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case <-js.PublishAsyncComplete():
	case <-limited(t).Done():
		t.Fatal("the server does not store the flights")
	}
}

// TestNATSKill kills a wheel three times while it reads a stream, and restarts the server once: nothing is lost, no
// snapshot is there twice, and the stream that the sink fills has every late flight.
func TestNATSKill(t *testing.T) {
	t.Parallel()
	s, config, publish := fleet(t)
	r := reader{t: t, name: "airports"}
	rnd := random(t)
	for i := range 3 {
		n := 1 + rnd.IntN(1500)
		w := start(t, config)
		r.read(w, n)
		w.kill()
		t.Logf("kill %d behind %d further snapshots, %d in all", i+1, n, len(r.seen))
	}
	s.Restart(t)
	publish()

	o := flights(t)
	w := start(t, config)
	r.read(w, o.total-len(r.seen))
	w.until(func(st api.Stats) bool {
		return st.Sources[0].Lanes[0].Watermark == uint64(o.total)+1 && st.Lot.Parked == 0
	})
	fresh := reader{t: t, name: "airports"}
	fresh.read(w, o.total)
	o.snapshots(t, fresh.seen, always)
	figures(t, w)
	o.sink(t, read(t, filepath.Join(w.dir(), "late.jsonl")))
	w.stop()

	c, err := s.JetStream(t).Consumer(limited(t), "FLIGHTS", "wheel")
	if err != nil {
		t.Fatal(err)
	}
	if info := c.CachedInfo(); info.AckFloor.Stream != uint64(o.total) || info.NumAckPending != 0 {
		t.Errorf("the consumer shows %d of %d acknowledged, %d pending", info.AckFloor.Stream, o.total, info.NumAckPending)
	}
	// The stream drops what it has already, so that the sink repeats nothing within its dedup window either.
	var text strings.Builder
	for _, m := range s.Messages(t, "LATE") {
		text.Write(m.Data())
		text.WriteByte('\n')
	}
	o.sink(t, text.String())
}

// TestNATSRefused: what a wheel says when there is no server, no stream, or a name is taken.
func TestNATSRefused(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t)
	s.Stream(t, jetstream.StreamConfig{Name: "ORDERS", Subjects: []string{"orders.>"}})
	if _, err := s.JetStream(t).CreateConsumer(t.Context(), "ORDERS", jetstream.ConsumerConfig{Durable: "theirs"}); err != nil {
		t.Fatal(err)
	}
	gone := natstest.Start(t)
	gone.Stop()
	for name, row := range map[string]struct {
		source, sink string
		code         int
		want         string
	}{
		"no server":       {`{url: "` + gone.URL() + `", stream: ORDERS, durable: d}`, "stdout: {}", 3, "source orders: nats.url " + gone.URL() + ": not reachable"},
		"no stream":       {`{url: "` + s.URL() + `", stream: ODERS, durable: d}`, "stdout: {}", 2, "nats.stream ODERS does not exist on " + s.URL()},
		"a taken name":    {`{url: "` + s.URL() + `", stream: ORDERS, durable: theirs}`, "stdout: {}", 2, "nats.durable theirs: stream ORDERS has a consumer of that name which Pelton did not make"},
		"sink, nobody":    {`{url: "` + s.URL() + `", stream: ORDERS, durable: d}`, `nats: {url: "` + s.URL() + `", subject: nowhere}`, 2, "sink out: nats.subject nowhere: no stream on " + s.URL() + " takes it"},
		"sink, no server": {`{url: "` + s.URL() + `", stream: ORDERS, durable: d}`, `nats: {url: "` + gone.URL() + `", subject: orders.x}`, 3, "sink out: nats.url " + gone.URL() + ": not reachable"},
	} {
		config := write(t, filepath.Join(t.TempDir(), "pelton.yaml"), "sources: {orders: {nats: "+row.source+"}}\nsinks: {out: {from: [orders], "+row.sink+"}}\n")
		if r := finish(t, wheelOf(t, config)); r.code != row.code || !strings.Contains(r.err, row.want) {
			t.Errorf("%s: exit %d, %s\nwant %d with %s", name, r.code, r.err, row.code, row.want)
		}
		if r := finish(t, command(limited(t), "check", config)); r.code != 0 {
			t.Errorf("%s: check asks a server: %+v", name, r)
		}
	}
}
