package door

import (
	"net"
	"sync"
	"sync/atomic"

	"github.com/peltonhq/pelton/api/meter"
)

// listener is l counted.
func (d *Door) listener(l net.Listener) net.Listener {
	return &counted{Listener: l, most: int64(d.limits.Connections), meter: d.Meter}
}

// counted counts open connections, and closes at once those that are too many: if they waited in the kernel, clients that
// connect and never speak would keep out all others without a trace.
type counted struct {
	net.Listener

	most  int64
	open  atomic.Int64
	meter *meter.Door
}

// Accept implements [net.Listener].
func (l *counted) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if l.open.Add(1) > l.most {
			l.open.Add(-1)
			l.meter.Crowded.Add(1)
			_ = c.Close() // nothing was read of it
			continue
		}
		l.meter.Connections.Add(1)
		return &conn{Conn: c, l: l}, nil
	}
}

type conn struct {
	net.Conn

	l    *counted
	once sync.Once
}

// CloseWrite lets net/http send the end of an answer before it cuts off a client that still sends: without it the answer
// could be lost on its way.
func (c *conn) CloseWrite() error {
	if w, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return w.CloseWrite()
	}
	return nil
}

// Close implements [net.Conn].
func (c *conn) Close() error {
	c.once.Do(func() {
		c.l.open.Add(-1)
		c.l.meter.Connections.Add(-1)
	})
	return c.Conn.Close()
}
