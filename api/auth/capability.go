package auth

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/peltonhq/pelton/api"
)

// capabilityType is the typ of a capability token: no other JWT is taken for one, nor one for another.
const capabilityType = "pelton-capability+jwt"

// audience is the aud of a capability token.
const audience = "pelton"

// CapabilityScopes are all that a capability token can carry: what is about sessions, and changes nothing of the wheel.
var CapabilityScopes = []api.Scope{api.ScopeRead, api.ScopeFollow, api.ScopeAppend}

// KeyPrefix begins the text of a public key.
const KeyPrefix = "ed25519:"

// KeyText is a public key as the config has it.
func KeyText(key ed25519.PublicKey) string {
	return KeyPrefix + base64.RawURLEncoding.EncodeToString(key)
}

// ParseKey is the inverse of [KeyText].
func ParseKey(text string) (ed25519.PublicKey, error) {
	digits, ok := strings.CutPrefix(text, KeyPrefix)
	key, err := base64.RawURLEncoding.DecodeString(digits)
	if !ok || err != nil || len(key) != ed25519.PublicKeySize {
		return nil, errors.New("is no public key; want ed25519: and 43 characters, as `pelton token key` prints it")
	}
	return key, nil
}

// Capability is what a capability token says.
type Capability struct {
	Sessions []string    `json:"sessions"`
	Scopes   []api.Scope `json:"scopes"`
	Subject  string      `json:"-"` // for the audit log; may be empty
	Expires  time.Time   `json:"-"`
}

// check finds what such a token may not say.
func (c *Capability) check() error {
	if len(c.Sessions) == 0 {
		return errors.New("it names no session")
	}
	for _, s := range c.Scopes {
		if !slices.Contains(CapabilityScopes, s) {
			return fmt.Errorf("it has the scope %q; a capability has only read, follow and append", s)
		}
	}
	if len(c.Scopes) == 0 {
		return errors.New("it has no scope")
	}
	return nil
}

// Mint signs a capability token.
func Mint(key ed25519.PrivateKey, c Capability) (string, error) {
	if err := c.check(); err != nil {
		return "", fmt.Errorf("capability: %w", err)
	}
	o := (&jose.SignerOptions{}).WithType(capabilityType)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: key}, o)
	if err != nil {
		return "", fmt.Errorf("capability: %w", err)
	}
	var id [9]byte
	_, _ = rand.Read(id[:]) // never fails
	return jwt.Signed(signer).Claims(jwt.Claims{
		ID: hex.EncodeToString(id[:]), Subject: c.Subject, Audience: jwt.Audience{audience},
		IssuedAt: jwt.NewNumericDate(time.Now()), Expiry: jwt.NewNumericDate(c.Expires),
	}).Claims(c).Serialize()
}

// capabilities verifies capability tokens.
type capabilities struct {
	keys   []ed25519.PublicKey
	maxTTL time.Duration
}

func (c *capabilities) verify(token string) (*api.Principal, error) {
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil {
		return nil, errors.New("capability token: it is not signed by EdDSA, or damaged")
	}
	var claims jwt.Claims
	var own Capability
	verified := false
	for _, key := range c.keys {
		if verified = parsed.Claims(key, &claims, &own) == nil; verified {
			break
		}
	}
	if !verified {
		return nil, errors.New("capability token: none of the keys in api.auth.capabilities signed it")
	}
	now := time.Now()
	switch {
	case claims.Expiry == nil || claims.IssuedAt == nil:
		return nil, errors.New("capability token: it has no iat or no exp; a capability ends")
	case claims.Expiry.Time().Sub(claims.IssuedAt.Time()) > c.maxTTL:
		return nil, fmt.Errorf("capability token: it lasts longer than api.auth.capabilities.max_ttl (%s)", c.maxTTL)
	}
	if err := claims.ValidateWithLeeway(jwt.Expected{AnyAudience: jwt.Audience{audience}, Time: now}, leeway); err != nil {
		return nil, fmt.Errorf("capability token: %s", strings.TrimPrefix(err.Error(), "go-jose/go-jose/jwt: "))
	}
	if !now.Before(claims.Expiry.Time()) {
		return nil, errors.New("capability token: it has expired; get a new one")
	}
	if err := own.check(); err != nil {
		return nil, fmt.Errorf("capability token: %w", err)
	}
	name := "capability " + clean(claims.ID)
	if claims.Subject != "" {
		name += " of " + clean(claims.Subject)
	}
	return &api.Principal{
		Name: name, Expires: claims.Expiry.Time(), Grants: []api.Grant{{Scopes: own.Scopes, Sessions: own.Sessions}},
	}, nil
}

// leeway is how far the clocks of a signer and this machine may be apart; not for the end of a token.
const leeway = time.Minute

// clean bounds a name that came with a token and goes into logs.
func clean(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, text)
	const most = 100
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}
