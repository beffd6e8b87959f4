package access

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/auth"
	"github.com/peltonhq/pelton/engine/config"
)

// Commands are the verbs of `pelton token`. They talk to no wheel.
func Commands(out io.Writer) []*cobra.Command {
	return []*cobra.Command{mintCommand(out), keyCommand(out)}
}

// minting says which token to make.
type minting struct {
	name, subject, keyFile, ttl string
	scopes, sessions, sources   []string
	json                        bool
}

func mintCommand(out io.Writer) *cobra.Command {
	var m minting
	c := &cobra.Command{
		Use:   "mint",
		Short: "Make a token",
		Long: `Make a token, and print it with the line that the config needs: a static token is known to the
wheel by its hash alone, under api.auth.tokens.

With --key-file make a capability token instead: for some sessions and a short time, signed by
that key. The wheel takes it if the key's public half is in api.auth.capabilities.keys, so a
program can make as many as it wants without a change of the config.`,
		Example: `  pelton token mint --name ci --scope read --scope operate
  pelton token key app.key
  pelton token mint --key-file app.key --session 'airports/ORD*' --ttl 10m`,
		Args: none,
		RunE: func(*cobra.Command, []string) error {
			if m.keyFile != "" {
				return m.capability(out)
			}
			if m.subject != "" {
				return Usagef("--subject is for capability tokens; give --key-file, too")
			}
			return m.static(out, time.Now())
		},
	}
	f := c.Flags()
	f.StringVar(&m.name, "name", "", "`NAME` of a static token in the config")
	f.StringSliceVar(&m.scopes, "scope", nil, "`SCOPE` that it has: "+strings.Join(words(api.Scopes), ", ")+"; may be given several times (default read and follow)")
	f.StringArrayVar(&m.sessions, "session", nil, "only for sessions like `NAME/KEY`, where * is any text; may be given several times")
	f.StringArrayVar(&m.sources, "source", nil, "publish only to sources like `NAME`; may be given several times")
	f.StringVar(&m.ttl, "ttl", "", "how long it lasts, for example 10m or 90d (default: a static token for ever, a capability 10m)")
	f.StringVar(&m.keyFile, "key-file", "", "`FILE` with the key that signs a capability token")
	f.StringVar(&m.subject, "subject", "", "whom a capability token is for, in the audit log")
	f.BoolVar(&m.json, "json", false, "print JSON")
	return c
}

func none(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return Usagef("%s: %q is one word too many; see `%s --help`", c.CommandPath(), args[0], c.CommandPath())
	}
	return nil
}

func words(scopes []api.Scope) []string {
	all := make([]string, len(scopes))
	for i, s := range scopes {
		all[i] = string(s)
	}
	return all
}

// granted are the scopes that were asked for.
func (m *minting) granted(allowed []api.Scope) ([]api.Scope, error) {
	if len(m.scopes) == 0 {
		m.scopes = []string{"read", "follow"}
	}
	var all []api.Scope
	for _, s := range m.scopes {
		if !slices.Contains(allowed, api.Scope(s)) {
			return nil, Usagef("--scope %q: want %s", s, strings.Join(words(allowed), ", "))
		}
		all = append(all, api.Scope(s))
	}
	return all, nil
}

// lasts is --ttl.
func (m *minting) lasts() (time.Duration, error) {
	if m.ttl == "" {
		return 0, nil
	}
	var d config.Duration
	if err := d.UnmarshalText([]byte(m.ttl)); err != nil || d <= 0 {
		return 0, Usagef("--ttl %q: want a time with a unit, for example 10m", m.ttl)
	}
	return d.Std(), nil
}

// minted is what was made.
type minted struct {
	Token   string     `json:"token"`
	Name    string     `json:"name,omitempty"`
	Hash    string     `json:"hash,omitempty"`
	Config  string     `json:"config,omitempty"` // the line below api.auth.tokens
	Expires *time.Time `json:"expires,omitempty"`
}

var tokenName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,63}$`)

func (m *minting) static(out io.Writer, now time.Time) error {
	if !tokenName.MatchString(m.name) {
		return Usagef("--name %q: a static token needs a name of letters, digits, _ and -, for example --name ci; a capability token needs --key-file", m.name)
	}
	if _, err := m.granted(api.Scopes); err != nil {
		return err
	}
	ttl, err := m.lasts()
	if err != nil {
		return err
	}
	token := auth.NewToken()
	made := minted{Token: token, Name: m.name, Hash: auth.Hash(token)}
	fields := []string{fmt.Sprintf("hash: %q", made.Hash), "scopes: [" + strings.Join(m.scopes, ", ") + "]"}
	for _, list := range []struct {
		key    string
		values []string
	}{{"sessions", m.sessions}, {"sources", m.sources}} {
		if len(list.values) > 0 {
			fields = append(fields, fmt.Sprintf("%s: [%s]", list.key, quoted(list.values)))
		}
	}
	if ttl > 0 {
		end := now.Add(ttl).UTC().Truncate(time.Second)
		made.Expires = &end
		fields = append(fields, fmt.Sprintf("expires: %q", end.Format(time.RFC3339)))
	}
	made.Config = m.name + ": {" + strings.Join(fields, ", ") + "}"
	if m.json {
		return printJSON(out, made)
	}
	_, err = fmt.Fprintf(out, "%s\n\nIt is shown only now. Put this into the config, below api.auth.tokens:\n\n    %s\n", made.Token, made.Config)
	return err
}

func quoted(list []string) string {
	all := make([]string, len(list))
	for i, s := range list {
		all[i] = fmt.Sprintf("%q", s)
	}
	return strings.Join(all, ", ")
}

func (m *minting) capability(out io.Writer) error {
	scopes, err := m.granted(auth.CapabilityScopes)
	switch {
	case err != nil:
		return err
	case len(m.sessions) == 0:
		return Usagef("--session is missing: for which sessions is the token? For example --session 'airports/ORD*'")
	case m.name != "" || len(m.sources) > 0:
		return Usagef("--name and --source are for static tokens; a capability token is for sessions, and has a --subject")
	}
	ttl, err := m.lasts()
	if err != nil {
		return err
	}
	if ttl == 0 {
		ttl = 10 * time.Minute
	}
	key, err := readKey(m.keyFile)
	if err != nil {
		return err
	}
	end := time.Now().Add(ttl).UTC().Truncate(time.Second)
	token, err := auth.Mint(key, auth.Capability{Sessions: m.sessions, Scopes: scopes, Subject: m.subject, Expires: end})
	if err != nil {
		return err
	}
	if m.json {
		return printJSON(out, minted{Token: token, Expires: &end})
	}
	_, err = fmt.Fprintln(out, token)
	return err
}

func printJSON(out io.Writer, v any) error {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// readKey reads a private key, as `pelton token key` or OpenSSL writes it.
func readKey(path string) (ed25519.PrivateKey, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, Usagef("--key-file: %v", err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, Usagef("--key-file: %s has no key in PEM form; make one with `pelton token key FILE`", path)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	key, ok := parsed.(ed25519.PrivateKey)
	if err != nil || !ok {
		return nil, Usagef("--key-file: %s has no private Ed25519 key (PKCS #8); make one with `pelton token key FILE`", path)
	}
	return key, nil
}

func keyCommand(out io.Writer) *cobra.Command {
	return &cobra.Command{
		Use:   "key FILE",
		Short: "Make a key that signs capability tokens",
		Long: `Write a new private key (Ed25519, PEM) to FILE, which must not be there, and print its public
half, which goes into the config below api.auth.capabilities.keys. An existing FILE is not
touched: then only its public half is printed.`,
		Example: "  pelton token key app.key",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return Usagef("%s: want one FILE; see `%s --help`", c.CommandPath(), c.CommandPath())
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			key, err := makeKey(args[0])
			if errors.Is(err, os.ErrExist) {
				key, err = readKey(args[0])
			}
			if err != nil {
				return err
			}
			public, _ := key.Public().(ed25519.PublicKey)
			_, err = fmt.Fprintln(out, auth.KeyText(public))
			return err
		},
	}
}

func makeKey(path string) (ed25519.PrivateKey, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return key, errors.Join(pem.Encode(f, &pem.Block{Type: "PRIVATE KEY", Bytes: der}), f.Close())
}
