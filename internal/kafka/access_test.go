package kafka

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// reach asks a cluster something.
func reach(t *testing.T, a Access) error {
	t.Helper()
	options, err := a.Options()
	if err != nil {
		return err
	}
	client, err := kgo.NewClient(append(options, kgo.RequestRetries(0), kgo.RetryTimeout(time.Second))...)
	if err != nil {
		return err
	}
	defer client.Close()
	return client.Ping(t.Context())
}

func write(t *testing.T, name string, text []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSASL(t *testing.T) {
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.EnableSASL(),
		kfake.Superuser("PLAIN", "u", "geheim"), kfake.Superuser("SCRAM-SHA-256", "u", "geheim"), kfake.Superuser("SCRAM-SHA-512", "u", "geheim"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	good, bad := write(t, "good", []byte("geheim\r\nmore\n")), write(t, "bad", []byte("falsch"))
	for _, mechanism := range []string{Plain, ScramSHA256, ScramSHA512} {
		s := SASL{Mechanism: mechanism, User: "u", PasswordFile: good}
		if err := reach(t, Access{Brokers: c.ListenAddrs(), SASL: &s}); err != nil {
			t.Errorf("%s: %v", mechanism, err)
		}
		s.PasswordFile = bad
		if err := reach(t, Access{Brokers: c.ListenAddrs(), SASL: &s}); err == nil || strings.Contains(err.Error(), "falsch") {
			t.Errorf("%s with a wrong password: %v", mechanism, err)
		}
	}
}

// certificate is one for 127.0.0.1, good as an authority too: its PEM, its key's, and both in one.
func certificate(t *testing.T) (text, key []byte, pair tls.Certificate) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"kafka.example"},
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	text = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	key = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
	if pair, err = tls.X509KeyPair(text, key); err != nil {
		t.Fatal(err)
	}
	return text, key, pair
}

func TestTLS(t *testing.T) {
	text, key, pair := certificate(t)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.TLS(&tls.Config{
		MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool,
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ca, private := write(t, "ca.pem", text), write(t, "key.pem", key)
	good := TLS{CAFile: ca, CertFile: ca, KeyFile: private}
	if err := reach(t, Access{Brokers: c.ListenAddrs(), TLS: &good}); err != nil {
		t.Error(err)
	}
	named := good
	named.ServerName = "kafka.example"
	if err := reach(t, Access{Brokers: c.ListenAddrs(), TLS: &named}); err != nil {
		t.Error(err)
	}
	other := good
	other.ServerName = "other.example"
	unknown := good
	unknown.CAFile = ""
	for want, bad := range map[string]TLS{"other.example": other, "unknown authority": unknown} {
		if err := reach(t, Access{Brokers: c.ListenAddrs(), TLS: &bad}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestBadFiles(t *testing.T) {
	text, _, _ := certificate(t)
	ca, empty := write(t, "ca.pem", text), write(t, "empty", []byte("\nx"))
	for want, a := range map[string]Access{
		"tls.ca_file: open /nowhere":                               {TLS: &TLS{CAFile: "/nowhere"}},
		"tls.ca_file: " + empty + " holds no certificate in PEM":   {TLS: &TLS{CAFile: empty}},
		"tls.cert_file " + ca + " with tls.key_file " + empty:      {TLS: &TLS{CertFile: ca, KeyFile: empty}},
		"sasl.password_file: open /nowhere":                        {SASL: &SASL{PasswordFile: "/nowhere"}},
		"sasl.password_file: the first line of " + empty + " is e": {SASL: &SASL{PasswordFile: empty}},
	} {
		if _, err := a.Options(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
