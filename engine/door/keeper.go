package door

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/peltonhq/pelton/api/meter"
	"github.com/peltonhq/pelton/engine/config/front"
)

// look is how long the files are taken to be unchanged without a look.
const look = time.Second

// keeper keeps the TLS of the files as they are now. What can't be read changes nothing: the old certificate stays.
type keeper struct {
	files front.ServerTLS
	meter *meter.Door
	tell  func(text string)

	mu      sync.Mutex
	current *tls.Config
	looked  time.Time
	seen    [3]stamp // of the files, when they were read last
}

// stamp tells whether a file has changed.
type stamp struct {
	mod  time.Time
	size int64
}

func stampOf(path string) (stamp, error) {
	if path == "" {
		return stamp{}, nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return stamp{}, err
	}
	return stamp{info.ModTime(), info.Size()}, nil
}

func (k *keeper) stamps() (all [3]stamp, err error) {
	for i, path := range []string{k.files.CertFile, k.files.KeyFile, k.files.ClientCAFile} {
		if all[i], err = stampOf(path); err != nil {
			return all, err
		}
	}
	return all, nil
}

// config asks the keeper at each handshake.
func (k *keeper) config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12, NextProtos: protocols,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return k.now(), nil },
		// Not reached, since the config above answers; net/http wants a certificate to be there.
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &k.now().Certificates[0], nil },
	}
}

var protocols = []string{"h2", "http/1.1"}

func (k *keeper) now() *tls.Config {
	k.mu.Lock()
	defer k.mu.Unlock()
	if time.Since(k.looked) < look {
		return k.current
	}
	k.looked = time.Now()
	if stamps, err := k.stamps(); err == nil && stamps == k.seen {
		return k.current
	}
	if err := k.read(); err != nil {
		k.meter.BadReloads.Add(1)
		k.tell(err.Error() + "; the certificate before it stays")
		return k.current
	}
	k.meter.Reloads.Add(1)
	k.tell("api.tls: the certificate has changed and was read again")
	return k.current
}

// load reads the files for the first time.
func (k *keeper) load() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.looked = time.Now()
	return k.read()
}

func (k *keeper) read() error {
	// Before the bytes, so that a change in between is seen at the next look. What can't be read is not tried again until it
	// changes.
	seen, err := k.stamps()
	if err != nil {
		return fmt.Errorf("api.tls: %w", err)
	}
	k.seen = seen
	pair, err := tls.LoadX509KeyPair(k.files.CertFile, k.files.KeyFile)
	if err != nil {
		return fmt.Errorf("api.tls: cert_file %s with key_file %s: %w", k.files.CertFile, k.files.KeyFile, err)
	}
	c := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: protocols}
	if path := k.files.ClientCAFile; path != "" {
		text, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("api.tls: client_ca_file: %w", err)
		}
		c.ClientCAs, c.ClientAuth = x509.NewCertPool(), tls.RequireAndVerifyClientCert
		if !c.ClientCAs.AppendCertsFromPEM(text) {
			return fmt.Errorf("api.tls: client_ca_file %s has no certificate in PEM form", path)
		}
	}
	k.current = c
	k.meter.Expiry.Store(pair.Leaf.NotAfter.Unix())
	return nil
}
