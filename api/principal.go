package api

import (
	"context"
	"strings"
	"time"
)

// Scope is a kind of thing that a caller may do. None contains another, but for [ScopeAdmin], which contains all.
type Scope string

// The scopes.
const (
	ScopeRead    Scope = "read"    // snapshots, the topology and figures
	ScopeFollow  Scope = "follow"  // sessions, live
	ScopeAppend  Scope = "append"  // snapshots to sessions that clients write
	ScopePublish Scope = "publish" // messages to sources
	ScopeSettle  Scope = "settle"  // held deliveries
	ScopeOperate Scope = "operate" // dead letters and parked deliveries, with their payloads; ends of sessions
	ScopeAdmin   Scope = "admin"   // code, backups, the audit log: everything
)

// Scopes are all there are, the least first.
var Scopes = []Scope{ScopeRead, ScopeFollow, ScopeAppend, ScopePublish, ScopeSettle, ScopeOperate, ScopeAdmin}

// Grant is what somebody may do. With Sessions or Sources it is only for those, and for nothing of the whole wheel.
type Grant struct {
	Scopes   []Scope
	Sessions []string // patterns of NAME/KEY, where * stands for any text; NAME alone is NAME/*
	Sources  []string // patterns of names
}

// Principal is who calls, as far as that was proven.
type Principal struct {
	Name    string // for people and the audit log, for example "token ci"
	Grants  []Grant
	Expires time.Time // when the proof ends; zero: never
	Taken   Taken     // when it is taken back
	Shared  bool      // anybody can be it, so its calls are counted by address
}

// Caller is what a transport knows of a call.
type Caller struct {
	*Principal // nil: nobody was named

	From    string // address, without its port
	Refused error  // why there is no principal although one was claimed, or must be
}

type callerKey struct{}

// WithCaller is ctx with who calls. A transport sets it before it calls the [Service].
func WithCaller(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// CallerOf is who calls; the zero Caller when no transport said.
func CallerOf(ctx context.Context) Caller {
	c, _ := ctx.Value(callerKey{}).(Caller)
	return c
}

// Taken is whether a proof was taken back: a context that ends then, or nil for one that never is.
type Taken context.Context

// expiry is a context that ends when what a caller has proven does, and what lets go of it.
func (c Caller) expiry() (ends context.Context, stop func()) {
	switch {
	case c.Principal == nil:
		return context.Background(), func() {}
	case c.Taken != nil:
		ends = c.Taken
	default:
		ends = context.Background()
	}
	if c.Expires.IsZero() {
		return ends, func() {}
	}
	return context.WithDeadline(ends, c.Expires)
}

// Over reports whether the proof has ended.
func (p *Principal) Over() bool {
	return !p.Expires.IsZero() && !time.Now().Before(p.Expires) || p.Taken != nil && p.Taken.Err() != nil
}

// wheelItself calls for figures that were allowed by other means.
var wheelItself = &Principal{Name: "wheel", Grants: []Grant{{Scopes: []Scope{ScopeAdmin}}}}

// AsWheel is ctx for calls that the wheel makes to itself. Nothing of a request may choose what they do.
func AsWheel(ctx context.Context) context.Context {
	return WithCaller(ctx, Caller{Principal: wheelItself})
}

// has reports whether the grant has a scope.
func (g *Grant) has(s Scope) bool {
	for _, own := range g.Scopes {
		if own == s || own == ScopeAdmin {
			return true
		}
	}
	return false
}

// whole reports whether the grant is for all of the wheel.
func (g *Grant) whole() bool { return g.Sessions == nil && g.Sources == nil }

// session reports whether the grant is for a session; for all of its name, if that is asked.
func (g *Grant) session(name, key string, all bool) bool {
	for _, pattern := range g.Sessions {
		n, k, found := strings.Cut(pattern, "/")
		if !found {
			k = "*"
		}
		if match(n, name) && (k == "*" || !all && match(k, key)) {
			return true
		}
	}
	return false
}

// named reports whether the grant is for some session of the name.
func (g *Grant) named(name string) bool {
	for _, pattern := range g.Sessions {
		if n, _, _ := strings.Cut(pattern, "/"); match(n, name) {
			return true
		}
	}
	return false
}

func (g *Grant) source(name string) bool {
	for _, pattern := range g.Sources {
		if match(pattern, name) {
			return true
		}
	}
	return false
}

// match reports whether text is like the pattern, in which each * stands for any text.
func match(pattern, text string) bool {
	head, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == text
	}
	text, ok := strings.CutPrefix(text, head)
	if !ok {
		return false
	}
	for {
		part, tail, more := strings.Cut(rest, "*")
		if !more {
			return strings.HasSuffix(text, part)
		}
		i := strings.Index(text, part)
		if i < 0 {
			return false
		}
		text, rest = text[i+len(part):], tail
	}
}
