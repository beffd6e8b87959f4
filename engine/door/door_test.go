package door_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/auth"
	"github.com/peltonhq/pelton/engine/config/front"
	"github.com/peltonhq/pelton/engine/door"
	"github.com/peltonhq/pelton/internal/certtest"
)

// said collects what a door tells.
type said struct {
	mu  sync.Mutex
	all []string
}

func (s *said) tell(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, text)
}

func (s *said) has(part string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Contains(strings.Join(s.all, "\n"), part)
}

func open(t *testing.T, c front.API) (*door.Door, *said) {
	t.Helper()
	s := new(said)
	d, err := door.Open(c, s.tell)
	if err != nil {
		t.Fatal(err)
	}
	return d, s
}

// Nobody is asked by default; a certificate of clients alone lets its owners do everything; auth says who may do what.
func TestGuard(t *testing.T) {
	t.Parallel()
	c := front.Default()
	d, _ := open(t, c)
	if d.Gate != nil || d.TLS != nil || d.Guard(nil).On {
		t.Error("the default asks")
	}
	ca := certtest.New(t, t.TempDir(), "ca")
	cert, key := ca.Issue(t, "server", "wheel")
	c.TLS = &front.ServerTLS{CertFile: cert, KeyFile: key}
	if d, _ = open(t, c); d.TLS == nil || d.Guard(nil).On {
		t.Error("TLS alone asks")
	}
	c.TLS.ClientCAFile = ca.File
	if d, _ = open(t, c); !d.Guard(nil).On {
		t.Error("TLS of clients does not ask")
	}
	token := auth.NewToken()
	c.Auth = &front.Auth{Tokens: map[string]front.Token{"a": {Hash: auth.Hash(token), Scopes: []string{"follow"}, Sessions: []string{"x/*"}, Expires: "2100-01-01T00:00:00Z"}}, Login: 1}
	d, _ = open(t, c)
	p, err := d.Gate.Verify(t.Context(), token, "")
	if err != nil || p.Grants[0].Scopes[0] != api.ScopeFollow || p.Grants[0].Sessions[0] != "x/*" || p.Expires.Year() != 2100 {
		t.Errorf("%+v, %v", p, err)
	}
	if g := d.Guard(nil); g.Rate != 5000 || g.Burst != 10_000 || g.Streams != 50_000 || g.Meter != d.Meter {
		t.Errorf("guard %+v", g)
	}
}

// What can't be opened says which file it is.
func TestBadFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ca := certtest.New(t, dir, "ca")
	cert, key := ca.Issue(t, "server", "wheel")
	other, _ := ca.Issue(t, "other", "other")
	text := dir + "/text"
	if err := os.WriteFile(text, []byte("hunter2"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, c := range map[string]front.ServerTLS{
		"none: no such file": {CertFile: dir + "/none", KeyFile: key}, "failed to find any PEM data": {CertFile: text, KeyFile: key},
		"private key does not match": {CertFile: other, KeyFile: key}, "has no certificate in PEM form": {CertFile: cert, KeyFile: key, ClientCAFile: text},
	} {
		a := front.Default()
		a.TLS = &c
		if _, err := door.Open(a, nil); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "api.tls: ") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// A certificate that changes is served; one that can't be read leaves the old one, and is counted.
func TestReload(t *testing.T) {
	t.Parallel()
	ca := certtest.New(t, t.TempDir(), "ca")
	c := front.Default()
	c.TLS = new(front.ServerTLS)
	c.TLS.CertFile, c.TLS.KeyFile = ca.Issue(t, "server", "first")
	d, s := open(t, c)
	name := func() string {
		a, b := net.Pipe()
		server := tls.Server(a, d.TLS)
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = server.Handshake() // the client tells
			_ = a.Close()
		}()
		client := tls.Client(b, &tls.Config{RootCAs: ca.Pool(), ServerName: "localhost", MinVersion: tls.VersionTLS12})
		defer func() { _ = b.Close(); <-done }()
		if err := client.Handshake(); err != nil {
			t.Fatal(err)
		}
		return client.ConnectionState().PeerCertificates[0].Subject.CommonName
	}
	until := func(what string, ok func() bool) {
		for end := time.Now().Add(time.Minute); !ok(); {
			if time.Now().After(end) {
				t.Fatalf("never: %s", what)
			}
		}
	}
	if got := name(); got != "first" || d.Meter.Expiry.Load() == 0 {
		t.Fatalf("%q, ends at %d", got, d.Meter.Expiry.Load())
	}
	if err := os.WriteFile(c.TLS.CertFile, []byte("half of a cert"), 0o600); err != nil {
		t.Fatal(err)
	}
	until("a bad reload is told", func() bool { return name() == "first" && s.has("the certificate before it stays") })
	ca.Issue(t, "server", "second")
	until("the second is served", func() bool { return name() == "second" })
	if d.Meter.BadReloads.Load() != 1 || d.Meter.Reloads.Load() != 1 {
		t.Errorf("%d bad and %d good reloads", d.Meter.BadReloads.Load(), d.Meter.Reloads.Load())
	}
}

// A connection too many is closed at once, and there is room again when one is closed.
func TestConnections(t *testing.T) {
	t.Parallel()
	c := front.Default()
	c.Limits.Connections = 2
	d, _ := open(t, c)
	l, err := d.Bind(t.Context(), "api.listen", "127.0.0.1:0", false)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	accepted := make(chan net.Conn, 3)
	go func() {
		defer close(accepted)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			accepted <- c
		}
	}()
	connect := func() net.Conn {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	first := connect()
	defer first.Close()
	held := <-accepted
	second := connect()
	defer second.Close()
	other := <-accepted
	third := connect()
	if _, err := third.Read(make([]byte, 1)); !errors.Is(err, io.EOF) && err == nil {
		t.Error("the third is open")
	}
	_ = third.Close()
	if d.Meter.Connections.Load() != 2 || d.Meter.Crowded.Load() != 1 {
		t.Errorf("%d open, %d refused", d.Meter.Connections.Load(), d.Meter.Crowded.Load())
	}
	if w, ok := held.(interface{ CloseWrite() error }); !ok || w.CloseWrite() != nil {
		t.Error("the end of an answer can't be sent by itself")
	}
	_, _ = held.Close(), held.Close() // twice counts once
	fourth := connect()
	defer fourth.Close()
	last := <-accepted
	_, _ = last.Close(), other.Close()
	if d.Meter.Connections.Load() != 0 {
		t.Errorf("%d open at the end", d.Meter.Connections.Load())
	}
	_ = l.Close()
	for range accepted { // until the goroutine is gone
	}
}

// An address that strangers reach is refused without TLS and somebody who asks.
func TestBind(t *testing.T) {
	t.Parallel()
	c := front.Default()
	d, _ := open(t, c)
	_, err := d.Bind(t.Context(), "api.listen", "0.0.0.0:0", false)
	if _, strangers := errors.AsType[*door.OpenError](err); !strangers || !strings.Contains(err.Error(), "api.listen 0.0.0.0:0 is not a loopback address") {
		t.Errorf("%v", err)
	}
	l, err := d.Bind(t.Context(), "api.listen", "0.0.0.0:0", true)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := door.Listen(t.Context(), "api.grpc", l.Addr().String()); err == nil || !strings.Contains(err.Error(), "is another wheel running? set api.grpc") {
		t.Errorf("a taken port: %v", err)
	}
}

// nothing takes no problem.
type nothing struct{ t *testing.T }

func (n nothing) Addf(path, format string, args ...any) { n.t.Errorf(path+": "+format, args...) }
func (nothing) Failed(string) bool                      { return false }

// The config knows the scopes of the API, and their public keys and hashes.
func TestWords(t *testing.T) {
	t.Parallel()
	c := front.Default()
	token := front.Token{Hash: auth.Hash(auth.NewToken())}
	for _, s := range api.Scopes {
		token.Scopes = append(token.Scopes, string(s))
	}
	c.Auth = &front.Auth{
		Tokens: map[string]front.Token{"a": token}, Login: 1 << 50,
		Capabilities: &front.Capabilities{Keys: []string{auth.KeyText(make([]byte, 32))}, MaxTTL: 1 << 50},
	}
	c.Validate(nothing{t}, "api")
}
