package auth

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/meter"
	"github.com/peltonhq/pelton/internal/quota"
)

// Options of a gate. The zero value lets nobody in.
type Options struct {
	Tokens       map[string]Token // by name
	Issuer       *Issuer
	Keys         []ed25519.PublicKey  // of capability tokens
	MaxTTL       time.Duration        // of capability tokens; default an hour
	Certificates map[string]api.Grant // by the name in a client's certificate; "*" is any other
	Anonymous    []api.Scope          // of who proves nothing

	Login    time.Duration // how long a log-in by cookie lasts; default 12 h
	Failures float64       // wrong proofs a second of an address before the next are not looked at; default 1, ten at once
	Meter    *meter.Door
}

// Token is a static token.
type Token struct {
	Hash    string
	Grant   api.Grant
	Expires time.Time // zero: never
}

// Gate finds out who calls. The nil Gate lets everybody in as nobody in particular: for a service whose guard is off.
type Gate struct {
	tokens       atomic.Pointer[map[string]granted] // by hash
	issuer       *issuer
	capabilities *capabilities
	certificates map[string]api.Grant
	anonymous    *api.Principal
	logins       logins
	failures     *quota.Quota
	meter        *meter.Door
}

// New builds a gate.
func New(o Options) (*Gate, error) {
	g := &Gate{certificates: o.Certificates, meter: o.Meter}
	if g.meter == nil {
		g.meter = new(meter.Door)
	}
	if err := g.Use(o.Tokens); err != nil {
		return nil, err
	}
	if o.Issuer != nil {
		var err error
		if g.issuer, err = newIssuer(*o.Issuer); err != nil {
			return nil, err
		}
	}
	if len(o.Keys) > 0 {
		g.capabilities = &capabilities{keys: o.Keys, maxTTL: positive(o.MaxTTL, time.Hour)}
	}
	if len(o.Anonymous) > 0 {
		g.anonymous = &api.Principal{Name: "anonymous", Shared: true, Grants: []api.Grant{{Scopes: o.Anonymous}}}
	}
	g.logins.life = positive(o.Login, 12*time.Hour)
	if o.Failures <= 0 {
		o.Failures = 1
	}
	g.failures = quota.New(o.Failures, 10*int(max(1, o.Failures)))
	return g, nil
}

func positive(d, otherwise time.Duration) time.Duration {
	if d <= 0 {
		return otherwise
	}
	return d
}

// Proof is what a request brings along.
type Proof struct {
	Authorization string            // the header's value; empty when there is none
	Capability    string            // a token by another way, where only a capability is taken
	Cookie        string            // of a log-in
	Certificate   *x509.Certificate // that TLS has verified; nil: none
	From          string            // address, without the port
}

// Call is ctx with who calls.
func (g *Gate) Call(ctx context.Context, p Proof) context.Context {
	c := api.Caller{From: p.From}
	if g != nil {
		c.Principal, c.Refused = g.principal(ctx, p)
	}
	return api.WithCaller(ctx, c)
}

// Remote reports whether it may take a request to an issuer to look at a proof.
func (g *Gate) Remote(p Proof) bool {
	if g == nil || g.issuer == nil || p.Authorization == "" {
		return false
	}
	_, token, _ := strings.Cut(p.Authorization, " ")
	kind := typ(strings.TrimSpace(token))
	return kind != "" && kind != capabilityType
}

// principal takes the strongest word: a token that was sent on purpose, then a log-in, then the certificate.
func (g *Gate) principal(ctx context.Context, p Proof) (*api.Principal, error) {
	switch {
	case p.Authorization != "":
		kind, token, _ := strings.Cut(p.Authorization, " ")
		if !strings.EqualFold(kind, "bearer") {
			return nil, refused(errors.New("the header Authorization is of another kind; want Bearer TOKEN"))
		}
		return g.Verify(ctx, strings.TrimSpace(token), p.From)
	case p.Capability != "":
		if typ(p.Capability) != capabilityType {
			return nil, refused(errors.New("only a capability token may stand in a URL; send others as Authorization: Bearer TOKEN"))
		}
		return g.Verify(ctx, p.Capability, p.From)
	}
	if p.Cookie != "" {
		if who := g.logins.find(p.Cookie); who != nil {
			return who, nil
		}
	}
	if who := g.certificate(p.Certificate); who != nil {
		return who, nil
	}
	if g.anonymous != nil {
		return g.anonymous, nil
	}
	if p.Cookie != "" {
		return nil, refused(errors.New("the log-in has ended; log in again"))
	}
	return nil, nil //nolint:nilnil // nobody, and nothing wrong: the service says what it needs
}

// Verify gives whom a token stands for. from is the address that it came from.
func (g *Gate) Verify(ctx context.Context, token, from string) (*api.Principal, error) {
	if !g.failures.Left(from) {
		g.meter.Guesses.Add(1)
		return nil, api.Errorf(api.ResourceExhausted, "too many wrong tokens came from %s (api.limits.failures); wait", from).With(api.DetailRetryAfter, "1s")
	}
	p, err := g.look(ctx, token)
	if err == nil {
		return p, nil
	}
	if e, ok := errors.AsType[*api.Error](err); ok {
		return nil, e // not the token's fault
	}
	g.failures.Allow(from)
	g.meter.Unauthenticated.Add(1)
	return nil, refused(err)
}

// maxToken is the most bytes of a token that are looked at.
const maxToken = 8 << 10

func (g *Gate) look(ctx context.Context, token string) (*api.Principal, error) {
	switch {
	case token == "" || len(token) > maxToken:
		return nil, fmt.Errorf("the token has %d bytes; want 1 to %d", len(token), maxToken)
	case strings.HasPrefix(token, TokenPrefix):
		t, ok := (*g.tokens.Load())[Hash(token)]
		switch {
		case !ok:
			return nil, errors.New("the token is not known; is its hash in api.auth.tokens?")
		case t.who.Over():
			return nil, fmt.Errorf("%s has expired (api.auth.tokens)", t.who.Name)
		}
		return t.who, nil
	}
	kind := typ(token)
	switch {
	case kind == "":
		return nil, errors.New("the token is of no known kind; want one of `pelton token mint`, or a JWT")
	case kind == capabilityType && g.capabilities == nil:
		return nil, errors.New("capability tokens are not taken; api.auth.capabilities has no keys")
	case kind == capabilityType:
		return g.capabilities.verify(token)
	case g.issuer == nil:
		return nil, errors.New("JWTs of issuers are not taken; api.auth.oidc is not set")
	}
	return g.issuer.principal(ctx, token)
}

// typ is the type that a JWT claims to have, "JWT" if none; empty when it is no JWT. It only chooses who verifies it.
func typ(token string) string {
	head, _, ok := strings.Cut(token, ".")
	text, err := base64.RawURLEncoding.DecodeString(head)
	var header struct {
		Typ string `json:"typ"`
	}
	if !ok || err != nil || json.Unmarshal(text, &header) != nil {
		return ""
	}
	if header.Typ == "" {
		return "JWT"
	}
	return header.Typ
}

// certificate gives whom a client's certificate stands for, by its common name or a DNS name in it.
func (g *Gate) certificate(c *x509.Certificate) *api.Principal {
	if c == nil {
		return nil
	}
	for _, name := range append([]string{c.Subject.CommonName}, c.DNSNames...) {
		if grant, ok := g.certificates[name]; ok && name != "" && name != "*" {
			return &api.Principal{Name: "certificate " + clean(name), Grants: []api.Grant{grant}, Expires: c.NotAfter}
		}
	}
	if grant, ok := g.certificates["*"]; ok {
		return &api.Principal{Name: "certificate " + clean(c.Subject.CommonName), Grants: []api.Grant{grant}, Expires: c.NotAfter}
	}
	return nil
}

func refused(err error) error {
	return &api.Error{Code: api.Unauthenticated, Message: err.Error(), Detail: map[string]string{api.DetailReason: "invalid_token"}}
}
