package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/peltonhq/pelton/internal/faults/feed"
)

// network is a row of the table.
type network struct {
	name, says, source string
	harm               func(c *course, ctx context.Context, l *line) error // once, while messages flow
}

var networks = []network{
	{"nats", "nats: resets, silence, delay, a thin line; the server is killed too", "nats", (*course).toxic},
	{"http", "its clients: resets, silence, delay, a thin line", "http", (*course).toxic},
	{"kafka", "kafka: others join and leave the group", "kafka", (*course).storm},
}

// toxics are what a line may carry, by toxiproxy, and for how long. A cut one is reset at its end, so that both sides know.
var toxics = []struct {
	toxic string
	spell time.Duration
	cut   bool
}{
	{`"reset_peer", "attributes": {"timeout": 0}`, 300 * time.Millisecond, false},
	{`"timeout", "attributes": {"timeout": 0}`, time.Second, true},
	{`"latency", "attributes": {"latency": 100, "jitter": 80}`, 700 * time.Millisecond, false},
	{`"bandwidth", "attributes": {"rate": 200}`, 700 * time.Millisecond, false},
	{`"limit_data", "attributes": {"bytes": 20000}`, 300 * time.Millisecond, false},
}

// line is a way that can be made bad.
type line struct {
	server *toxiproxy.ApiServer
	proxy  *toxiproxy.Proxy
	turn   int
}

func newLine() *line {
	zerolog.SetGlobalLevel(zerolog.Disabled) // some toxics log by the global logger
	return &line{server: toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop())}
}

// to leads to an address, from one of its own.
func (l *line) to(addr string) (string, error) {
	l.close()
	l.proxy = toxiproxy.NewProxy(l.server, "line", "127.0.0.1:0", addr)
	if err := l.proxy.Start(); err != nil {
		return "", err
	}
	return l.proxy.Listen, nil
}

func (l *line) close() {
	if l.proxy != nil {
		l.proxy.Stop()
	}
}

// toxic makes the line bad for a while, in the next of the ways.
func (c *course) toxic(ctx context.Context, l *line) error {
	t := toxics[l.turn%len(toxics)]
	l.turn++
	for _, stream := range []string{"upstream", "downstream"} {
		text := fmt.Sprintf(`{"name": %q, "stream": %q, "type": %s}`, stream, stream, t.toxic)
		if _, err := l.proxy.Toxics.AddToxicJson(strings.NewReader(text)); err != nil {
			return fmt.Errorf("toxic %s: %w", text, err)
		}
	}
	select {
	case <-time.After(t.spell):
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	l.proxy.Toxics.ResetToxics(ctx)
	if t.cut {
		l.proxy.Stop()
		return l.proxy.Start()
	}
	return nil
}

// storm has another take what the wheel reads, and leave.
func (c *course) storm(ctx context.Context, _ *line) error { return c.feed.(feed.Stormy).Storm(ctx) }

// network runs one wheel through many spells.
func (s *suite) network(ctx context.Context, name string, n network) (row Row, err error) {
	spells := 5
	if s.long {
		spells = 50
	}
	l := newLine()
	defer func() { l.close() }()
	where := where{source: n.source, store: "sync: always"}
	if n.source != "http" {
		where.via = l.to
	}
	c, err := s.course(name, where)
	if err != nil {
		return row, err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	w, err := c.start(ctx)
	if err != nil {
		return row, err
	}
	defer w.Kill()
	if n.source == "http" {
		if c.front, err = l.to(w.Addr); err != nil {
			return row, err
		}
	}
	for i := range spells {
		err := c.flow(ctx, w, s.rnd.IntN(10_000), func(ctx context.Context) error { return n.harm(c, ctx, l) })
		if err != nil {
			return row, fmt.Errorf("spell %d: %w", i+1, err)
		}
	}
	row = Row{Name: n.says, Times: spells, Rate: c.rate()}
	row.Figures, err = c.settle(ctx, w)
	return row, err
}
