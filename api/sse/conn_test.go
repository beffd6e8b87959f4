package sse_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/apitest"
	"github.com/peltonhq/pelton/api/sse"
)

// overTLS follows by HTTP/2, where the connection is not the stream's own, or by HTTP/1.1, where it is.
func overTLS(protocol int) func(*testing.T, *apitest.World) apitest.Follow {
	return func(t *testing.T, w *apitest.World) apitest.Follow {
		t.Helper()
		mux := http.NewServeMux()
		sse.Mount(mux, w.Service, sse.Options{})
		return overServer(t, serveTLS(t, mux, protocol), protocol)
	}
}

func serveTLS(t *testing.T, h http.Handler, protocol int) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(h)
	server.EnableHTTP2 = protocol == 2
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

func TestFollowTLS(t *testing.T) {
	t.Parallel()
	for _, protocol := range []int{1, 2} {
		t.Run(fmt.Sprint("HTTP ", protocol), func(t *testing.T) {
			t.Parallel()
			apitest.Follows(t, open, overTLS(protocol))
		})
	}
}

func TestTilesTLS(t *testing.T) {
	t.Parallel()
	for _, protocol := range []int{1, 2} {
		t.Run(fmt.Sprint("HTTP ", protocol), func(t *testing.T) {
			t.Parallel()
			apitest.Tiles(t, disk(), overTLS(protocol), nil)
		})
	}
}

// counter counts the writes of the connections that it accepts.
type counter struct {
	net.Listener
	writes atomic.Int64
}

func (c *counter) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	return counted{conn, &c.writes}, err
}

type counted struct {
	net.Conn
	writes *atomic.Int64
}

func (c counted) Write(b []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(b)
}

// The answer's header, the hello and a batch are one write each, however large the batch is.
func TestOneWrite(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, open())
	payload := []byte(`"` + strings.Repeat("x", 2<<10) + `"`)
	const snapshots = 20
	for range snapshots {
		if _, err := w.Service.Append(t.Context(), api.AppendRequest{Name: "airports", Key: "ORD", Payload: payload}); err != nil {
			t.Fatal(err)
		}
	}
	mux := http.NewServeMux()
	sse.Mount(mux, w.Service, sse.Options{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &counter{Listener: l}
	server := &http.Server{Handler: mux}
	served := make(chan error, 1)
	go func() { served <- server.Serve(c) }()
	defer func() {
		_ = server.Close()
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	}()
	answer := get(t.Context(), t, "http://"+l.Addr().String()+"/v1/sessions/airports/ORD/events?after=")
	n := 0
	read(answer.Body, func(e event) bool {
		if e.name == "snapshot" {
			n++
		}
		return n < snapshots
	})
	if got := c.writes.Load(); got != 3 || n != snapshots {
		t.Errorf("%d writes for %d snapshots, want 3", got, n)
	}
}

// A client of HTTP/1.0 knows no chunks.
func TestOldClient(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, open())
	w.Add(t, "airports", "ORD", 1)
	server := serve(t, w, sse.Options{})
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET /v1/sessions/airports/ORD/events HTTP/1.0\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for buf := make([]byte, 512); !strings.Contains(text.String(), `{"n":1}`); {
		n, err := conn.Read(buf)
		text.Write(buf[:n])
		if err != nil {
			t.Fatalf("%v behind %q", err, text.String())
		}
	}
	if head, body, _ := strings.Cut(text.String(), "\r\n\r\n"); strings.Contains(head, "chunked") || !strings.HasPrefix(body, "event: hello\n") {
		t.Errorf("it was answered %q", text.String())
	}
}

// A stream that ends is whole: its last chunk is there, so a proxy doesn't take it for broken.
func TestEnd(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, open())
	server := serve(t, w, sse.Options{})
	answer := get(t.Context(), t, server.URL+"/v1/sessions/airports/ORD/events")
	names := make(chan string, 8)
	ended := make(chan error, 1)
	go func() {
		var rest strings.Builder
		read(io.TeeReader(answer.Body, &rest), func(e event) bool { names <- e.name; return true })
		_, err := io.Copy(io.Discard, answer.Body)
		ended <- err
	}()
	if name := <-names; name != "hello" {
		t.Fatalf("it began with %s", name)
	}
	w.Service.Close()
	if name := <-names; name != "closed" {
		t.Errorf("it ended with %s", name)
	}
	if err := <-ended; err != nil {
		t.Errorf("the stream was cut: %v", err)
	}
}

// A client that takes nothing holds up nobody else, and when it goes on it is given everything.
func TestStuck(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, open())
	w.Add(t, "airports", "ORD", 1) // born
	server := serve(t, w, sse.Options{})
	stuck := get(t.Context(), t, server.URL+"/v1/sessions/airports/ORD/events?from=now")
	other := get(t.Context(), t, server.URL+"/v1/sessions/airports/ORD/events?from=now")
	payload := []byte(`"` + strings.Repeat("x", 64<<10) + `"`)
	const snapshots = 300 // more than the kernel takes for one that reads nothing
	go func() {
		for range snapshots {
			if _, err := w.Service.Append(context.Background(), api.AppendRequest{Name: "airports", Key: "ORD", Payload: payload}); err != nil {
				t.Error(err)
			}
		}
	}()
	take(t, "the other", other.Body, snapshots)
	take(t, "the stuck one", stuck.Body, snapshots)
}

// take reads snapshots 2 to n+1.
func take(t *testing.T, name string, body io.Reader, n uint64) {
	t.Helper()
	next := uint64(2)
	read(body, func(e event) bool {
		if e.name == "hello" {
			return true
		}
		if id := cursor(e.id).ID; e.name != "snapshot" || id != next {
			t.Errorf("S1: %s was given %s %d, want snapshot %d", name, e.name, id, next)
			return false
		}
		next++
		return next < n+2
	})
	if next != n+2 {
		t.Errorf("%s has %d of %d snapshots", name, next-2, n)
	}
}
