package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

// Access is how a cluster is reached.
type Access struct {
	Brokers []string // HOST:PORT, of some brokers; they name the others
	TLS     *TLS     // nil: in the clear
	SASL    *SASL    // nil: without log-in
	// Dial connects; nil means TCP. TLS goes on top of it.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// TLS says whom to trust and who we are; the zero value trusts what the system trusts.
type TLS struct {
	CAFile            string // PEM, of the authorities to trust instead of the system's
	CertFile, KeyFile string // PEM, of our own certificate and its key
	ServerName        string // empty: the host that was dialled
}

// The mechanisms of SASL.
const (
	Plain       = "plain"
	ScramSHA256 = "scram-sha-256"
	ScramSHA512 = "scram-sha-512"
)

// SASL is a log-in.
type SASL struct {
	Mechanism    string
	User         string
	PasswordFile string // its first line is the password
}

// dialTimeout is how long a connection may take to be made, TLS included.
const dialTimeout = 10 * time.Second

// Options are those of the client library for a.
func (a Access) Options() ([]kgo.Opt, error) {
	dial := a.Dial
	if dial == nil {
		dial = (&net.Dialer{Timeout: dialTimeout}).DialContext
	}
	if a.TLS != nil {
		c, err := a.TLS.config()
		if err != nil {
			return nil, err
		}
		dial = secured(dial, c)
	}
	options := []kgo.Opt{kgo.SeedBrokers(a.Brokers...), kgo.ClientID("pelton"), kgo.Dialer(dial), kgo.DisableClientMetrics()}
	if a.SASL != nil {
		m, err := a.SASL.mechanism()
		if err != nil {
			return nil, err
		}
		options = append(options, kgo.SASL(m))
	}
	return options, nil
}

// secured puts TLS on top of what dial connects.
func secured(dial func(context.Context, string, string) (net.Conn, error), c *tls.Config) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		inner, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		own := c.Clone()
		if own.ServerName == "" {
			own.ServerName, _, _ = net.SplitHostPort(address)
		}
		ctx, cancel := context.WithTimeout(ctx, dialTimeout)
		defer cancel()
		outer := tls.Client(inner, own)
		if err := outer.HandshakeContext(ctx); err != nil {
			_ = inner.Close()
			return nil, fmt.Errorf("tls with %s: %w", address, err)
		}
		return outer, nil
	}
}

func (t *TLS) config() (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName}
	if t.CAFile != "" {
		text, err := os.ReadFile(t.CAFile)
		if err != nil {
			return nil, fmt.Errorf("tls.ca_file: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("tls.ca_file: %s holds no certificate in PEM", t.CAFile)
		}
	}
	if t.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("tls.cert_file %s with tls.key_file %s: %w", t.CertFile, t.KeyFile, err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}

// mechanism reads the password once; a change of the file counts from the next start.
func (s *SASL) mechanism() (sasl.Mechanism, error) {
	text, err := os.ReadFile(s.PasswordFile)
	if err != nil {
		return nil, fmt.Errorf("sasl.password_file: %w", err)
	}
	password, _, _ := strings.Cut(string(text), "\n")
	password = strings.TrimSuffix(password, "\r")
	if password == "" {
		return nil, fmt.Errorf("sasl.password_file: the first line of %s is empty; it is the password", s.PasswordFile)
	}
	switch s.Mechanism {
	case Plain:
		return plain.Auth{User: s.User, Pass: password}.AsMechanism(), nil
	case ScramSHA256:
		return scram.Auth{User: s.User, Pass: password}.AsSha256Mechanism(), nil
	case ScramSHA512:
		return scram.Auth{User: s.User, Pass: password}.AsSha512Mechanism(), nil
	}
	return nil, errors.New("sasl.mechanism: unknown " + s.Mechanism)
}
