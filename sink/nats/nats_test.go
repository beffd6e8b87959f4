package nats

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/internal/natsconn"
	"github.com/peltonhq/pelton/internal/natstest"
	"github.com/peltonhq/pelton/sink"
	"github.com/peltonhq/pelton/sink/sinktest"
)

func TestMain(m *testing.M) {
	// A publisher of the client that is closed just as it begins leaves this behind: it waits for a channel that is gone.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/nats-io/nats.go/jetstream.(*jetStream).resetPendingAcksOnReconnect"))
}

var (
	errCut  = errors.New("cut off by a test")
	errDead = errors.New("killed by a test")
)

// place is a server with a stream, and faults between it and the sink.
type place struct {
	t       *testing.T
	server  *natstest.Server
	stream  jetstream.StreamConfig
	subject Subject
	before  func() error      // the next write, once, before it
	after   func(n int) error // the next write, once, behind it
	only    func(n int) int   // how many effects of it are written
	dead    bool              // until the sink is opened again
}

func newPlace(t *testing.T) *place {
	p := &place{t: t, server: natstest.Start(t, func(o *server.Options) { o.MaxPayload = 64 << 10 })}
	p.stream = jetstream.StreamConfig{Name: "LATE", Subjects: []string{"late.>"}, MaxMsgSize: 32 << 10}
	p.server.Stream(t, p.stream)
	var err error
	if p.subject, err = ParseSubject("late.flights"); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *place) options() Options {
	return Options{Name: "late", Conn: natsconn.Options{URL: p.server.URL()}, Subject: p.subject, AckTimeout: 500 * time.Millisecond}
}

func (p *place) open() (sink.Sink, error) {
	s, err := Open(p.t.Context(), p.options())
	if err != nil {
		return nil, err
	}
	p.dead, p.before, p.after, p.only = false, nil, nil, nil
	return &faulty{s, p}, nil
}

// lines are the payloads of the stream, whatever their subject.
func (p *place) lines() []string {
	p.t.Helper()
	var all []string
	for _, m := range p.server.Messages(p.t, "LATE") {
		all = append(all, string(m.Data()))
	}
	return all
}

// faulty is the sink with the faults of its place.
type faulty struct {
	*Sink
	p *place
}

func (f *faulty) Write(ctx context.Context, effects []pelton.Effect) error {
	p := f.p
	if p.dead {
		return errDead
	}
	if before := p.before; before != nil {
		p.before = nil
		if err := before(); err != nil {
			return err
		}
	}
	part := effects
	if p.only != nil {
		part = effects[:p.only(len(effects))]
	}
	err := f.Sink.Write(ctx, part)
	if after := p.after; after != nil {
		p.after, p.only = nil, nil
		return errors.Join(err, after(len(part)))
	}
	return err
}

func (p *place) faults() map[string]func() {
	return map[string]func(){
		"no stream": func() {
			// The stream is sealed off from the subject for one attempt: nobody answers.
			p.before = func() error { p.update([]string{"elsewhere"}); return nil }
			p.after = func(int) error { p.update([]string{"late.>"}); return nil }
		},
		"server restarts":  func() { p.before = func() error { p.server.Restart(p.t); return nil } },
		"not acknowledged": func() { p.after = func(int) error { return errCut } },
	}
}

func (p *place) update(subjects []string) {
	p.t.Helper()
	p.stream.Subjects = subjects
	if _, err := p.server.JetStream(p.t).UpdateStream(context.Background(), p.stream); err != nil {
		p.t.Error(err)
	}
}

func (p *place) crashes() map[string]func() {
	die := func(int) error { p.dead = true; return errDead }
	return map[string]func(){
		"before the write":    func() { p.before = func() error { return die(0) } },
		"half published":      func() { p.only, p.after = func(n int) int { return n / 2 }, die },
		"published, not said": func() { p.after = die },
	}
}

func TestConformance(t *testing.T) {
	sinktest.Run(t, func(t *testing.T) sinktest.Kit {
		p := newPlace(t)
		return sinktest.Kit{
			Real: true, Open: p.open, Lines: p.lines, Faults: p.faults(), Crashes: p.crashes(), Rejects: []byte(strings.Repeat("x", 33<<10)),
		}
	})
}
