package natsconn

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/nats-io/nats.go"
)

// Auth says who we are, in one way or none. All files are read again whenever a connection is made.
type Auth struct {
	CredentialsFile string // a JWT with its seed, as nsc makes it
	NKeyFile        string // a seed
	TokenFile       string
	User            string // goes with PasswordFile
	PasswordFile    string
}

func (a Auth) options() ([]nats.Option, error) {
	switch {
	case a.CredentialsFile != "":
		if _, err := secret("auth.credentials_file", a.CredentialsFile); err != nil {
			return nil, err
		}
		return []nats.Option{nats.UserCredentials(a.CredentialsFile)}, nil
	case a.NKeyFile != "":
		if _, err := secret("auth.nkey_file", a.NKeyFile); err != nil {
			return nil, err
		}
		o, err := nats.NkeyOptionFromSeed(a.NKeyFile)
		if err != nil {
			return nil, fmt.Errorf("auth.nkey_file %s: %w: no seed of a user is in it", a.NKeyFile, ErrOptions)
		}
		return []nats.Option{o}, nil
	case a.TokenFile != "":
		if _, err := secret("auth.token_file", a.TokenFile); err != nil {
			return nil, err
		}
		return []nats.Option{nats.TokenHandler(func() string { return again(a.TokenFile) })}, nil
	case a.User != "":
		if _, err := secret("auth.password_file", a.PasswordFile); err != nil {
			return nil, err
		}
		return []nats.Option{nats.UserInfoHandler(func() (string, string) { return a.User, again(a.PasswordFile) })}, nil
	}
	return nil, nil
}

// secret is a file's text without the newline that editors put at its end.
func secret(option, path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", unreadable(option, path, err)
	}
	s := strings.TrimRight(string(text), "\r\n")
	if s == "" {
		return "", fmt.Errorf("%s %s: %w: it is empty", option, path, ErrOptions)
	}
	return s, nil
}

// again reads a secret for another connect. Without it the server refuses, and it is tried once more.
func again(path string) string {
	s, _ := secret("", path)
	return s
}

func unreadable(option, path string, err error) error {
	var failure *os.PathError
	if errors.As(err, &failure) {
		err = failure.Err
	}
	return fmt.Errorf("%s %s: %w: it can't be read: %w", option, path, ErrOptions, err)
}

// TLS says whom we trust and what we show. The zero value trusts what the system trusts.
type TLS struct {
	CAFile   string // PEM of who signed the server's certificate
	CertFile string // ours, with KeyFile
	KeyFile  string
	Name     string // in the server's certificate; empty for the host of its address
}

func (t TLS) options() ([]nats.Option, error) {
	opts := []nats.Option{nats.Secure(&tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.Name})}
	if t.CAFile != "" {
		text, err := secret("tls.ca_file", t.CAFile)
		if err != nil {
			return nil, err
		}
		if !x509.NewCertPool().AppendCertsFromPEM([]byte(text)) {
			return nil, fmt.Errorf("tls.ca_file %s: %w: no certificate in PEM is in it", t.CAFile, ErrOptions)
		}
		opts = append(opts, nats.RootCAs(t.CAFile))
	}
	if t.CertFile != "" {
		if _, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile); err != nil {
			return nil, fmt.Errorf("tls.cert_file %s with tls.key_file %s: %w: %w", t.CertFile, t.KeyFile, ErrOptions, err)
		}
		opts = append(opts, nats.ClientCert(t.CertFile, t.KeyFile))
	}
	return opts, nil
}
