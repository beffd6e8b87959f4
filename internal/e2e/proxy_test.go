package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/client"
)

// proxy is one address for wheels that come one after the other, each at a port of its own: a port that a killed wheel
// leaves may be anybody's.
type proxy struct {
	l    net.Listener
	to   atomic.Value // string
	wait sync.WaitGroup
}

func newProxy(t *testing.T) *proxy {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{l: l}
	p.wait.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			p.wait.Go(func() { p.carry(c) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		p.wait.Wait()
	})
	return p
}

func (p *proxy) addr() string { return p.l.Addr().String() }

// lead makes further connections go to another wheel.
func (p *proxy) lead(to string) { p.to.Store(to) }

// carry carries one connection until either side ends it.
func (p *proxy) carry(c net.Conn) {
	defer c.Close()
	wheel, err := net.Dial("tcp", p.to.Load().(string))
	if err != nil {
		return
	}
	defer wheel.Close()
	var wait sync.WaitGroup
	for _, way := range [][2]net.Conn{{c, wheel}, {wheel, c}} {
		wait.Go(func() {
			_, _ = io.Copy(way[0], way[1]) // a kill breaks it off: that is what it is for
			_ = c.Close()
			_ = wheel.Close()
		})
	}
	wait.Wait()
}

// steadily follows ORD at an address, whatever wheel is there, and tells of n snapshots as they come.
type steadily func(ctx context.Context, addr, after string, n int, tell func(piece)) error

func cliSteadily(ctx context.Context, addr, after string, n int, tell func(piece)) error {
	c := command(ctx, "session", "follow", "airports", "ORD", "--after", after, "--limit", strconv.Itoa(n), "--json", "--addr", addr)
	out, err := c.StdoutPipe()
	if err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return err
	}
	for d := json.NewDecoder(out); ; {
		var s api.Document
		if err := d.Decode(&s); errors.Is(err, io.EOF) {
			return c.Wait()
		} else if err != nil {
			return errors.Join(err, c.Wait())
		}
		tell(piece{pelton.Cursor{Epoch: s.Epoch, ID: s.ID}.String(), string(s.Payload)})
	}
}

func connectSteadily(ctx context.Context, addr, after string, n int, tell func(piece)) error {
	c := client.New(addr)
	defer c.Close()
	lost := 0
	o := client.FollowOptions{Reconnect: true, Lost: func(error, time.Duration) { lost++ }}
	for e, err := range c.Follow(ctx, api.FollowRequest{Name: "airports", Key: "ORD", From: api.FromAfter, After: after}, o) {
		if err != nil {
			return err
		}
		var one []piece
		if err := take(&one, 1, e); err != nil {
			return err
		}
		if tell(one[0]); n == 1 {
			break
		}
		n--
	}
	if lost == 0 {
		return errors.New("the connection never broke")
	}
	return ctx.Err()
}
