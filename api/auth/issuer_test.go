package auth_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/auth"
)

// provider is an OpenID Connect issuer in this process.
type provider struct {
	*httptest.Server

	rsa   *rsa.PrivateKey
	asked atomic.Int64 // for its keys
	down  atomic.Bool
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p := &provider{rsa: key}
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, v any) {
		if p.down.Load() {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(v); err != nil {
			t.Error(err)
		}
	}
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"issuer": p.URL, "jwks_uri": p.URL + "/keys", "id_token_signing_alg_values_supported": []string{"RS256", "HS256", "none"}})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		p.asked.Add(1)
		answer(w, p.keys())
	})
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	return p
}

func (p *provider) keys() jose.JSONWebKeySet {
	return jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: p.rsa.Public(), KeyID: "one", Algorithm: "RS256", Use: "sig"}}}
}

// sign makes a token of some claims, over those that hold.
func sign(t *testing.T, alg jose.SignatureAlgorithm, key any, typ string, claims map[string]any) string {
	t.Helper()
	o := &jose.SignerOptions{}
	if typ != "" {
		o = o.WithType(jose.ContentType(typ))
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, o)
	if err != nil {
		t.Fatal(err)
	}
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func (p *provider) claims(over map[string]any) map[string]any {
	all := map[string]any{
		"iss": p.URL, "aud": []string{"pelton"}, "sub": "ada", "exp": time.Now().Add(time.Hour).Unix(), "iat": time.Now().Unix(), "groups": []string{"ops", "x"},
	}
	for name, value := range over {
		if all[name] = value; value == nil {
			delete(all, name)
		}
	}
	return all
}

func (p *provider) token(t *testing.T, over map[string]any) string {
	t.Helper()
	return sign(t, jose.RS256, jose.JSONWebKey{Key: p.rsa, KeyID: "one"}, "JWT", p.claims(over))
}

var ops = map[string]api.Grant{"ops": {Scopes: []api.Scope{api.ScopeOperate}}, "dev": {Scopes: []api.Scope{api.ScopeRead}}}

func (p *provider) gate(t *testing.T, change func(*auth.Issuer), keys ...ed25519.PublicKey) *auth.Gate {
	t.Helper()
	i := &auth.Issuer{URL: p.URL, Audience: "pelton", Claim: "groups", Grants: ops}
	if change != nil {
		change(i)
	}
	g, err := auth.New(auth.Options{Issuer: i, Keys: keys, Failures: 1000})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// who is whom a token stands for; the error's text if for nobody.
func who(t *testing.T, g *auth.Gate, token string) (p *api.Principal, problem string) {
	t.Helper()
	p, err := g.Verify(t.Context(), token, "192.0.2.1")
	if err == nil {
		return p, ""
	}
	e := api.Wrap(err)
	if e.Code != api.Unauthenticated && e.Code != api.Unavailable {
		t.Errorf("code %v: %v", e.Code, err)
	}
	if token != "" && strings.Contains(err.Error(), token) {
		t.Errorf("the text has the token: %v", err)
	}
	return nil, err.Error()
}

// A token of the issuer is taken, whichever way its keys are known.
func TestIssuer(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	file := filepath.Join(t.TempDir(), "keys.json")
	text, err := json.Marshal(p.keys())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*auth.Issuer){
		"discovery": nil,
		"url":       func(i *auth.Issuer) { i.JWKSURL = p.URL + "/keys" },
		"file":      func(i *auth.Issuer) { i.JWKSFile = file },
	} {
		g := p.gate(t, change)
		got, problem := who(t, g, p.token(t, nil))
		if problem != "" || got.Name != "oidc ada" || len(got.Grants) != 1 || got.Grants[0].Scopes[0] != api.ScopeOperate || time.Until(got.Expires) > time.Hour {
			t.Errorf("%s: %+v, %s", name, got, problem)
		}
		if got, problem := who(t, g, p.token(t, map[string]any{"groups": "x dev"})); problem != "" || len(got.Grants) != 1 || got.Grants[0].Scopes[0] != api.ScopeRead {
			t.Errorf("%s: words with spaces: %+v, %s", name, got, problem)
		}
		if got, problem := who(t, g, p.token(t, map[string]any{"groups": 7})); problem != "" || len(got.Grants) != 0 {
			t.Errorf("%s: a claim that is no text: %+v, %s", name, got, problem)
		}
	}
}

// Tokens that are made to be mistaken for others are not taken.
func TestConfusion(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	g := p.gate(t, nil, public)
	if _, problem := who(t, g, p.token(t, nil)); problem != "" {
		t.Fatal(problem)
	}
	good := p.token(t, nil)
	parts := strings.Split(good, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`))
	der, err := x509.MarshalPKIXPublicKey(p.rsa.Public())
	if err != nil {
		t.Fatal(err)
	}
	capability := map[string]any{
		"aud": "pelton", "jti": "1", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(), "sessions": []string{"airports/ORD"}, "scopes": []string{"read"},
	}
	const typ = "pelton-capability+jwt"
	with := func(over map[string]any) map[string]any {
		all := map[string]any{}
		for _, m := range []map[string]any{capability, over} {
			for name, value := range m {
				if all[name] = value; value == nil {
					delete(all, name)
				}
			}
		}
		return all
	}
	if got, problem := who(t, g, sign(t, jose.EdDSA, private, typ, capability)); problem != "" || got.Grants[0].Sessions[0] != "airports/ORD" {
		t.Fatalf("%+v, %s", got, problem)
	}
	for name, c := range map[string]struct{ token, want string }{
		"empty":                         {"", "0 bytes"},
		"too long":                      {strings.Repeat("a", 9000), "9000 bytes"},
		"not a token":                   {"hello", "no known kind"},
		"half of one":                   {parts[0] + ".", "token: it is no JWT"},
		"alg none":                      {none + "." + parts[1] + ".", "token: "},
		"alg none with a signature":     {none + "." + parts[1] + "." + parts[2], "token: "},
		"HS256 by the public key":       {sign(t, jose.HS256, der, "JWT", p.claims(nil)), "signature is of a kind that is not taken"},
		"HS256 by its PEM":              {sign(t, jose.HS256, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), "JWT", p.claims(nil)), "not taken"},
		"another key":                   {sign(t, jose.RS256, jose.JSONWebKey{Key: other, KeyID: "one"}, "JWT", p.claims(nil)), "no key of the issuer"},
		"a key of another kind":         {sign(t, jose.ES256, jose.JSONWebKey{Key: curve, KeyID: "one"}, "JWT", p.claims(nil)), "no key of the issuer"},
		"its own key inside":            {embedded(t, other, p.claims(nil)), "no key of the issuer"},
		"a changed payload":             {parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"`+p.URL+`"}`)) + "." + parts[2], "token: "},
		"expired":                       {p.token(t, map[string]any{"exp": time.Now().Add(-time.Minute).Unix()}), "it has expired"},
		"without an end":                {p.token(t, map[string]any{"exp": nil}), "it has expired"},
		"not yet":                       {p.token(t, map[string]any{"nbf": time.Now().Add(time.Hour).Unix()}), "not valid yet"},
		"another audience":              {p.token(t, map[string]any{"aud": "billing"}), "another audience"},
		"no audience":                   {p.token(t, map[string]any{"aud": nil}), "another audience"},
		"another issuer":                {p.token(t, map[string]any{"iss": "https://evil.example"}), "another issuer"},
		"a capability by the issuer":    {sign(t, jose.RS256, p.rsa, typ, capability), "not signed by EdDSA"},
		"a JWT by a capability key":     {sign(t, jose.EdDSA, private, "JWT", p.claims(nil)), "no key of the issuer"},
		"a capability without typ":      {sign(t, jose.EdDSA, private, "", capability), "token: "},
		"a capability, another key":     {sign(t, jose.EdDSA, anotherKey(t), typ, capability), "none of the keys"},
		"HS256 by the capability key":   {sign(t, jose.HS256, []byte(public), typ, capability), "not signed by EdDSA"},
		"a capability for ever":         {sign(t, jose.EdDSA, private, typ, with(map[string]any{"exp": nil})), "no iat or no exp"},
		"a capability that began never": {sign(t, jose.EdDSA, private, typ, with(map[string]any{"iat": nil})), "no iat or no exp"},
		"a long capability":             {sign(t, jose.EdDSA, private, typ, with(map[string]any{"exp": time.Now().Add(2 * time.Hour).Unix()})), "max_ttl"},
		"an ended capability":           {sign(t, jose.EdDSA, private, typ, with(map[string]any{"exp": time.Now().Unix() - 1, "iat": time.Now().Unix() - 60})), "expired"},
		"a capability of the future":    {sign(t, jose.EdDSA, private, typ, with(map[string]any{"iat": time.Now().Add(30 * time.Minute).Unix(), "exp": time.Now().Add(40 * time.Minute).Unix()})), "issued in the future"},
		"a capability for another":      {sign(t, jose.EdDSA, private, typ, with(map[string]any{"aud": "centrifugo"})), "audience"},
		"a capability to change":        {sign(t, jose.EdDSA, private, typ, with(map[string]any{"scopes": []string{"admin"}})), `scope "admin"`},
		"a capability for all":          {sign(t, jose.EdDSA, private, typ, with(map[string]any{"sessions": nil})), "names no session"},
		"a capability for nothing":      {sign(t, jose.EdDSA, private, typ, with(map[string]any{"scopes": []string{}})), "no scope"},
	} {
		if got, problem := who(t, g, c.token); got != nil || !strings.Contains(problem, c.want) {
			t.Errorf("%s: %+v, %q; want %q", name, got, problem, c.want)
		}
	}
}

// embedded is a token that brings along the key which signed it.
func embedded(t *testing.T, key crypto.Signer, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key}, &jose.SignerOptions{EmbedJWK: true})
	if err != nil {
		t.Fatal(err)
	}
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func anotherKey(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// An issuer that does not answer is no fault of the token, and strangers can't make the wheel ask at every token.
func TestIssuerAway(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	p.down.Store(true)
	g := p.gate(t, nil)
	token := p.token(t, nil)
	for range 3 {
		_, err := g.Verify(t.Context(), token, "192.0.2.1")
		if e := api.Wrap(err); e == nil || e.Code != api.Unavailable {
			t.Errorf("%v", err)
		}
	}
	if p.asked.Load() != 0 {
		t.Error("it was asked for keys")
	}
}

func TestBadKeyFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	secret, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: []byte("hunter2"), KeyID: "s"}}})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ text, want string }{
		"none": {"", "no JSON Web Key Set"}, "empty": {"{}", "has no keys"}, "secret": {string(secret), `key "s" is no public key`},
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := auth.New(auth.Options{Issuer: &auth.Issuer{URL: "https://a", Audience: "b", JWKSFile: path}})
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
