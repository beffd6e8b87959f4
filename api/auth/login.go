package auth

import (
	"crypto/rand"
	"encoding/base64"
	"sync"
	"time"

	"github.com/peltonhq/pelton/api"
)

// maxLogins is how many log-ins are remembered; the one that ends first makes room.
const maxLogins = 1000

// logins are the browsers that are logged in. A cookie is a random id, not the token: it can be ended, it is not known
// behind a restart, and a browser never keeps what is good elsewhere, too.
type logins struct {
	life time.Duration

	mu  sync.Mutex
	ids map[string]*api.Principal
}

// Login remembers a log-in and gives the value of its cookie.
func (g *Gate) Login(p *api.Principal) (cookie string, expires time.Time) {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	own := *p
	if end := time.Now().Add(g.logins.life); own.Expires.IsZero() || end.Before(own.Expires) {
		own.Expires = end
	}
	cookie = base64.RawURLEncoding.EncodeToString(b[:])
	g.logins.add(cookie, &own)
	return cookie, own.Expires
}

// Logout ends a log-in.
func (g *Gate) Logout(cookie string) {
	g.logins.mu.Lock()
	defer g.logins.mu.Unlock()
	delete(g.logins.ids, Hash(cookie))
}

func (l *logins) add(cookie string, p *api.Principal) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ids == nil {
		l.ids = map[string]*api.Principal{}
	}
	if len(l.ids) >= maxLogins {
		first := ""
		for id, p := range l.ids {
			if first == "" || p.Expires.Before(l.ids[first].Expires) {
				first = id
			}
		}
		delete(l.ids, first)
	}
	l.ids[Hash(cookie)] = p
}

// find gives who logged in; nil when nobody did, or the log-in has ended. The map has hashes, so how long it takes tells nothing.
func (l *logins) find(cookie string) *api.Principal {
	l.mu.Lock()
	defer l.mu.Unlock()
	id := Hash(cookie)
	p := l.ids[id]
	if p != nil && p.Over() {
		delete(l.ids, id)
		return nil
	}
	return p
}
