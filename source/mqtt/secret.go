package mqtt

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
)

// Secrets are the files that say who may connect, and how. An empty path is none.
type Secrets struct {
	Passwords, Cert, Key, ClientCA string
}

// Load reads the files into options.
func (s Secrets) Load(o *Options) (err error) {
	if s.Passwords != "" {
		if o.Passwords, err = ReadPasswords(s.Passwords); err != nil {
			return fmt.Errorf("mqtt.password_file: %w", err)
		}
	}
	if s.Cert != "" {
		if o.TLS, err = LoadTLS(s.Cert, s.Key, s.ClientCA); err != nil {
			return fmt.Errorf("mqtt.tls: %w", err)
		}
	}
	return nil
}

// Safe reports whether connections are encrypted and not everybody may connect.
func (o *Options) Safe() bool { return o.TLS != nil && (o.Passwords != nil || o.TLS.ClientCAs != nil) }

// LoadTLS reads a certificate and its key, and the authority that signs those of clients: with one, clients must have one.
func LoadTLS(cert, key, clientCA string) (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("certificate %s with key %s: %w", cert, key, err)
	}
	c := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	if clientCA == "" {
		return c, nil
	}
	text, err := os.ReadFile(clientCA)
	if err != nil {
		return nil, err
	}
	c.ClientCAs, c.ClientAuth = x509.NewCertPool(), tls.RequireAndVerifyClientCert
	if !c.ClientCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s: %w", clientCA, errors.New("has no certificate in PEM form"))
	}
	return c, nil
}
