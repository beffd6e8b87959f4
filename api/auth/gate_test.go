package auth_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/auth"
	"github.com/peltonhq/pelton/api/meter"
)

var reads = api.Grant{Scopes: []api.Scope{api.ScopeRead}}

// Who calls is found by the strongest proof, and a wrong one is never passed over for a weaker one.
func TestGate(t *testing.T) {
	t.Parallel()
	token, ended := auth.NewToken(), auth.NewToken()
	g, err := auth.New(auth.Options{
		Tokens: map[string]auth.Token{
			"ci":  {Hash: auth.Hash(token), Grant: reads},
			"old": {Hash: auth.Hash(ended), Grant: reads, Expires: time.Now().Add(-time.Second)},
		},
		Certificates: map[string]api.Grant{"ops": reads}, Anonymous: []api.Scope{api.ScopeRead}, Failures: 1000,
	})
	if err != nil {
		t.Fatal(err)
	}
	p, err := g.Verify(t.Context(), token, "")
	if err != nil {
		t.Fatal(err)
	}
	cookie, _ := g.Login(p)
	certificate := func(name string) *x509.Certificate {
		return &x509.Certificate{Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour)}
	}
	for _, c := range []struct {
		name    string
		proof   auth.Proof
		who     string
		problem string
	}{
		{"nothing", auth.Proof{}, "anonymous", ""},
		{"a token", auth.Proof{Authorization: "Bearer " + token}, "token ci", ""},
		{"a token over a certificate", auth.Proof{Authorization: "bearer  " + token, Certificate: certificate("ops")}, "token ci", ""},
		{"a wrong token with a certificate", auth.Proof{Authorization: "Bearer x", Certificate: certificate("ops")}, "", "no known kind"},
		{"a wrong token with a cookie", auth.Proof{Authorization: "Bearer pelton_x", Cookie: cookie}, "", "is not known"},
		{"an ended token", auth.Proof{Authorization: "Bearer " + ended}, "", "token old has expired"},
		{"two tokens", auth.Proof{Authorization: "Bearer " + token + ",Bearer " + token}, "", "is not known"},
		{"a password", auth.Proof{Authorization: "Basic YTpi"}, "", "of another kind"},
		{"a log-in", auth.Proof{Cookie: cookie}, "token ci", ""},
		{"a wrong cookie", auth.Proof{Cookie: "x"}, "anonymous", ""},
		{"a certificate", auth.Proof{Certificate: certificate("ops")}, "certificate ops", ""},
		{"another certificate", auth.Proof{Certificate: certificate("dev")}, "anonymous", ""},
		{"a static token in a URL", auth.Proof{Capability: token}, "", "only a capability token may stand in a URL"},
		{"the hash of a token", auth.Proof{Authorization: "Bearer " + auth.Hash(token)}, "", "no known kind"},
	} {
		got := api.CallerOf(g.Call(t.Context(), c.proof))
		name, problem := "", ""
		if got.Principal != nil {
			name = got.Name
		}
		if got.Refused != nil {
			problem = got.Refused.Error()
		}
		if name != c.who || !strings.Contains(problem, c.problem) || (problem == "") != (c.problem == "") {
			t.Errorf("%s: %q, %q", c.name, name, problem)
		}
	}
	g.Logout(cookie)
	if got := api.CallerOf(g.Call(t.Context(), auth.Proof{Cookie: cookie})); got.Name != "anonymous" {
		t.Errorf("after the log-out: %s", got.Name)
	}
	var off *auth.Gate
	if got := api.CallerOf(off.Call(t.Context(), auth.Proof{Authorization: "x", From: "a"})); got.Principal != nil || got.Refused != nil || got.From != "a" {
		t.Errorf("without a gate: %+v", got)
	}
	if _, err := auth.New(auth.Options{Tokens: map[string]auth.Token{"a": {Hash: token}}}); err == nil || strings.Contains(err.Error(), token) {
		t.Errorf("a token in place of its hash: %v", err)
	}
}

// A log-in ends after its time, or with the token, whichever is first.
func TestLogin(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, err := auth.New(auth.Options{Login: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		long, _ := g.Login(&api.Principal{Name: "long"})
		short, end := g.Login(&api.Principal{Name: "short", Expires: time.Now().Add(time.Minute)})
		if time.Until(end) != time.Minute {
			t.Errorf("the short one ends in %s", time.Until(end))
		}
		in := func(cookie string) bool {
			return api.CallerOf(g.Call(t.Context(), auth.Proof{Cookie: cookie})).Principal != nil
		}
		if !in(long) || !in(short) {
			t.Error("not logged in")
		}
		time.Sleep(time.Minute)
		if !in(long) || in(short) {
			t.Error("a minute later")
		}
		time.Sleep(time.Hour)
		if in(long) {
			t.Error("an hour later")
		}
		first, _ := g.Login(&api.Principal{Name: "first"})
		time.Sleep(time.Second)
		for range 1000 {
			g.Login(&api.Principal{Name: "more"})
		}
		if in(first) {
			t.Error("more log-ins are remembered than may be")
		}
	})
}

// After some wrong tokens an address waits, and no other does.
func TestFailures(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		token := auth.NewToken()
		meter := new(meter.Door)
		g, err := auth.New(auth.Options{Tokens: map[string]auth.Token{"a": {Hash: auth.Hash(token), Grant: reads}}, Failures: 1, Meter: meter})
		if err != nil {
			t.Fatal(err)
		}
		guess := func(token, from string) api.Code {
			if _, err := g.Verify(t.Context(), token, from); err != nil {
				return api.Wrap(err).Code
			}
			return 0
		}
		for range 10 {
			if got := guess("pelton_guess", "one"); got != api.Unauthenticated {
				t.Fatalf("a guess: %v", got)
			}
		}
		if got := guess(token, "one"); got != api.ResourceExhausted {
			t.Errorf("the eleventh: %v", got)
		}
		if got := guess(token, "two"); got != 0 {
			t.Errorf("another address: %v", got)
		}
		time.Sleep(time.Second)
		if got := guess(token, "one"); got != 0 {
			t.Errorf("a second later: %v", got)
		}
		if f := meter.Figures().Refused; f["failures"] != 1 || f["unauthenticated"] != 10 {
			t.Errorf("counted %v", f)
		}
	})
}

// A cookie counts only for requests of this server's own pages.
func TestOwnPage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		origin, site string
		want         bool
	}{
		{"", "", true}, {"http://pelton:7070", "", true}, {"http://pelton:7070", "same-origin", true}, {"", "none", true},
		{"http://pelton:8080", "", false}, {"http://app.pelton:7070", "same-site", false}, {"", "same-site", false}, {"", "cross-site", false},
		{"null", "", false}, {"http://pelton:7070.evil.example", "", false}, {"%", "", false},
	} {
		r := httptest.NewRequest(http.MethodPost, "http://pelton:7070/", http.NoBody)
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		if c.site != "" {
			r.Header.Set("Sec-Fetch-Site", c.site)
		}
		if got := auth.OwnPage(r); got != c.want {
			t.Errorf("origin %q, site %q: %v", c.origin, c.site, got)
		}
	}
}

func TestKeyText(t *testing.T) {
	t.Parallel()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := auth.ParseKey(auth.KeyText(public)); err != nil || !public.Equal(again) {
		t.Errorf("%v, %v", again, err)
	}
	for _, bad := range []string{"", "ed25519:", "ed25519:AAAA", strings.TrimPrefix(auth.KeyText(public), "ed25519:"), auth.KeyText(public) + "A"} {
		if _, err := auth.ParseKey(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	token, err := auth.Mint(private, auth.Capability{
		Sessions: []string{"a/b"}, Scopes: []api.Scope{api.ScopeFollow}, Subject: "line\nbreak\x7f" + strings.Repeat("x", 200), Expires: time.Now().Add(time.Minute),
	})
	if err != nil {
		t.Fatal(err)
	}
	g, err := auth.New(auth.Options{Keys: []ed25519.PublicKey{anotherKey(t).Public().(ed25519.PublicKey), public}})
	if err != nil {
		t.Fatal(err)
	}
	p, err := g.Verify(t.Context(), token, "")
	if err != nil || strings.ContainsAny(p.Name, "\n\x7f") || len(p.Name) > 200 || !strings.Contains(p.Name, "of linebreakxxx") {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err := auth.Mint(private, auth.Capability{Sessions: []string{"a"}, Scopes: []api.Scope{api.ScopeAdmin}}); err == nil {
		t.Error("minted a capability to change the wheel")
	}
}

// Whatever is sent as a token: nobody, and no panic.
func FuzzVerify(f *testing.F) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	token, err := auth.Mint(private, auth.Capability{Sessions: []string{"a/b"}, Scopes: []api.Scope{api.ScopeRead}, Expires: time.Now().Add(time.Hour)})
	if err != nil {
		f.Fatal(err)
	}
	g, err := auth.New(auth.Options{
		Keys: []ed25519.PublicKey{public}, Failures: 1e9, MaxTTL: 2 * time.Hour,
		Tokens: map[string]auth.Token{"a": {Hash: auth.Hash("pelton_a"), Grant: reads}},
	})
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{token, token[:len(token)-4], "pelton_x", "eyJhbGciOiJub25lIn0.e30.", "..", "a.b.c", "\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		p, err := g.Verify(t.Context(), in, "")
		if err == nil && in != token && in != "pelton_a" && !strings.HasPrefix(in, token[:strings.LastIndexByte(token, '.')]) {
			t.Errorf("%q is %+v", in, p)
		}
	})
}

// Tokens that go or change end at once, with log-ins of them; the others stay as they are, and new ones are taken.
func TestUse(t *testing.T) {
	t.Parallel()
	hash := func(n string) string { return auth.Hash("pelton_" + n) }
	stays := auth.Token{Hash: hash("stays"), Grant: reads}
	g, err := auth.New(auth.Options{Tokens: map[string]auth.Token{
		"stays": stays, "goes": {Hash: hash("goes"), Grant: reads}, "shrinks": {Hash: hash("shrinks"), Grant: reads}, "renamed": {Hash: hash("named"), Grant: reads},
	}})
	if err != nil {
		t.Fatal(err)
	}
	who := func(n string) *api.Principal {
		p, err := g.Verify(t.Context(), "pelton_"+n, "")
		if err != nil {
			return nil
		}
		return p
	}
	before := map[string]*api.Principal{}
	for _, n := range []string{"stays", "goes", "shrinks", "named"} {
		before[n] = who(n)
	}
	cookie, _ := g.Login(before["goes"])
	login := func() *api.Principal { return api.CallerOf(g.Call(t.Context(), auth.Proof{Cookie: cookie})).Principal }
	if login() == nil {
		t.Fatal("the log-in is not there")
	}
	if err := g.Use(map[string]auth.Token{"bad": {Hash: "x"}}); err == nil || who("goes") == nil {
		t.Errorf("a bad token changed something: %v", err)
	}
	if err := g.Use(map[string]auth.Token{
		"stays": stays, "shrinks": {Hash: hash("shrinks"), Grant: reads, Expires: time.Now().Add(time.Hour)}, "new": {Hash: hash("named"), Grant: reads}, "comes": {Hash: hash("comes"), Grant: reads},
	}); err != nil {
		t.Fatal(err)
	}
	for n, over := range map[string]bool{"stays": false, "goes": true, "shrinks": true, "named": true} {
		if before[n].Over() != over {
			t.Errorf("what was begun with %s is over: %v", n, !over)
		}
	}
	if who("goes") != nil || login() != nil {
		t.Error("a token that went is taken, or its log-in")
	}
	if who("stays") != before["stays"] || who("shrinks") == nil || who("shrinks").Over() || who("comes") == nil || who("named").Name != "token new" {
		t.Error("a token that is there is not taken")
	}
}
