package mqtt

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

// Passwords are the users that may connect, with bcrypt hashes.
type Passwords struct {
	users  map[string][]byte
	turns  chan struct{} // a check takes a tenth of a second of a processor: not all of them at once
	nobody []byte
}

// checks is how many passwords are checked at once.
const checks = 2

// ReadPasswords reads a file of lines USER:HASH, as `htpasswd -B` writes it. Empty lines and lines with # are none.
func ReadPasswords(path string) (*Passwords, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	p, err := parsePasswords(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

func parsePasswords(text string) (*Passwords, error) {
	p := &Passwords{users: map[string][]byte{}, turns: make(chan struct{}, checks)}
	n := 0
	for line := range strings.Lines(text) {
		n++
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		user, hash, ok := strings.Cut(line, ":")
		if !ok || user == "" {
			return nil, fmt.Errorf("line %d is not USER:HASH", n) // without its text: it may be a password
		}
		if _, err := bcrypt.Cost([]byte(hash)); err != nil {
			return nil, fmt.Errorf("line %d: the hash of user %q is not one of bcrypt; make it with htpasswd -B", n, user)
		}
		if _, twice := p.users[user]; twice {
			return nil, fmt.Errorf("line %d: user %q is there twice", n, user)
		}
		p.users[user] = []byte(hash)
		p.nobody = []byte(hash)
	}
	if len(p.users) == 0 {
		return nil, errors.New("has no user; nobody could connect")
	}
	return p, nil
}

// allow reports whether the password is the user's. It takes as long for a user who is not there.
func (p *Passwords) allow(user, password []byte) bool {
	hash, ok := p.users[string(user)]
	if !ok {
		hash = p.nobody
	}
	p.turns <- struct{}{}
	defer func() { <-p.turns }()
	return bcrypt.CompareHashAndPassword(hash, password) == nil && ok
}
