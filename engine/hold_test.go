package engine_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/client"
)

// stuck is a follower with slow=block that takes nothing behind the first line. It is there when it returns.
func (l *live) stuck() (hangUp func()) {
	l.Helper()
	c, err := new(net.Dialer).DialContext(l.Context(), "tcp", l.addr)
	if err != nil {
		l.Fatal(err)
	}
	if t, ok := c.(*net.TCPConn); ok {
		_ = t.SetReadBuffer(4 << 10) // a hint
	}
	fmt.Fprintf(c, "GET /v1/sessions/out/events?slow=block&from=now HTTP/1.1\r\nHost: %s\r\n\r\n", l.addr)
	if line, err := bufio.NewReader(c).ReadString('\n'); err != nil || !strings.Contains(line, "200") {
		l.Fatalf("%q, %v", line, err)
	}
	l.until("the follower is there", func(s api.Stats) bool { return s.Sessions[0].Blockers == 1 })
	return func() { _ = c.Close() }
}

// until looks at the figures until they are as they should be.
func (l *live) until(what string, ok func(api.Stats) bool) {
	l.Helper()
	var s api.Stats
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		var err error
		if s, err = l.client.Stats(l.Context()); err != nil {
			l.Fatal(err)
		}
		if ok(s) {
			return
		}
	}
	l.Fatalf("never: %s; %+v", what, s)
}

// flood publishes messages that no buffer of a connection has room for.
func (l *live) flood(from, to int) {
	l.Helper()
	var p api.Publication
	for n := from; n < to; n++ {
		p.Messages = append(p.Messages, api.IngestMessage{Key: fmt.Appendf(nil, "k%d", n%8), Payload: fmt.Appendf(nil, "%d%s", n, strings.Repeat("x", 64<<10))})
	}
	if _, err := l.client.Publish(l.Context(), "in", p); err != nil {
		l.Fatal(err)
	}
}

// A follower that may hold its session up pauses the source before it, and nothing else: another session goes on, a config is
// applied, a stop ends. When it hangs up everything comes, once and in order.
func TestHold(t *testing.T) {
	const n = 300
	text := "arena: {size: 4MiB}\n" + strings.Replace(base, "out: {from: [first]}", "out: {from: [first], follow: {lag: 20, block: 1h}}", 1)
	l := start(t, text)
	hangUp := l.stuck()
	l.flood(0, n)
	if e := l.wait("warning"); !strings.HasPrefix(e.Reason, "session out: a follower, anybody at 127.0.0.1, of the whole name holds it up (slow: block), 20 snapshots") {
		t.Errorf("told %q", e.Reason)
	}
	var aside uint64
	l.until("the source pauses", func(s api.Stats) bool {
		aside = s.Sessions[1].Snapshots
		held := s.Sessions[0]
		return s.Sources[0].State == "paused" && strings.Contains(s.Sources[0].Reason, "session/out takes no more") && held.Holding == 1 && held.HeldNs > 0 && strings.Contains(held.HeldBy, "holds it up")
	})
	l.until("the other session goes on", func(s api.Stats) bool { return s.Sessions[1].Snapshots > aside })
	l.apply(strings.Replace(text, "{name: echo}}", "{name: echo}, retry: {attempts: 9}}", 1), api.AppliedChanged)
	hangUp()
	l.until("everything comes", func(s api.Stats) bool { return s.Sessions[0].Snapshots == n })
	all := l.session("out", n)
	for _, texts := range all {
		for i := range texts {
			texts[i] = strings.TrimRight(texts[i], "x")
		}
	}
	exact(t, all, n)
	l.until("nobody holds it", func(s api.Stats) bool { return s.Sessions[0].Holding == 0 && s.Sessions[0].Blockers == 0 })
	defer l.stuck()()
	l.flood(n, 2*n)
	l.until("it is held again, until the wheel ends", func(s api.Stats) bool { return s.Sessions[0].Holding == 1 })
}

// Nobody may where the config does not say so.
func TestHoldRefused(t *testing.T) {
	l := start(t, base)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, err := range l.client.Follow(ctx, api.FollowRequest{Name: "out", Log: true, Slow: api.SlowBlock}, client.FollowOptions{}) {
		if e := api.Wrap(err); e == nil || e.Code != api.FailedPrecondition || !strings.Contains(e.Message, "sessions.out.follow.block: 10s") {
			t.Errorf("%v", err)
		}
	}
}
