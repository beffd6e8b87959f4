package web

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/auth"
)

//go:embed login.html
var loginPage string

var loginTemplate = template.Must(template.New("login").Parse(loginPage))

// login gives browsers a cookie for a token.
type login struct{ gate *auth.Gate }

func (l login) mount(mux Mux) {
	mux.HandleFunc("GET /login", func(w http.ResponseWriter, _ *http.Request) {
		if l.gate == nil {
			see(w, "./")
			return
		}
		l.page(w, http.StatusOK, "")
	})
	mux.HandleFunc("POST /login", l.in)
	mux.HandleFunc("POST /logout", l.out)
	mux.HandleFunc("GET /v1/me", l.me)
}

// loginPolicy lets the page have its own style and send its form here.
var loginPolicy = "default-src 'none'; style-src '" + styleHash(loginPage) + "'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

func styleHash(page string) string {
	_, rest, _ := strings.Cut(page, "<style>")
	style, _, found := strings.Cut(rest, "</style>")
	if !found {
		panic("web: the page has no style")
	}
	sum := sha256.Sum256([]byte(style))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

func (l login) page(w http.ResponseWriter, status int, problem string) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", loginPolicy)
	w.WriteHeader(status)
	_ = loginTemplate.Execute(w, problem) // a browser that is gone needs no page
}

// in takes a token from the form, or from the header Authorization, and answers with the cookie.
func (l login) in(w http.ResponseWriter, r *http.Request) {
	form := strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded")
	const most = 16 << 10
	r.Body = http.MaxBytesReader(w, r.Body, most)
	c := api.CallerOf(r.Context())
	who, err := c.Principal, c.Refused
	switch {
	case l.gate == nil:
		err = api.Errorf(api.FailedPrecondition, "there is no log-in: api.auth is not set")
	case form:
		who, err = l.gate.Verify(r.Context(), strings.TrimSpace(r.PostFormValue("token")), c.From)
	case err == nil && (who == nil || who.Shared):
		err = api.Errorf(api.Unauthenticated, "no token was given; send Authorization: Bearer TOKEN, or the form field token")
	}
	if err != nil {
		l.failed(w, form, err)
		return
	}
	cookie, expires := l.gate.Login(who)
	http.SetCookie(w, auth.Cookie(cookie, expires, r.TLS != nil))
	if !form {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	see(w, "./")
}

// see sends a browser on. The place is relative: the pages also work below a prefix.
func see(w http.ResponseWriter, place string) {
	w.Header().Set("Location", place)
	w.WriteHeader(http.StatusSeeOther)
}

func (l login) failed(w http.ResponseWriter, form bool, err error) {
	if !form {
		api.WriteError(w, err)
		return
	}
	e := api.Wrap(err)
	if e.Code == api.Unauthenticated {
		w.Header().Set("WWW-Authenticate", api.Challenge)
	}
	l.page(w, e.HTTP(), e.Message)
}

func (l login) out(w http.ResponseWriter, r *http.Request) {
	secure := r.TLS != nil
	if c, err := r.Cookie(auth.CookieName(secure)); err == nil && l.gate != nil {
		l.gate.Logout(c.Value)
	}
	http.SetCookie(w, auth.Cookie("", time.Time{}, secure))
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		see(w, "login")
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// me tells who calls: a page asks it to know what to show.
func (l login) me(w http.ResponseWriter, r *http.Request) {
	me := struct {
		Auth    bool        `json:"auth"` // calls need a token
		Name    string      `json:"name,omitempty"`
		Scopes  []api.Scope `json:"scopes"`
		Expires time.Time   `json:"expires,omitzero"`
	}{Auth: l.gate != nil, Scopes: []api.Scope{}}
	if c := api.CallerOf(r.Context()); c.Principal != nil {
		me.Name, me.Expires = c.Name, c.Expires
		for _, s := range api.Scopes {
			if slices.ContainsFunc(c.Grants, func(g api.Grant) bool {
				return slices.Contains(g.Scopes, s) || slices.Contains(g.Scopes, api.ScopeAdmin)
			}) {
				me.Scopes = append(me.Scopes, s)
			}
		}
	}
	api.WriteJSON(w, http.StatusOK, me)
}
