package nats

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/internal/natsconn"
	"github.com/peltonhq/pelton/internal/natstest"
	"github.com/peltonhq/pelton/sink"
)

// keyed are effects with keys: "a1" is of key a.
func keyed(names ...string) []pelton.Effect {
	var all []pelton.Effect
	for i, name := range names {
		id := pelton.MessageID{Lane: pelton.LaneID{Source: "kit", Incarnation: "1", Lane: "a"}, Position: uint64(i)}
		all = append(all, pelton.Effect{
			ID: id.To(pelton.Target{Kind: pelton.TargetSink, Name: "late"}), Key: []byte(name[:len(name)-1]), Payload: []byte(name),
			ContentType: "text/plain", Trace: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
		})
	}
	return all
}

func opened(t *testing.T, p *place, subject string, change ...func(*Options)) *Sink {
	t.Helper()
	o := p.options()
	var err error
	if o.Subject, err = ParseSubject(subject); err != nil {
		t.Fatal(err)
	}
	for _, f := range change {
		f(&o)
	}
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestKeyed(t *testing.T) {
	p := newPlace(t)
	s := opened(t, p, "late.{key}.x")
	effects := keyed("eu1", "a b.c2", "*3", "4")
	err := s.Write(t.Context(), effects)
	var rejected *sink.Rejected
	if !errors.As(err, &rejected) || rejected.Index != 3 || !errors.Is(err, errNoKey) {
		t.Fatalf("got %v, want effect 3 rejected", err)
	}
	for range 2 { // the second time they are dropped by their ids
		if err := s.Write(t.Context(), effects[:3]); err != nil {
			t.Fatal(err)
		}
	}
	var subjects []string
	for _, m := range p.server.Messages(t, "LATE") {
		subjects = append(subjects, m.Subject())
	}
	if want := []string{"late.eu.x", "late.a%20b%2Ec.x", "late.%2A.x"}; !slices.Equal(subjects, want) {
		t.Errorf("got %q, want %q", subjects, want)
	}
	h := p.server.Messages(t, "LATE")[0].Headers()
	if h.Get(jetstream.MsgIDHeader) != effects[0].ID.String() || h.Get("Content-Type") != "text/plain" || h["traceparent"][0] != effects[0].Trace {
		t.Errorf("headers %v", h)
	}
}

// A stream that takes later messages and not an earlier one must not turn them round: the last of each come in order.
func TestOrderBehindAHole(t *testing.T) {
	p := newPlace(t)
	p.stream.MaxMsgsPerSubject, p.stream.Discard, p.stream.DiscardNewPerSubject = 1, jetstream.DiscardNew, true
	p.update([]string{"late.>"})
	s := opened(t, p, "late.{key}")
	effects := keyed("a1", "a2", "b1")
	for range 2 {
		if err := s.Write(t.Context(), effects); err == nil || errors.As(err, new(*sink.Rejected)) {
			t.Fatalf("a full subject: got %v, want a transient error", err)
		}
	}
	p.stream.MaxMsgsPerSubject = 10
	p.update([]string{"late.>"})
	if err := s.Write(t.Context(), effects); err != nil {
		t.Fatal(err)
	}
	if got := last(p.lines()); !slices.Equal(got, []string{"a1", "a2", "b1"}) {
		t.Errorf("got %q of %q", got, p.lines())
	}
	// The next write has its own ids again.
	if err := s.Write(t.Context(), effects[:1]); err != nil || strings.Count(strings.Join(p.lines(), " "), "a1") != 1 {
		t.Errorf("%v, %q", err, p.lines())
	}
}

// last keeps the last of equal lines.
func last(all []string) []string {
	var kept []string
	for i, l := range all {
		if !slices.Contains(all[i+1:], l) {
			kept = append(kept, l)
		}
	}
	return kept
}

func TestCore(t *testing.T) {
	s := natstest.Start(t, func(o *server.Options) { o.JetStream, o.MaxPayload = false, 1<<10 })
	nc, err := natsgo.Connect(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	sub, err := nc.SubscribeSync("late.>")
	if err != nil {
		t.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	subject, err := ParseSubject("late.{key}")
	if err != nil {
		t.Fatal(err)
	}
	sinkOf, err := Open(t.Context(), Options{Name: "late", Conn: natsconn.Options{URL: s.URL()}, Subject: subject, Core: true})
	if err != nil {
		t.Fatal(err)
	}
	defer sinkOf.Close()
	effects := keyed("a1", "b1", "c1")
	effects[2].Payload = make([]byte, 2<<10)
	var rejected *sink.Rejected
	if err := sinkOf.Write(t.Context(), effects); !errors.As(err, &rejected) || rejected.Index != 2 || !strings.Contains(err.Error(), "more than the server's max_payload (1024)") {
		t.Fatalf("got %v, want the third rejected", err)
	}
	for _, want := range []string{"a1", "b1"} {
		m, err := sub.NextMsgWithContext(t.Context())
		if err != nil || string(m.Data) != want {
			t.Errorf("got %v, %v, want %s", m, err, want)
		}
	}
	s.Restart(t)
	for sinkOf.Write(t.Context(), effects[:1]) != nil { // until it is connected again
	}
}

func TestOpenErrors(t *testing.T) {
	p := newPlace(t)
	plain := natstest.Start(t, func(o *server.Options) { o.JetStream = false })
	closed := natstest.Start(t)
	closed.Stop()
	for name, row := range map[string]struct {
		change func(*Options)
		want   string
		away   bool
	}{
		"no server":    {func(o *Options) { o.Conn.URL = closed.URL() }, "not reachable", true},
		"no JetStream": {func(o *Options) { o.Conn.URL = plain.URL() }, "has no JetStream for us; start the server with it (nats-server -js), or set mode: core", false},
		"no stream":    {func(o *Options) { o.Subject = Subject{parts: []string{"early"}} }, "nats.subject early: no stream on", false},
		"other stream": {func(o *Options) { o.Stream = "EARLY" }, "nats.stream EARLY: subject late.flights goes to stream LATE", false},
	} {
		o := p.options()
		row.change(&o)
		_, err := Open(t.Context(), o)
		if err == nil || !strings.Contains(err.Error(), row.want) || errors.Is(err, sink.ErrUnavailable) != row.away {
			t.Errorf("%s: got %v, want %s", name, err, row.want)
		}
	}
}

func FuzzSubject(f *testing.F) {
	for _, s := range []string{"late", "late.{key}", "{key}.{key}", "a..b", "a.*", "a b", "{kye}", "a{key}b.c"} {
		f.Add(s, []byte("e u.>%*"))
	}
	f.Fuzz(func(t *testing.T, text string, key []byte) {
		s, err := ParseSubject(text)
		if err != nil {
			return
		}
		got, err := s.of(key)
		if errors.Is(err, errNoKey) {
			return
		}
		if err != nil || strings.Count(got, ".") != strings.Count(text, ".") || strings.ContainsAny(got, " *>\r\n\t") {
			t.Errorf("%q of %q is %q, %v", text, key, got, err)
		}
		if other, _ := s.of(append(key, 'x')); s.Keyed() && other == got {
			t.Errorf("%q: two keys have the subject %q", text, got)
		}
	})
}
