package mqtt

import (
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/mochi-mqtt/server/v2/listeners"
)

const (
	introduction = 10 * time.Second // a connection has so long for TLS and CONNECT
	breather     = 100 * time.Millisecond
	strangers    = 64 // connections over MaxClients that are taken, to be refused by CONNACK
)

// gate is the broker's listener: it bounds the connections, can close all of them, also those that the broker does not
// know yet, and outlives a broker that panics on what one of them sent.
type gate struct {
	net.Listener

	most     int
	tls      *tls.Config
	panicked func(net.Conn) // is told of a connection whose reader panicked
	mu       sync.Mutex
	conns    map[*conn]struct{}
	shut     bool
	done     chan struct{} // closed with shut
}

var _ listeners.Listener = (*gate)(nil)

type conn struct {
	net.Conn

	gate *gate
}

// gateID is the broker's name of its only listener.
const gateID = "pelton"

// Init implements [listeners.Listener].
func (g *gate) Init(*slog.Logger) error { return nil }

// ID implements [listeners.Listener].
func (g *gate) ID() string { return gateID }

// Address implements [listeners.Listener].
func (g *gate) Address() string { return g.Addr().String() }

// Protocol implements [listeners.Listener].
func (g *gate) Protocol() string { return g.Addr().Network() }

// Serve accepts connections until the listener is closed; those over the limit are closed at once. An error that passes,
// such as too many open files, is waited out.
func (g *gate) Serve(establish listeners.EstablishFn) {
	for {
		raw, err := g.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			select {
			case <-time.After(breather):
			case <-g.done:
				return
			}
			continue
		}
		if g.tls != nil {
			raw = tls.Server(raw, g.tls)
		}
		c := &conn{raw, g}
		if !g.add(c) {
			_ = raw.Close()
			continue
		}
		go g.run(c, establish)
	}
}

func (g *gate) run(c *conn, establish listeners.EstablishFn) {
	defer func() {
		_ = c.Close()
		if recover() != nil {
			g.panicked(c)
		}
	}()
	if c.SetDeadline(time.Now().Add(introduction)) == nil {
		_ = establish(gateID, c) // how a connection ends is the client's to know
	}
}

func (g *gate) add(c *conn) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut || len(g.conns) >= g.most+strangers {
		return false
	}
	g.conns[c] = struct{}{}
	return true
}

// Close implements [net.Conn].
func (c *conn) Close() error {
	c.gate.mu.Lock()
	delete(c.gate.conns, c)
	c.gate.mu.Unlock()
	return c.Conn.Close()
}

// stop accepts nothing more.
func (g *gate) stop() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.shut {
		g.shut = true
		close(g.done)
		_ = g.Listener.Close()
	}
}

// Close implements [listeners.Listener]: it closes every connection.
func (g *gate) Close(listeners.CloseFn) {
	g.stop()
	g.mu.Lock()
	all := make([]*conn, 0, len(g.conns))
	for c := range g.conns {
		all = append(all, c)
	}
	g.mu.Unlock()
	for _, c := range all {
		_ = c.Close()
	}
}
