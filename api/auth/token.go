package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"reflect"
	"regexp"

	"github.com/peltonhq/pelton/api"
)

// TokenPrefix begins every static token, so that it is known where it leaks.
const TokenPrefix = "pelton_"

// HashPrefix begins the hash of a token.
const HashPrefix = "sha256:"

var hashText = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// NewToken makes a static token of 256 random bits. Only its [Hash] is kept.
func NewToken() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return TokenPrefix + base64.RawURLEncoding.EncodeToString(b[:])
}

// Hash is what the config keeps of a token. One round is enough: nobody can try 2^256 tokens, as they could passwords.
func Hash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return HashPrefix + hex.EncodeToString(sum[:])
}

// IsHash reports whether text is a [Hash].
func IsHash(text string) bool { return hashText.MatchString(text) }

// granted is a static token that is taken, and what ends all that was begun with it.
type granted struct {
	name  string
	token Token
	who   *api.Principal
	end   context.CancelFunc
}

// Use takes these static tokens, by name, in the place of those before. What is not as it was among them ends at once: log-ins and
// follows, too.
func (g *Gate) Use(tokens map[string]Token) error {
	next := map[string]granted{}
	var before map[string]granted
	if old := g.tokens.Load(); old != nil {
		before = *old
	}
	for name, t := range tokens {
		if !IsHash(t.Hash) {
			return fmt.Errorf("api.auth.tokens.%s.hash is no hash; want sha256: and 64 hexadecimal digits, as `pelton token mint` prints it", name)
		}
		if old, ok := before[t.Hash]; ok && old.name == name && reflect.DeepEqual(old.token, t) {
			next[t.Hash] = old
			continue
		}
		ctx, end := context.WithCancel(context.Background())
		who := &api.Principal{Name: "token " + name, Grants: []api.Grant{t.Grant}, Expires: t.Expires, Taken: ctx}
		next[t.Hash] = granted{name, t, who, end}
	}
	g.tokens.Store(&next)
	for hash, old := range before {
		if next[hash].who != old.who {
			old.end()
		}
	}
	return nil
}
