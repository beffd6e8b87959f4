package auth

import (
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"

	"github.com/peltonhq/pelton/api"
)

// algorithms may sign an issuer's tokens: those with a public key. With HS256 a public key could be taken for the secret.
var algorithms = []string{
	oidc.RS256, oidc.RS384, oidc.RS512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.EdDSA,
}

// Issuer is an OpenID Connect issuer whose tokens are taken.
type Issuer struct {
	URL      string // as in iss
	Audience string // must be in aud
	JWKSURL  string // where its keys are; empty: as its discovery document says
	JWKSFile string // or a file with them
	Claim    string // whose values choose the grants: a list, or words with spaces between
	Grants   map[string]api.Grant
}

// issuer verifies the tokens of an issuer.
type issuer struct {
	o      Issuer
	client *http.Client

	mu       sync.Mutex
	verifier *oidc.IDTokenVerifier // nil until the issuer was asked for its keys
	failed   time.Time             // when that failed last
}

const (
	discoverTimeout = 10 * time.Second
	discoverAgain   = 5 * time.Second // after a failure: strangers must not make us ask at every token
)

func newIssuer(o Issuer) (*issuer, error) {
	i := &issuer{o: o, client: &http.Client{Timeout: discoverTimeout}}
	switch {
	case o.JWKSFile != "":
		keys, err := readKeys(o.JWKSFile)
		if err != nil {
			return nil, fmt.Errorf("api.auth.oidc.jwks_file %s: %w", o.JWKSFile, err)
		}
		i.verifier = i.verify(keys)
	case o.JWKSURL != "":
		// The context is that of later requests for keys; each has the client's timeout.
		i.verifier = i.verify(oidc.NewRemoteKeySet(oidc.ClientContext(context.Background(), i.client), o.JWKSURL))
	}
	return i, nil
}

func (i *issuer) verify(keys oidc.KeySet) *oidc.IDTokenVerifier {
	return oidc.NewVerifier(i.o.URL, keys, &oidc.Config{ClientID: i.o.Audience, SupportedSigningAlgs: algorithms})
}

// readKeys reads a JSON Web Key Set. Secrets and private keys in it are refused: they would be in the wrong place.
func readKeys(path string) (oidc.KeySet, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, errors.New("is no JSON Web Key Set")
	}
	var keys []crypto.PublicKey
	for _, k := range set.Keys {
		if !k.Valid() || !k.IsPublic() {
			return nil, fmt.Errorf("key %q is no public key", k.KeyID)
		}
		keys = append(keys, k.Key)
	}
	if len(keys) == 0 {
		return nil, errors.New("has no keys")
	}
	return &oidc.StaticKeySet{PublicKeys: keys}, nil
}

// ready is the verifier; the first time the issuer may have to be asked.
func (i *issuer) ready(ctx context.Context) (*oidc.IDTokenVerifier, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.verifier != nil {
		return i.verifier, nil
	}
	away := api.Errorf(api.Unavailable, "the issuer %s does not say what its keys are; try again", i.o.URL).With(api.DetailRetryAfter, discoverAgain.String())
	if time.Since(i.failed) < discoverAgain {
		return nil, away
	}
	// Not by the request's context: who leaves must not make the next one wait.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), discoverTimeout)
	defer cancel()
	p, err := oidc.NewProvider(oidc.ClientContext(ctx, i.client), i.o.URL)
	if err != nil {
		i.failed = time.Now()
		return nil, away
	}
	i.verifier = p.VerifierContext(oidc.ClientContext(context.Background(), i.client), &oidc.Config{ClientID: i.o.Audience, SupportedSigningAlgs: algorithms})
	return i.verifier, nil
}

func (i *issuer) principal(ctx context.Context, token string) (*api.Principal, error) {
	verifier, err := i.ready(ctx)
	if err != nil {
		return nil, err
	}
	id, err := verifier.Verify(oidc.ClientContext(ctx, i.client), token)
	if err != nil {
		return nil, reason(err)
	}
	var claims map[string]any
	if err := id.Claims(&claims); err != nil {
		return nil, errors.New("token: its claims can't be read")
	}
	p := &api.Principal{Name: "oidc " + clean(id.Subject), Expires: id.Expiry}
	for _, value := range values(claims[i.o.Claim]) {
		if g, ok := i.o.Grants[value]; ok {
			p.Grants = append(p.Grants, g)
		}
	}
	return p, nil
}

// reason says why a token is not taken. The library's text may quote the token's claims, so only its class is kept.
func reason(err error) error {
	if _, ok := errors.AsType[*oidc.TokenExpiredError](err); ok {
		return errors.New("token: it has expired; get a new one")
	}
	for _, known := range []struct{ part, text string }{
		{"issued by a different provider", "it is of another issuer than api.auth.oidc.issuer"},
		{"expected audience", "it is for another audience than api.auth.oidc.audience"},
		{"unexpected signature algorithm", "its signature is of a kind that is not taken"},
		{"unsupported algorithm", "its signature is of a kind that is not taken"},
		{"before the nbf", "it is not valid yet"},
		{"malformed jwt", "it is no JWT"},
	} {
		if strings.Contains(err.Error(), known.part) {
			return errors.New("token: " + known.text)
		}
	}
	return errors.New("token: no key of the issuer signed it")
}

// values are the words of a claim.
func values(claim any) (all []string) {
	switch v := claim.(type) {
	case string:
		return strings.Fields(v)
	case []any:
		for _, e := range v {
			if s, ok := e.(string); ok {
				all = append(all, s)
			}
		}
	}
	return all
}
