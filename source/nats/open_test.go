package nats

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/peltonhq/pelton/internal/natsconn"
	"github.com/peltonhq/pelton/internal/natstest"
	"github.com/peltonhq/pelton/source"
)

func TestOpenErrors(t *testing.T) {
	s, o := orders(t, jetstream.StreamConfig{}, "one")
	if _, err := s.JetStream(t).CreateConsumer(t.Context(), "ORDERS", jetstream.ConsumerConfig{Durable: "theirs"}); err != nil {
		t.Fatal(err)
	}
	plain := natstest.Start(t, func(o *server.Options) { o.JetStream = false })
	closed := natstest.Start(t)
	closed.Stop()
	for name, row := range map[string]struct {
		change func(*Options)
		want   string
		away   bool
	}{
		"no server":    {func(o *Options) { o.Conn.URL = closed.URL() }, "nats.url " + closed.URL() + ": not reachable", true},
		"no JetStream": {func(o *Options) { o.Conn.URL = plain.URL() }, "has no JetStream for us", false},
		"no stream":    {func(o *Options) { o.Stream = "ODERS" }, "nats.stream ODERS does not exist on", false},
		"taken":        {func(o *Options) { o.Durable = "theirs" }, "nats.durable theirs: stream ORDERS has a consumer of that name which Pelton did not make", false},
		"small pulls":  {func(o *Options) { o.MaxBytes = 1 << 20 }, "nats.max_bytes 1048576: a message of stream ORDERS may have 1048576 bytes", false},
		"no file":      {func(o *Options) { o.Conn.Auth.TokenFile = "nowhere" }, "nats.auth.token_file nowhere: bad settings: it can't be read", false},
		"no url":       {func(o *Options) { o.Conn.URL = "" }, "nats.url is empty", false},
	} {
		o := o
		row.change(&o)
		opened := New(o)
		_, err := opened.Open(t.Context())
		if err == nil || !strings.Contains(err.Error(), row.want) || errors.Is(err, source.ErrUnavailable) != row.away {
			t.Errorf("%s: got %v, want %s", name, err, row.want)
		}
		if err := opened.Close(); err != nil {
			t.Error(err)
		}
	}
}

// An old server that can't reset consumers, and a stream that drops what no consumer wants: that would lose messages.
func TestInterestNeedsReset(t *testing.T) {
	_, o := orders(t, jetstream.StreamConfig{Retention: jetstream.InterestPolicy})
	o.noReset = true
	s := New(o)
	defer s.Close()
	lanes, err := s.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := lanes[0].Read(t.Context(), 0, idle(t, lanes[0])); err == nil || !strings.Contains(err.Error(), "nats-server 2.14 or later") {
		t.Errorf("got %v", err)
	}
}

// Secrets come from files, and no error has one in it.
func TestAuth(t *testing.T) {
	const secret = "open sesame"
	user := natstest.Start(t, func(o *server.Options) { o.Username, o.Password = "us", secret })
	token := natstest.Start(t, func(o *server.Options) { o.Authorization = secret })
	for name, row := range map[string]struct {
		url  string
		auth natsconn.Auth
		want string
	}{
		"password":       {user.URL(), natsconn.Auth{User: "us", PasswordFile: file(t, secret+"\n")}, "nats.stream ORDERS does not exist"},
		"wrong password": {user.URL(), natsconn.Auth{User: "us", PasswordFile: file(t, "hush")}, "the server refuses who we are"},
		"nobody":         {user.URL(), natsconn.Auth{}, "the server refuses who we are"},
		"token":          {token.URL(), natsconn.Auth{TokenFile: file(t, secret)}, "nats.stream ORDERS does not exist"},
		"wrong token":    {token.URL(), natsconn.Auth{TokenFile: file(t, "hush")}, "the server refuses who we are"},
		"empty":          {token.URL(), natsconn.Auth{TokenFile: file(t, "\n")}, "it is empty"},
		"no seed":        {token.URL(), natsconn.Auth{NKeyFile: file(t, "hush")}, "no seed of a user is in it"},
	} {
		s := New(Options{Name: "orders", Conn: natsconn.Options{URL: row.url, Auth: row.auth}, Stream: "ORDERS", Durable: "pelton"})
		_, err := s.Open(t.Context())
		if err == nil || !strings.Contains(err.Error(), row.want) || strings.Contains(err.Error(), "hush") || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: got %v, want %s", name, err, row.want)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// The permissions that docs/config.md asks for are enough.
func TestPermissions(t *testing.T) {
	s := natstest.Start(t, func(o *server.Options) {
		o.Users = []*server.User{
			{Username: "admin", Password: "a"},
			{Username: "wheel", Password: "w", Permissions: &server.Permissions{
				Publish: &server.SubjectPermission{Allow: []string{
					"$JS.API.STREAM.INFO.ORDERS", "$JS.API.CONSUMER.*.ORDERS.pelton", "$JS.API.CONSUMER.CREATE.ORDERS.pelton.>",
					"$JS.API.CONSUMER.MSG.NEXT.ORDERS.pelton", "$JS.ACK.ORDERS.pelton.>",
				}},
				Subscribe: &server.SubjectPermission{Allow: []string{"_INBOX.>"}},
			}},
		}
	})
	s.JetStream(t, natsgo.UserInfo("admin", "a"))
	s.Stream(t, jetstream.StreamConfig{Name: "ORDERS", Subjects: []string{"orders.>"}})
	s.Publish(t, "orders.eu", "one", "two")
	o := Options{
		Name: "orders", Stream: "ORDERS", Durable: "pelton", Subjects: []string{"orders.*"},
		Conn: natsconn.Options{URL: s.URL(), Auth: natsconn.Auth{User: "wheel", PasswordFile: file(t, "w")}},
	}
	for range 2 {
		r := run(t, o, 0)
		r.texts(t, 2)
		r.lane.Settled(2)
		until(t, s, func(i *jetstream.ConsumerInfo) bool { return i.AckFloor.Stream == 1 })
		r.stop()
		<-r.ended
	}
	// What is not permitted is not answered; the error says what the server complained of.
	o.Stream = "OTHER"
	other := New(o)
	defer other.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := other.Open(ctx); err == nil || !strings.Contains(err.Error(), "the server said: nats: permissions violation") {
		t.Errorf("got %v", err)
	}
}

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TLS with a server's certificate that we are told to trust, and with a certificate of our own.
func TestTLS(t *testing.T) {
	cert, key := certificate(t)
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(pair.Leaf)
	s := natstest.Start(t, func(o *server.Options) {
		o.TLS, o.TLSTimeout = true, 5
		o.TLSConfig = &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS12}
	})
	url := "nats://" + strings.TrimPrefix(strings.TrimPrefix(s.URL(), "tls://"), "nats://")
	for name, row := range map[string]struct {
		tls  *natsconn.TLS
		want string
	}{
		"all":        {&natsconn.TLS{CAFile: cert, CertFile: cert, KeyFile: key}, "nats.stream ORDERS does not exist"},
		"no trust":   {&natsconn.TLS{CertFile: cert, KeyFile: key}, "bad settings: TLS failed"},
		"no cert":    {&natsconn.TLS{CAFile: cert}, "bad settings: TLS failed"},
		"wrong file": {&natsconn.TLS{CAFile: cert, CertFile: cert, KeyFile: cert}, "nats.tls.cert_file"},
		"no PEM":     {&natsconn.TLS{CAFile: file(t, "x")}, "no certificate in PEM is in it"},
	} {
		o := New(Options{Name: "orders", Conn: natsconn.Options{URL: url, TLS: row.tls}, Stream: "ORDERS", Durable: "pelton"})
		if _, err := o.Open(t.Context()); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: got %v, want %s", name, err, row.want)
		}
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	}
}

// certificate makes one for 127.0.0.1 that signs itself.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert = file(t, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	return cert, file(t, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})))
}
