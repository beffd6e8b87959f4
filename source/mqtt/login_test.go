package mqtt_test

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

	v5 "github.com/eclipse/paho.golang/paho"
	v3 "github.com/eclipse/paho.mqtt.golang"
	"golang.org/x/crypto/bcrypt"

	"github.com/peltonhq/pelton/source/ingest"
	"github.com/peltonhq/pelton/source/mqtt"
)

func hash(t *testing.T, password string) string {
	t.Helper()
	h, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return string(h)
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPasswords(t *testing.T) {
	p, err := mqtt.ReadPasswords(write(t, "users", "# who\nann:"+hash(t, "right")+"\n\nbob:"+hash(t, "b")+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	w := start(t, mqtt.Options{Passwords: p}, ingest.Options{})
	for _, c := range []struct {
		user, password string
		ok             bool
	}{{"ann", "right", true}, {"ann", "wrong", false}, {"bob", "b", true}, {"bob", "right", false}, {"eve", "right", false}} {
		_, err := w.old(func(o *v3.ClientOptions) { o.SetUsername(c.user).SetPassword(c.password) })
		if (err == nil) != c.ok {
			t.Errorf("3.1.1: %+v: %v", c, err)
		}
		_, ack, err := w.young(&v5.Connect{UsernameFlag: true, Username: c.user, PasswordFlag: true, Password: []byte(c.password)}, nil)
		if (err == nil) != c.ok || !c.ok && ack.ReasonCode != 0x86 {
			t.Errorf("5: %+v: %+v, %v", c, ack, err)
		}
	}
	if n := w.Figures().Denied.Load(); n != 6 {
		t.Errorf("%d denied", n)
	}
}

func TestPasswordFile(t *testing.T) {
	good := "ann:" + hash(t, "x")
	for name, c := range map[string]struct{ text, want string }{
		"empty":    {"# nobody\n", "has no user"},
		"no colon": {good + "\nsecret\n", "line 2 is not USER:HASH"},
		"no user":  {":" + hash(t, "x"), "line 1 is not USER:HASH"},
		"plain":    {"ann:secret", `line 1: the hash of user "ann" is not one of bcrypt`},
		"twice":    {good + "\n" + good, `line 2: user "ann" is there twice`},
	} {
		path := write(t, "users", c.text)
		if _, err := mqtt.ReadPasswords(path); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := mqtt.ReadPasswords("/nowhere/users"); err == nil || !strings.Contains(err.Error(), "/nowhere/users") {
		t.Error(err)
	}
}

// authority signs certificates for a test.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t}
	var der []byte
	der, a.key = a.make(&x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}, nil)
	var err error
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.file = write(t, "ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	return a
}

func (a *authority) make(c *x509.Certificate, by *authority) ([]byte, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	c.SerialNumber, c.Subject = big.NewInt(1), pkix.Name{CommonName: "test"}
	c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := c, key
	if by != nil {
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	return der, key
}

// issue writes a certificate and its key to files.
func (a *authority) issue() (cert, key string) {
	a.t.Helper()
	der, private := a.make(&x509.Certificate{
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, a)
	text, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		a.t.Fatal(err)
	}
	return write(a.t, "cert.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))),
		write(a.t, "key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: text})))
}

func TestTLS(t *testing.T) {
	a := newAuthority(t)
	cert, key := a.issue()
	config, err := mqtt.LoadTLS(cert, key, a.file)
	if err != nil {
		t.Fatal(err)
	}
	w := start(t, mqtt.Options{TLS: config}, ingest.Options{})
	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	mine, err := tls.LoadX509KeyPair(a.issue())
	if err != nil {
		t.Fatal(err)
	}
	client := &tls.Config{RootCAs: roots, ServerName: "127.0.0.1", Certificates: []tls.Certificate{mine}}
	y, _, err := w.young(nil, client)
	if err != nil {
		t.Fatal(err)
	}
	if ack, err := y.Publish(t.Context(), &v5.Publish{Topic: "t", QoS: 1}); err != nil || ack.ReasonCode != 0 {
		t.Errorf("%+v, %v", ack, err)
	}
	if _, _, err := w.young(&v5.Connect{ClientID: "without"}, &tls.Config{RootCAs: roots, ServerName: "127.0.0.1"}); err == nil {
		t.Error("a client without a certificate may connect")
	}
	if _, err := w.old(nil); err == nil {
		t.Error("a client without TLS may connect")
	}
	for _, files := range [][3]string{{"/nowhere", key, ""}, {cert, cert, ""}, {cert, key, "/nowhere"}, {cert, key, key}} {
		if _, err := mqtt.LoadTLS(files[0], files[1], files[2]); err == nil {
			t.Errorf("%v is taken", files)
		}
	}
}
