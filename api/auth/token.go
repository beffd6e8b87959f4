package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"regexp"
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
