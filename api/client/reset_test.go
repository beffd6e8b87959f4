package client_test

import (
	"net"
	"testing"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/apitest"
	"github.com/peltonhq/pelton/api/client"
	"github.com/peltonhq/pelton/store/memory"
)

// Something may listen for a wheel that is away, a proxy or a wheel that is killed as it starts, and break every
// connection: a follow that reconnects waits for it all the same (S1).
func TestReconnectAfterResets(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, memory.New())
	w.Add(t, "airports", "ORD", 1)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	addr := l.Addr().String()
	stop := run(t, w, l)
	c := client.New(addr)
	defer c.Close()
	lost, id := 0, uint64(0)
	var broken <-chan struct{}
	o := client.FollowOptions{Reconnect: true, Lost: func(err error, _ time.Duration) {
		lost++
		switch lost {
		case 1:
			broken = breaks(t, addr, 3)
		case 4:
			<-broken
			w.Add(t, "airports", "ORD", 1)
			again, err := net.Listen("tcp", addr)
			ok(t, err)
			stop = run(t, w, again)
		}
		if lost > 1 && lost <= 4 {
			is(t, err, api.Unavailable, addr)
		}
	}}
	for event, err := range c.Follow(t.Context(), api.FollowRequest{Name: "airports", Key: "ORD", From: api.FromBeginning}, o) {
		ok(t, err)
		if id++; event.Cursor.ID != id {
			t.Fatalf("event %+v, want the snapshot %d", event, id)
		}
		if stop(); id == 2 {
			break
		}
	}
	if lost != 4 || id != 2 {
		t.Errorf("%d connections lost, %d snapshots; want 4 and 2", lost, id)
	}
}

// breaks listens at addr, breaks n connections, each in another way, and goes.
func breaks(t *testing.T, addr string, n int) (done <-chan struct{}) {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	ok(t, err)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for i := range n {
			c, err := l.Accept()
			if err != nil {
				t.Error(err)
				return
			}
			if i > 0 { // the request was read
				_, _ = c.Read(make([]byte, 1<<10))
			}
			if i < 2 { // a reset instead of an end
				_ = c.(*net.TCPConn).SetLinger(0)
			}
			_ = c.Close()
		}
		_ = l.Close()
	}()
	return ended
}
