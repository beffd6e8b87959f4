package natstest

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// patience bounds a start: it is for a hang.
const patience = 30 * time.Second

// Server is one server of a test. Its port and its files stay over restarts.
type Server struct {
	opts   server.Options
	server *server.Server
	conn   *nats.Conn
	js     jetstream.JetStream
}

// Start starts a server that ends with the test. change, if given, changes its options before.
func Start(t testing.TB, change ...func(*server.Options)) *Server {
	t.Helper()
	s := &Server{opts: server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true}}
	for _, f := range change {
		f(&s.opts)
	}
	s.Run(t)
	t.Cleanup(s.Stop)
	return s
}

// URL is where the server listens.
func (s *Server) URL() string { return s.server.ClientURL() }

// Server is the server itself.
func (s *Server) Server() *server.Server { return s.server }

// JetStream is a client's view of the server, the same over restarts.
func (s *Server) JetStream(t testing.TB, opts ...nats.Option) jetstream.JetStream {
	t.Helper()
	if s.js == nil {
		var err error
		if s.conn, err = nats.Connect(s.URL(), append(opts, nats.MaxReconnects(-1), nats.ReconnectWait(20*time.Millisecond))...); err != nil {
			t.Fatal(err)
		}
		if s.js, err = jetstream.New(s.conn); err != nil {
			t.Fatal(err)
		}
	}
	return s.js
}

// Stream makes a stream.
func (s *Server) Stream(t testing.TB, c jetstream.StreamConfig) jetstream.Stream {
	t.Helper()
	stream, err := s.JetStream(t).CreateStream(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

// Publish publishes to a stream, each acknowledged before the next.
func (s *Server) Publish(t testing.TB, subject string, payloads ...string) {
	t.Helper()
	for _, p := range payloads {
		if _, err := s.JetStream(t).Publish(t.Context(), subject, []byte(p)); err != nil {
			t.Fatal(err)
		}
	}
}

// Messages are all messages of a stream, in order.
func (s *Server) Messages(t testing.TB, stream string) []jetstream.Msg {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience) // t's context is over in a clean-up
	defer cancel()
	from, err := s.JetStream(t).Stream(ctx, stream)
	if err != nil {
		t.Fatal(err)
	}
	left := from.CachedInfo().State.Msgs
	if left == 0 {
		return nil
	}
	c, err := from.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	it, err := c.Messages()
	if err != nil {
		t.Fatal(err)
	}
	defer it.Stop()
	var all []jetstream.Msg
	for ; left > 0; left-- {
		m, err := it.Next(jetstream.NextContext(ctx))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, m)
	}
	return all
}

// Stop ends the server, and the connection of its own client.
func (s *Server) Stop() {
	if s.conn != nil {
		s.conn.Close()
		s.conn, s.js = nil, nil
	}
	s.server.Shutdown()
	s.server.WaitForShutdown()
}

// Restart stops the server and starts it again, as an operator would.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.Stop()
	s.Run(t)
}

// Run starts the server that was stopped, on the port that it had.
func (s *Server) Run(t testing.TB) {
	t.Helper()
	opts := s.opts // the server changes what it is given
	var err error
	if s.server, err = server.NewServer(&opts); err != nil {
		t.Fatal(err)
	}
	s.server.Start()
	if !s.server.ReadyForConnections(patience) {
		t.Fatal("the server does not start")
	}
	s.opts.Port = s.server.Addr().(*net.TCPAddr).Port
}
