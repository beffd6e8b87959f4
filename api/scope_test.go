package api

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"testing/synctest"
	"time"
)

// Every method of the service that a transport can call by a context is in the table, and nothing else is.
func TestTable(t *testing.T) {
	t.Parallel()
	own := map[string]bool{"Admit": true} // asks whether there is a caller at all
	service := reflect.TypeFor[*Service]()
	for m := range service.Methods() {
		if m.Type.NumIn() < 2 || m.Type.In(1) != reflect.TypeFor[context.Context]() || own[m.Name] {
			continue
		}
		if _, ok := rules[m.Name]; !ok {
			t.Errorf("Service.%s has no scope: put it into the table in scope.go", m.Name)
		}
	}
	for name, r := range rules {
		if _, ok := service.MethodByName(name); !ok {
			t.Errorf("%s is in the table and is no method", name)
		}
		if (r.scope == "") != (r.about == ofAnybody) {
			t.Errorf("%s has the scope %q", name, r.scope)
		}
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"ORD", "ORD", true}, {"ORD", "ORDX", false}, {"ORD*", "ORD", true}, {"ORD*", "ORDX", true}, {"ORD*", "XORD", false},
		{"*", "", true}, {"*", "a/b\x00c", true}, {"a*b*c", "abc", true}, {"a*b*c", "aXbYc", true}, {"a*b*c", "ab", false},
		{"a*a", "a", false}, {"**", "x", true}, {"", "", true}, {"", "x", false}, {"*é", "é", true}, {"a*bc*c", "abc", false},
	} {
		if got := match(c.pattern, c.text); got != c.want {
			t.Errorf("%q like %q: %v", c.text, c.pattern, got)
		}
	}
}

// What a grant for parts of the wheel allows, and what not.
func TestMay(t *testing.T) {
	t.Parallel()
	parts := &Principal{Name: "p", Grants: []Grant{
		{Scopes: []Scope{ScopeRead, ScopeFollow}, Sessions: []string{"airports/ORD*", "all"}},
		{Scopes: []Scope{ScopePublish}, Sources: []string{"orders*"}},
	}}
	for _, c := range []struct {
		who    *Principal
		method string
		t      target
		want   bool
	}{
		{parts, "Get", target{session: "airports", key: "ORD"}, true},
		{parts, "Get", target{session: "airports", key: "ORD/../LAX"}, true}, // a key is a text: nothing climbs in it
		{parts, "Get", target{session: "airports", key: "LAX"}, false},
		{parts, "Get", target{session: "airports/ORD", key: ""}, false},
		{parts, "Get", target{session: "airport", key: "ORD"}, false},
		{parts, "Follow", target{session: "airports", all: true}, false},
		{parts, "Follow", target{session: "all", all: true}, true},
		{parts, "Append", target{session: "all", key: "x"}, false},
		{parts, "Delete", target{session: "all", key: "x"}, false},
		{parts, "Names", target{}, true},
		{parts, "Stats", target{}, false},
		{parts, "Publish", target{source: "orders-eu"}, true},
		{parts, "Publish", target{source: "other"}, false},
		{parts, "Swap", target{}, false},
		{&Principal{Grants: []Grant{{Scopes: []Scope{ScopeRead}}}}, "Follow", target{session: "a", key: "b"}, false},
		{&Principal{Grants: []Grant{{Scopes: []Scope{ScopeAdmin}}}}, "Swap", target{}, true},
		{&Principal{Grants: []Grant{{Scopes: []Scope{ScopeAdmin}, Sessions: []string{"*"}}}}, "Swap", target{}, false},
		{&Principal{}, "Get", target{session: "a"}, false},
	} {
		if err := c.who.may(c.method, rules[c.method], c.t); (err == nil) != c.want {
			t.Errorf("%s of %+v: %v", c.method, c.t, err)
		}
	}
}

// A caller is refused the moment its token ends, calls too often, or is nobody.
func TestAllow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := New(Backend{Guard: Guard{On: true, Rate: 1, Burst: 2}})
		defer s.Close()
		as := func(c Caller) error { return s.allow(WithCaller(t.Context(), c), "Stats", target{}) }
		may := []Grant{{Scopes: []Scope{ScopeRead}}}
		code := func(err error, want Code, what string) {
			t.Helper()
			if e, ok := errors.AsType[*Error](err); want == 0 && err != nil || want != 0 && (!ok || e.Code != want) {
				t.Errorf("%s: %v, want %v", what, err, want)
			}
		}
		code(s.allow(t.Context(), "Stats", target{}), Unauthenticated, "no caller")
		code(as(Caller{Refused: Errorf(Unauthenticated, "wrong")}), Unauthenticated, "a wrong token")
		until := &Principal{Name: "until", Grants: may, Expires: time.Now().Add(time.Minute)}
		code(as(Caller{Principal: until}), 0, "in time")
		time.Sleep(time.Minute)
		code(as(Caller{Principal: until}), Unauthenticated, "expired")
		often := &Principal{Name: "often", Grants: may}
		for range 2 {
			code(as(Caller{Principal: often}), 0, "in the burst")
		}
		code(as(Caller{Principal: often}), ResourceExhausted, "too often")
		time.Sleep(time.Second)
		code(as(Caller{Principal: often}), 0, "a second later")
		shared := &Principal{Name: "anonymous", Grants: may, Shared: true}
		for _, from := range []string{"a", "a", "b", "b"} {
			code(as(Caller{Principal: shared, From: from}), 0, "anonymous of "+from)
		}
		code(as(Caller{Principal: shared, From: "a"}), ResourceExhausted, "anonymous of a, too often")
		if err := s.allow(AsWheel(t.Context()), "Swap", target{}); err != nil {
			t.Errorf("the wheel itself: %v", err)
		}
		if f := s.meter.Figures().Refused; f["rate"] != 2 || f["unauthenticated"] != 2 {
			t.Errorf("counted %v", f)
		}
	})
}

func FuzzMatch(f *testing.F) {
	f.Add("a*b", "axb")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if match(pattern, text) && !match("*"+pattern+"*", text) {
			t.Errorf("%q is like %q, and not with * around it", text, pattern)
		}
	})
}
