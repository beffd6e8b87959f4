package access

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"github.com/peltonhq/pelton/api/client"
	"github.com/peltonhq/pelton/engine"
)

// Flags are the flags and variables by which a command proves who uses it.
type Flags struct {
	Token, TokenFile string
	CA, Cert, Key    string
}

// Add adds the flags.
func (f *Flags) Add(flags *pflag.FlagSet) {
	flags.StringVar(&f.Token, "token", "", "`TOKEN` for the wheel, which others on this machine can see; better PELTON_TOKEN")
	flags.StringVar(&f.TokenFile, "token-file", "", "`FILE` with the token (default PELTON_TOKEN_FILE)")
	flags.StringVar(&f.CA, "tls-ca", "", "`FILE` with the authority of the wheel's certificate (default PELTON_TLS_CA, then the system's)")
	flags.StringVar(&f.Cert, "tls-cert", "", "`FILE` with a certificate of your own, for a wheel that asks for one")
	flags.StringVar(&f.Key, "tls-key", "", "`FILE` with its key")
}

// Open is a client of the wheel at addr, HOST:PORT or a URL.
func (f Flags) Open(addr string, getenv func(string) string) (*client.Client, error) {
	o := client.Options{}
	var err error
	if o.Token, err = f.token(getenv); err != nil {
		return nil, err
	}
	if o.TLS, err = f.tls(getenv); err != nil {
		return nil, err
	}
	secure := strings.HasPrefix(addr, "https://")
	if o.Token != "" && !secure && !local(addr) {
		return nil, Usagef("%s is not encrypted, and the token would be sent for everybody on the way to read; give https://HOST:PORT", addr)
	}
	if (f.CA != "" || f.Cert != "") && !secure {
		return nil, Usagef("--tls-ca and --tls-cert are for encrypted addresses; give https://HOST:PORT, not %s", addr)
	}
	return client.Open(addr, o), nil
}

func (f Flags) token(getenv func(string) string) (string, error) {
	path := f.TokenFile
	switch {
	case f.Token != "" && path != "":
		return "", Usagef("--token and --token-file: give only one")
	case f.Token != "":
		return f.Token, nil
	case path == "" && getenv("PELTON_TOKEN") != "":
		return strings.TrimSpace(getenv("PELTON_TOKEN")), nil
	case path == "":
		if path = getenv("PELTON_TOKEN_FILE"); path == "" {
			return "", nil
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", Usagef("the token's file: %v", err)
	}
	return strings.TrimSpace(string(text)), nil
}

func (f Flags) tls(getenv func(string) string) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	path := f.CA
	if path == "" {
		path = getenv("PELTON_TLS_CA")
	}
	if path != "" {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, Usagef("--tls-ca: %v", err)
		}
		if c.RootCAs = x509.NewCertPool(); !c.RootCAs.AppendCertsFromPEM(text) {
			return nil, Usagef("--tls-ca: %s has no certificate in PEM form", path)
		}
	}
	if (f.Cert == "") != (f.Key == "") {
		return nil, Usagef("--tls-cert and --tls-key go together; give both")
	}
	if f.Cert != "" {
		pair, err := tls.LoadX509KeyPair(f.Cert, f.Key)
		if err != nil {
			return nil, Usagef("--tls-cert %s with --tls-key %s: %v", f.Cert, f.Key, err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}

// local reports whether an address stays on this machine.
func local(addr string) bool {
	if u, err := url.Parse(addr); err == nil && u.Host != "" {
		addr = u.Host
	}
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		host = addr
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// usage is an error of how the program was called.
type usage struct{ text string }

// Usagef is wrong usage.
func Usagef(format string, args ...any) error { return &usage{fmt.Sprintf(format, args...)} }

func (u *usage) Error() string        { return u.text }
func (u *usage) Is(target error) bool { return target == engine.ErrUsage }
