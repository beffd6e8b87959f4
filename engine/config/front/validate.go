package front

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/peltonhq/pelton/engine/config/unit"
	"github.com/peltonhq/pelton/engine/config/words"
)

// Report takes what is wrong.
type Report interface {
	// Addf notes a problem of the key at path.
	Addf(path, format string, args ...any)
	// Failed reports whether the key at path, or one below it, has a problem already.
	Failed(path string) bool
}

// Validate notes what is wrong.
func (a *API) Validate(r Report, path string) {
	a.address(r, path+".listen", a.Listen)
	a.address(r, path+".grpc", a.GRPC)
	if a.Listen == a.GRPC && !r.Failed(path+".listen") && !r.Failed(path+".grpc") && !free(a.Listen) {
		r.Addf(path+".grpc", "%s is api.listen's address; give another port", a.GRPC)
	}
	if a.Poll < unit.Second && !r.Failed(path+".poll") {
		r.Addf(path+".poll", "%s is too short; want at least 1s", a.Poll)
	}
	a.TLS.Validate(r, path+".tls")
	if a.Auth != nil {
		a.Auth.validate(r, path+".auth", a.TLS)
	}
	for i, origin := range a.CORS.Origins {
		if at := fmt.Sprintf("%s.cors.origins[%d]", path, i); !isOrigin(origin) {
			r.Addf(at, "%q is no origin; want a scheme and a host and nothing behind them, for example https://app.example.com", origin)
		}
	}
	for i, host := range a.Hosts {
		if host == "" || strings.ContainsAny(host, "/:* ") {
			r.Addf(fmt.Sprintf("%s.hosts[%d]", path, i), "%q is no name of a host; want one without port, for example pelton.example.com", host)
		}
	}
	a.Limits.validate(r, path+".limits")
	a.GraphQL.Validate(r, path+".graphql")
	if !r.Failed(path+".audit") && a.Audit.MaxBytes < 64*unit.KiB {
		r.Addf(path+".audit.max_bytes", "%s is too small; want at least 64KiB", a.Audit.MaxBytes)
	}
}

// address checks HOST:PORT. Without TLS only loopback is safe, and without auth whoever reaches it could change the wheel.
func (a *API) address(r Report, path, address string) {
	HostPort(r, path, address)
	if r.Failed(path) || a.Insecure || Loopback(address) {
		return
	}
	const others = "listen on 127.0.0.1, or allow everybody with --insecure-bind"
	switch {
	case a.TLS == nil:
		r.Addf(path, "%q is not a loopback address, and there is no api.tls; give cert_file and key_file, %s", address, others)
	case a.Auth == nil && a.TLS.ClientCAFile == "":
		r.Addf(path, "%q is not a loopback address, and everybody who reaches it could change the wheel; give api.auth or api.tls.client_ca_file, %s", address, others)
	}
}

// Validate notes what is wrong.
func (t *ServerTLS) Validate(r Report, path string) {
	switch {
	case t == nil || r.Failed(path):
	case t.CertFile == "":
		r.Addf(path+".cert_file", "is missing; give the certificate")
	case t.KeyFile == "":
		r.Addf(path+".key_file", "is missing; give its key")
	}
}

func isOrigin(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.Scheme+"://"+u.Host == text && !strings.Contains(text, "*")
}

// HostPort notes what is not HOST:PORT.
func HostPort(r Report, path, address string) {
	if r.Failed(path) {
		return
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		r.Addf(path, "%q is not an address; want HOST:PORT, for example 127.0.0.1:7070", address)
		return
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		r.Addf(path, "%q has no valid port; want 0 to 65535, for example 127.0.0.1:7070", address)
	}
}

// free reports whether an address leaves the port to the system.
func free(address string) bool {
	_, port, err := net.SplitHostPort(address)
	return err == nil && port == "0"
}

// Loopback reports whether only this machine reaches HOST:PORT.
func Loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// scopes are the words that a grant can have. A test holds that they are those of package api.
var scopes = []string{"read", "follow", "append", "publish", "settle", "operate", "admin"}

var (
	hash    = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
	pattern = regexp.MustCompile(`^[a-z0-9_*-]+$`)
)

func (a *Auth) validate(r Report, path string, tls *ServerTLS) {
	if r.Failed(path) {
		return
	}
	names := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(a.Tokens)) {
		t, at := a.Tokens[name], path+".tokens."+name
		if before, twice := names[t.Hash]; twice {
			r.Addf(at+".hash", "is that of %s, too; mint another token", before)
		}
		names[t.Hash] = name
		if !hash.MatchString(t.Hash) {
			r.Addf(at+".hash", "is no hash; want sha256: and 64 hexadecimal digits, as `pelton token mint` prints it") // it may be the token
		}
		if _, err := time.Parse(time.RFC3339, t.Expires); t.Expires != "" && err != nil {
			r.Addf(at+".expires", "%q is no time; want for example 2027-01-31T00:00:00Z", t.Expires)
		}
		t.Grant().validate(r, at)
	}
	for _, name := range slices.Sorted(maps.Keys(a.Certificates)) {
		a.Certificates[name].validate(r, path+".certificates."+name)
	}
	if len(a.Certificates) > 0 && (tls == nil || tls.ClientCAFile == "") {
		r.Addf(path+".certificates", "no client has a certificate without api.tls.client_ca_file; give it")
	}
	scoped(r, path+".anonymous", a.Anonymous)
	if a.OIDC != nil {
		a.OIDC.validate(r, path+".oidc")
	}
	if a.Capabilities != nil {
		a.Capabilities.validate(r, path+".capabilities")
	}
	if len(a.Tokens) == 0 && len(a.Certificates) == 0 && len(a.Anonymous) == 0 && a.OIDC == nil && a.Capabilities == nil && !r.Failed(path) {
		r.Addf(path, "lets nobody in; give tokens, oidc, capabilities, certificates or anonymous, or leave auth out")
	}
	if a.Login < unit.Minute && !r.Failed(path+".login") {
		r.Addf(path+".login", "%s is too short; want at least 1m", a.Login)
	}
}

// scoped checks a list of scopes.
func scoped(r Report, path string, list []string) {
	for i, s := range list {
		if !slices.Contains(scopes, s) {
			r.Addf(fmt.Sprintf("%s[%d]", path, i), "unknown scope %q; %s", s, words.Hint(s, scopes))
		}
	}
}

func (g Grant) validate(r Report, path string) {
	if r.Failed(path) {
		return
	}
	if len(g.Scopes) == 0 {
		r.Addf(path+".scopes", "is missing; give what may be done, for example [read, follow]")
	}
	scoped(r, path+".scopes", g.Scopes)
	for i, s := range g.Sessions {
		if name, _, _ := strings.Cut(s, "/"); !pattern.MatchString(name) {
			r.Addf(fmt.Sprintf("%s.sessions[%d]", path, i), "%q is no pattern of sessions; want NAME/KEY, for example airports/ORD*", s)
		}
	}
	for i, s := range g.Sources {
		if !pattern.MatchString(s) {
			r.Addf(fmt.Sprintf("%s.sources[%d]", path, i), "%q is no pattern of sources; want a name, for example orders*", s)
		}
	}
	if len(g.Sessions)+len(g.Sources) == 0 {
		return
	}
	for i, s := range g.Scopes {
		switch {
		case s == "admin" || s == "settle":
			r.Addf(fmt.Sprintf("%s.scopes[%d]", path, i), "%s is about the whole wheel, and does not go with sessions or sources; make it a grant of its own", s)
		case s == "publish" && len(g.Sources) == 0:
			r.Addf(fmt.Sprintf("%s.scopes[%d]", path, i), "publish with sessions needs sources, too: to which may it publish?")
		}
	}
}

func (o *OIDC) validate(r Report, path string) {
	if r.Failed(path) {
		return
	}
	secure := func(at, text string) {
		u, err := url.Parse(text)
		switch {
		case err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http":
			r.Addf(at, "is no URL; want for example https://id.example.com")
		case u.Scheme == "http" && !Loopback(net.JoinHostPort(u.Hostname(), "0")):
			r.Addf(at, "%q is not encrypted: whoever stands between could send keys of their own; want https", text)
		}
	}
	secure(path+".issuer", o.Issuer)
	if o.JWKSURL != "" {
		secure(path+".jwks_url", o.JWKSURL)
	}
	switch {
	case o.Audience == "":
		r.Addf(path+".audience", "is missing; give what must be in the tokens' aud, or a token for another service would do")
	case o.JWKSURL != "" && o.JWKSFile != "":
		r.Addf(path+".jwks_file", "goes not with jwks_url; give only one")
	case o.Claim == "":
		r.Addf(path+".claim", "is empty; give the claim that chooses grants, for example groups")
	case len(o.Grants) == 0:
		r.Addf(path+".grants", "is missing; give what the values of the claim allow, for example {ops: {scopes: [admin]}}")
	}
	for _, value := range slices.Sorted(maps.Keys(o.Grants)) {
		o.Grants[value].validate(r, path+".grants."+value)
	}
}

func (c *Capabilities) validate(r Report, path string) {
	if r.Failed(path) {
		return
	}
	if len(c.Keys) == 0 {
		r.Addf(path+".keys", "is missing; give the public keys, as `pelton token key` prints them")
	}
	for i, k := range c.Keys {
		digits, ok := strings.CutPrefix(k, "ed25519:")
		if raw, err := base64.RawURLEncoding.DecodeString(digits); !ok || err != nil || len(raw) != 32 {
			r.Addf(fmt.Sprintf("%s.keys[%d]", path, i), "is no public key; want ed25519: and 43 characters, as `pelton token key` prints it")
		}
	}
	if c.MaxTTL < unit.Second {
		r.Addf(path+".max_ttl", "%s is too short; want at least 1s", c.MaxTTL)
	}
}

func (l ClientLimits) validate(r Report, path string) {
	size := func(key string, value, least, most unit.Size) {
		if at := path + "." + key; !r.Failed(at) && (value < least || value > most) {
			r.Addf(at, "%s is out of range; want %s to %s", value, least, most)
		}
	}
	count := func(key string, value, most int) {
		if at := path + "." + key; !r.Failed(at) && (value < 1 || value > most) {
			r.Addf(at, "%d is out of range; want 1 to %d", value, most)
		}
	}
	size("headers", l.Headers, 4*unit.KiB, 16*unit.MiB)
	size("body_rate", l.BodyRate, 1, unit.GiB)
	count("connections", l.Connections, 10_000_000)
	count("connection_streams", l.ConnectionStreams, 1_000_000)
	count("streams", l.Streams, 10_000_000)
	count("append_messages", l.AppendMessages, 10_000_000)
	if at := path + ".stall"; !r.Failed(at) && (l.Stall < 100*unit.Millisecond || l.Stall > unit.Hour) {
		r.Addf(at, "%s is out of range; want 100ms to 1h", l.Stall)
	}
	count("burst", l.Burst, 1_000_000_000)
	if l.Failures <= 0 && !r.Failed(path+".failures") {
		r.Addf(path+".failures", "%s is too slow; want more than 0/s", l.Failures)
	}
}
