package nats

import (
	"errors"
	"fmt"
	"strings"
)

// placeholder stands for the key in a subject.
const placeholder = "{key}"

// Subject is where messages go: fixed, or made of their key. Make it with [ParseSubject].
type Subject struct {
	parts []string // what is before, between and behind the keys
}

// errNoKey: the subject needs one.
var errNoKey = errors.New("it has no key, which its subject is made of; give the emit one, or set a subject without {key}")

// ParseSubject reads a subject without wildcards, in which {key} stands for the message's key.
func ParseSubject(text string) (Subject, error) {
	wrong := func(why string) error {
		return fmt.Errorf("nats.subject %q: %s; want for example late.flights, or late.{key}", text, why)
	}
	for token := range strings.SplitSeq(text, ".") {
		switch plain := strings.ReplaceAll(token, placeholder, "k"); {
		case token == "":
			return Subject{}, wrong("it has an empty part")
		case strings.ContainsAny(plain, "*>"):
			return Subject{}, wrong("wildcards are for readers")
		case strings.ContainsAny(plain, "{}"):
			return Subject{}, wrong("{key} is all that may stand in braces")
		case strings.ContainsFunc(plain, func(r rune) bool { return r <= ' ' || r == 0x7f }):
			return Subject{}, wrong("a subject has no spaces")
		}
	}
	return Subject{parts: strings.Split(text, placeholder)}, nil
}

// Keyed reports whether the subject is made of the key.
func (s Subject) Keyed() bool { return len(s.parts) > 1 }

// of is the subject of a message. A key is always one token.
func (s Subject) of(key []byte) (string, error) {
	if !s.Keyed() {
		return s.parts[0], nil
	}
	if len(key) == 0 {
		return "", errNoKey
	}
	return strings.Join(s.parts, escape(key)), nil
}

// pattern is the subject as a reader of all keys writes it.
func (s Subject) pattern() string {
	tokens := strings.Split(strings.Join(s.parts, placeholder), ".")
	for i, token := range tokens {
		if strings.Contains(token, placeholder) {
			tokens[i] = "*"
		}
	}
	return strings.Join(tokens, ".")
}

// escape makes one token of a key: dots, wildcards, spaces, control characters and % become % and two digits, as in a URL.
func escape(key []byte) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	b.Grow(len(key))
	for _, c := range key {
		if c <= ' ' || c == 0x7f || strings.IndexByte(".*>%", c) >= 0 {
			b.WriteByte('%')
			b.WriteByte(digits[c>>4])
			c = digits[c&15]
		}
		b.WriteByte(c)
	}
	return b.String()
}
