package rpc_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/apitest"
	"github.com/peltonhq/pelton/api/auth"
	peltonv1 "github.com/peltonhq/pelton/api/gen/pelton/v1"
	"github.com/peltonhq/pelton/api/rpc"
	"github.com/peltonhq/pelton/internal/certtest"
	"github.com/peltonhq/pelton/store/memory"
)

// guarded is a world over gRPC whose callers need a token.
type guarded struct {
	*apitest.World

	conn          *grpc.ClientConn
	reader, admin string
	key           ed25519.PrivateKey
}

func newGuarded(t *testing.T, o rpc.Options) *guarded {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	g := &guarded{reader: auth.NewToken(), admin: auth.NewToken(), key: private}
	o.Gate, err = auth.New(auth.Options{
		Tokens: map[string]auth.Token{
			"reader": {Hash: auth.Hash(g.reader), Grant: api.Grant{Scopes: []api.Scope{api.ScopeRead}}},
			"admin":  {Hash: auth.Hash(g.admin), Grant: api.Grant{Scopes: []api.Scope{api.ScopeAdmin}}},
		},
		Keys: []ed25519.PublicKey{public}, Certificates: map[string]api.Grant{"probe": {Scopes: []api.Scope{api.ScopeRead}}}, Failures: 1000,
	})
	if err != nil {
		t.Fatal(err)
	}
	g.World = apitest.Guarded(t, memory.New(), api.Guard{On: true})
	if o.TLS == nil {
		g.conn = dial(t, g.World, o)
	}
	return g
}

func with(ctx context.Context, token string) context.Context {
	if token == "" {
		return ctx
	}
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
}

// Calls over gRPC need a token with the scope; probes need none, and reflection does.
func TestTokensGRPC(t *testing.T) {
	t.Parallel()
	g := newGuarded(t, rpc.Options{})
	wheel := peltonv1.NewWheelServiceClient(g.conn)
	for token, want := range map[string]codes.Code{"": codes.Unauthenticated, "pelton_guess": codes.Unauthenticated, g.reader: codes.OK, g.admin: codes.OK} {
		if _, err := wheel.GetStats(with(t.Context(), token), &peltonv1.WheelServiceGetStatsRequest{}); status.Code(err) != want {
			t.Errorf("stats with %.10q: %v", token, err)
		}
	}
	if _, err := wheel.ListAudit(with(t.Context(), g.reader), &peltonv1.WheelServiceListAuditRequest{}); status.Code(err) != codes.PermissionDenied {
		t.Errorf("audit of a reader: %v", err)
	}
	if _, err := healthv1.NewHealthClient(g.conn).Check(t.Context(), &healthv1.HealthCheckRequest{}); err != nil {
		t.Errorf("a probe: %v", err)
	}
	for token, want := range map[string]codes.Code{"": codes.Unauthenticated, g.reader: codes.OK} {
		stream, err := reflectionv1.NewServerReflectionClient(g.conn).ServerReflectionInfo(with(t.Context(), token))
		if err != nil {
			t.Fatal(err)
		}
		_ = stream.Send(&reflectionv1.ServerReflectionRequest{MessageRequest: &reflectionv1.ServerReflectionRequest_ListServices{}}) // what comes tells
		if _, err = stream.Recv(); status.Code(err) != want {
			t.Errorf("reflection with %.10q: %v", token, err)
		}
	}
}

// A stranger's message is not read, whatever its size: the refusal comes first.
func TestStrangerGRPC(t *testing.T) {
	t.Parallel()
	g := newGuarded(t, rpc.Options{Receive: 1 << 10})
	large := &peltonv1.IngestServicePublishRequest{Source: "orders", Messages: []*peltonv1.IngestMessage{{Payload: make([]byte, 1<<20)}}}
	ingest := peltonv1.NewIngestServiceClient(g.conn)
	for token, want := range map[string]codes.Code{"": codes.Unauthenticated, "pelton_guess": codes.Unauthenticated, g.admin: codes.ResourceExhausted} {
		if _, err := ingest.Publish(with(t.Context(), token), large); status.Code(err) != want {
			t.Errorf("with %.10q: %v, want %v", token, err, want)
		}
	}
	huge := metadata.AppendToOutgoingContext(with(t.Context(), g.admin), "x-huge", strings.Repeat("x", 1<<20))
	if _, err := ingest.Publish(huge, &peltonv1.IngestServicePublishRequest{}); err == nil || len(g.Published) != 0 {
		t.Errorf("huge metadata: %v, %d published", err, len(g.Published))
	}
}

// A follow over gRPC ends with its capability, and says where a new one resumes (S1).
func TestExpiryGRPC(t *testing.T) {
	t.Parallel()
	g := newGuarded(t, rpc.Options{})
	g.Add(t, "airports", "ORD", 2)
	token, err := auth.Mint(g.key, auth.Capability{Sessions: []string{"airports/ORD"}, Scopes: []api.Scope{api.ScopeFollow}, Expires: time.Now().Add(4 * time.Second)})
	if err != nil {
		t.Fatal(err)
	}
	stream, err := peltonv1.NewSessionServiceClient(g.conn).Follow(with(t.Context(), token), &peltonv1.SessionServiceFollowRequest{
		Name: "airports", Key: "ORD", From: peltonv1.From_FROM_BEGINNING,
	})
	if err != nil {
		t.Fatal(err)
	}
	snapshots := 0
	for {
		frame, err := stream.Recv()
		if err == nil {
			snapshots += len(frame.GetSnapshots())
			continue
		}
		e := grpcError(err)
		if e.Code != api.Unauthenticated || !strings.HasSuffix(e.Detail[api.DetailResume], ":2") || snapshots != 2 {
			t.Errorf("%d snapshots, then %+v", snapshots, e)
		}
		return
	}
}

// A client's certificate is who calls, over TLS alone.
func TestMutualGRPC(t *testing.T) {
	t.Parallel()
	ca := certtest.New(t, t.TempDir(), "ca")
	pair := func(name string) tls.Certificate {
		c, err := tls.LoadX509KeyPair(ca.Issue(t, name, name))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	server := &tls.Config{Certificates: []tls.Certificate{pair("wheel")}, ClientCAs: ca.Pool(), ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2"}}
	g := newGuarded(t, rpc.Options{TLS: server})
	gate, err := auth.New(auth.Options{Certificates: map[string]api.Grant{"probe": {Scopes: []api.Scope{api.ScopeRead}}}})
	if err != nil {
		t.Fatal(err)
	}
	l := listen(t)
	s := rpc.NewGRPC(g.Service, rpc.Options{TLS: server, Gate: gate})
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	defer func() {
		s.Stop()
		if err := <-served; err != nil && !errors.Is(err, grpc.ErrServerStopped) {
			t.Error(err)
		}
	}()
	for name, want := range map[string]codes.Code{"probe": codes.OK, "other": codes.Unauthenticated, "": codes.Unavailable} {
		c := &tls.Config{RootCAs: ca.Pool(), MinVersion: tls.VersionTLS12}
		if name != "" {
			c.Certificates = []tls.Certificate{pair(name)}
		}
		conn, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(credentials.NewTLS(c)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := peltonv1.NewWheelServiceClient(conn).GetStats(t.Context(), &peltonv1.WheelServiceGetStatsRequest{}); status.Code(err) != want {
			t.Errorf("%q: %v", name, err)
		}
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}
}

// What is no HTTP/2 ends its connection, and the server goes on.
func TestGarbageGRPC(t *testing.T) {
	t.Parallel()
	g := newGuarded(t, rpc.Options{})
	for name, text := range map[string]string{
		"HTTP/1": "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" + strings.Repeat(" ", 100), "bytes": strings.Repeat("\xff", 1000),
		"frames": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + strings.Repeat("\xff", 1000),
	} {
		c, err := net.Dial("tcp", g.conn.Target())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		_, _ = io.Copy(io.Discard, c) // until the server closes it
		_ = c.Close()
	}
	if _, err := peltonv1.NewWheelServiceClient(g.conn).GetStats(with(t.Context(), g.reader), &peltonv1.WheelServiceGetStatsRequest{}); err != nil {
		t.Error(err)
	}
}

// one is a listener of one connection.
type one struct {
	conn   chan net.Conn
	closed chan struct{}
}

func (o *one) Accept() (net.Conn, error) {
	select {
	case c := <-o.conn:
		return c, nil
	case <-o.closed:
		return nil, net.ErrClosed
	}
}

func (o *one) Close() error   { close(o.closed); return nil }
func (o *one) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

// A client that connects and never speaks is cut off.
func TestSilentGRPC(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := apitest.New(t, memory.New())
		server := rpc.NewGRPC(w.Service, rpc.Options{})
		l := &one{conn: make(chan net.Conn), closed: make(chan struct{})}
		served := make(chan error, 1)
		go func() { served <- server.Serve(l) }()
		ours, theirs := net.Pipe()
		began := time.Now()
		l.conn <- theirs
		_, _ = io.Copy(io.Discard, ours)
		if took := time.Since(began); took > 15*time.Second {
			t.Errorf("it had the connection for %s", took)
		}
		_ = ours.Close()
		server.Stop()
		<-served
		synctest.Wait()
	})
}
