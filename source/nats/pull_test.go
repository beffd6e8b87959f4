package nats

import (
	"context"
	"strings"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/peltonhq/pelton/internal/natstest"
)

// pulling is a lane of which a test pulls by itself, and a connection that says what the server would.
func pulling(t *testing.T, most int, payloads ...string) (*pull, *natsgo.Conn, *natstest.Server) {
	t.Helper()
	s, o := orders(t, jetstream.StreamConfig{}, payloads...)
	o.MaxMessages = most
	from := New(o)
	lanes, err := from.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p, err := newPull(lanes[0].(*lane))
	if err != nil {
		t.Fatal(err)
	}
	c, err := natsgo.Connect(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Close()
		p.close()
		if err := from.Close(); err != nil {
			t.Error(err)
		}
	})
	return p, c, s
}

// say sends a status to the inbox as the server does.
func (p *pull) say(t *testing.T, c *natsgo.Conn, h natsgo.Header) {
	t.Helper()
	if err := c.PublishMsg(&natsgo.Msg{Subject: p.sub.Subject, Header: h}); err != nil {
		t.Fatal(err)
	}
	if err := c.Flush(); err != nil {
		t.Fatal(err)
	}
}

// holds waits until so many messages wait in the client.
func (p *pull) holds(t *testing.T, n int) {
	t.Helper()
	for end := time.Now().Add(time.Minute); len(p.inbox) < n; {
		if time.Now().After(end) { // a hang
			t.Fatalf("%d wait in the client, want %d", len(p.inbox), n)
		}
		if err := p.lane.conn.Flush(); err != nil { // what the server sent before is here
			t.Fatal(err)
		}
	}
}

// A reader that takes nothing for a while loses nothing of what it asked for, whatever the server says meanwhile: the
// client drops what it has no room for.
func TestPullRoom(t *testing.T) {
	p, c, _ := pulling(t, 4, "1", "2", "3", "4", "5")
	lost := p.lane.conn.Lost()
	if err := p.ask(); err != nil {
		t.Fatal(err)
	}
	p.holds(t, 4+1) // the last is the word that the request is done
	for range spare - 1 {
		p.say(t, c, natsgo.Header{"Status": {"100"}, "Description": {"Idle Heartbeat"}})
	}
	p.holds(t, 4+spare)
	for n := 1; n <= 5; n++ {
		m, err := p.next(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if meta, err := m.Metadata(); err != nil || meta.Sequence.Consumer != uint64(n) {
			t.Fatalf("%+v, %v; want delivery %d", meta, err, n)
		}
	}
	select {
	case <-lost:
		t.Error("the client dropped something")
	default:
	}
}

// What the server gives back of a request is asked for again; what it says otherwise ends the pull.
func TestPullStatus(t *testing.T) {
	p, c, s := pulling(t, 4)
	for _, code := range []string{"408", "409"} {
		if err := p.ask(); err != nil || p.left != 4 {
			t.Fatalf("%d asked for, %v", p.left, err)
		}
		p.say(t, c, natsgo.Header{"Status": {code}, "Nats-Pending-Messages": {"4"}})
		p.holds(t, 1)
		if m, err := p.take(<-p.inbox); m != nil || err != nil || p.left != 0 {
			t.Errorf("after %s: %v, %v, %d are left", code, m, err, p.left)
		}
	}
	s.Publish(t, "orders.eu", "one")
	if m, err := p.next(t.Context(), nil); err != nil || string(m.Data) != "one" {
		t.Errorf("%v, %v", m, err)
	}
	for text, h := range map[string]natsgo.Header{
		"409 Consumer Deleted": {"Status": {"409"}, "Description": {"Consumer Deleted"}},
		"status 503":           {"Status": {"503"}},
		"status 408 Odd":       {"Status": {"408"}, "Description": {"Odd"}, "Nats-Pending-Messages": {"-1"}},
	} {
		p.say(t, c, h)
		if m, err := p.next(t.Context(), nil); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%v, %v; want %s", m, err, text)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.next(ctx, nil); err == nil {
		t.Error("it waits though its context is over")
	}
}
