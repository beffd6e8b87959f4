package api

import (
	"context"
	"time"
)

// about is what a method is about, which decides how a grant for parts of the wheel applies.
type about uint8

const (
	ofWheel   about = iota // all of it
	ofSession              // one session, or a whole name
	ofNames                // names of sessions: those that the caller may not see are left out
	ofSource               // one source
	ofAnybody              // no scope: probes, which carry no data
)

// rule is what a caller needs for a method.
type rule struct {
	scope   Scope
	about   about
	audited bool // changes the wheel: goes into the audit log
}

// rules is the one table of scopes: every method of [Service] that a transport calls is in it, by its Go name. Each checks
// itself by [Service.allow] or [Service.begin] before anything else, so that no transport can forget to.
var rules = map[string]rule{
	"Topology":   {ScopeRead, ofWheel, false},
	"Stats":      {ScopeRead, ofWheel, false},
	"WatchStats": {ScopeRead, ofWheel, false},
	"Tap":        {ScopeOperate, ofWheel, false}, // it shows payloads, as dead letters do
	"Ready":      {"", ofAnybody, false},
	"Live":       {"", ofAnybody, false},
	"Backup":     {ScopeAdmin, ofWheel, true},
	"Audit":      {ScopeAdmin, ofWheel, false},
	"Apply":      {ScopeAdmin, ofWheel, true},

	"RunningConfig": {ScopeOperate, ofWheel, false},
	"Events":        {ScopeOperate, ofWheel, false}, // they tell of configs
	"Names":         {ScopeRead, ofNames, false},
	"Heads":         {ScopeRead, ofSession, false},
	"Get":           {ScopeRead, ofSession, false},
	"Follow":        {ScopeFollow, ofSession, false},
	"Append":        {ScopeAppend, ofSession, false},

	"ReadStream":   {ScopeRead, ofSession, false},
	"FollowStream": {ScopeFollow, ofSession, false},
	"StreamEnd":    {ScopeAppend, ofSession, false},
	"AdmitStream":  {ScopeAppend, ofSession, false},
	"WriteStream":  {ScopeAppend, ofSession, false},

	"Delete": {ScopeOperate, ofSession, true},

	"Plugins":   {ScopeRead, ofWheel, false},
	"History":   {ScopeRead, ofWheel, false},
	"Has":       {ScopeRead, ofWheel, false},
	"Push":      {ScopeAdmin, ofWheel, true},
	"Swap":      {ScopeAdmin, ofWheel, true},
	"Rollback":  {ScopeAdmin, ofWheel, true},
	"Diff":      {ScopeRead, ofWheel, false},
	"Remove":    {ScopeAdmin, ofWheel, true},
	"Pin":       {ScopeAdmin, ofWheel, true},
	"Pause":     {ScopeOperate, ofWheel, true},
	"Resume":    {ScopeOperate, ofWheel, true},
	"Logs":      {ScopeRead, ofWheel, false},
	"WatchLogs": {ScopeRead, ofWheel, false},

	"Dead":         {ScopeOperate, ofWheel, false},
	"DeadLetter":   {ScopeOperate, ofWheel, false},
	"Replay":       {ScopeOperate, ofWheel, true},
	"DropDead":     {ScopeOperate, ofWheel, true},
	"Parked":       {ScopeOperate, ofWheel, false},
	"ParkedRecord": {ScopeOperate, ofWheel, false},
	"Release":      {ScopeOperate, ofWheel, true},
	"DropParked":   {ScopeOperate, ofWheel, true},

	"Settle": {ScopeSettle, ofWheel, false},
	"Extend": {ScopeSettle, ofWheel, false},

	"Publish":      {ScopePublish, ofSource, false},
	"IngestLimits": {ScopePublish, ofSource, false},

	"Schema": {ScopeRead, ofNames, false},
}

// target is what one call is about.
type target struct {
	session, key string
	all          bool // every key of the session's name
	source       string

	what, why, claimed string // for the audit log
}

// Schema is nil if the caller may read how the API is made: reflection and introspection.
func (s *Service) Schema(ctx context.Context) error { return s.allow(ctx, "Schema", target{}) }

// allow checks a call against the table. While the guard is off everybody may do everything.
func (s *Service) allow(ctx context.Context, method string, t target) error {
	r, ok := rules[method]
	if !ok {
		return Errorf(Internal, "%s has no scope", method)
	}
	if !s.b.Guard.On || r.about == ofAnybody {
		return nil
	}
	c := CallerOf(ctx)
	if c.Principal == wheelItself {
		return nil
	}
	if err := s.Admit(ctx); err != nil {
		return err
	}
	if !s.quota.Allow(c.bucket()) {
		s.meter.Throttled.Add(1)
		return Errorf(ResourceExhausted, "%s makes too many calls (api.limits.rate, api.limits.burst); wait", c.Name).With(DetailRetryAfter, "1s")
	}
	if err := c.may(method, r, t); err != nil {
		s.meter.Denied.Add(1)
		return err
	}
	return nil
}

// Admit is nil if the caller is somebody, who then may still not do everything. Every method asks this itself; a transport
// asks before it reads a body.
func (s *Service) Admit(ctx context.Context) error {
	if !s.b.Guard.On {
		return nil
	}
	c := CallerOf(ctx)
	switch {
	case c.Principal == nil && c.Refused != nil:
		return Wrap(c.Refused)
	case c.Principal == nil:
		s.meter.Unauthenticated.Add(1)
		return Errorf(Unauthenticated, "no token was given; send Authorization: Bearer TOKEN")
	case c.Over():
		s.meter.Unauthenticated.Add(1)
		return expired(c.Principal)
	}
	return nil
}

// bucket is whose calls are counted together.
func (c Caller) bucket() string {
	if c.Shared {
		return c.From
	}
	return c.Name
}

func expired(p *Principal) *Error {
	if p.Taken != nil && p.Taken.Err() != nil {
		return Errorf(Unauthenticated, "%s: was taken out of the config, or changed there; get a new token", p.Name).With(DetailReason, "revoked")
	}
	return Errorf(Unauthenticated, "%s: expired at %s; get a new token", p.Name, p.Expires.UTC().Format(time.RFC3339)).With(DetailReason, "expired")
}

// may finds a grant for the call.
func (p *Principal) may(method string, r rule, t target) error {
	scoped := false
	for i := range p.Grants {
		g := &p.Grants[i]
		if !g.has(r.scope) {
			continue
		}
		scoped = true
		if g.whole() || r.about == ofNames || r.about == ofSession && g.session(t.session, t.key, t.all) || r.about == ofSource && g.source(t.source) {
			return nil
		}
	}
	switch {
	case !scoped:
		return Errorf(PermissionDenied, "%s may not %s: the scope %s is missing", p.Name, method, r.scope)
	case r.about == ofSession && t.all:
		return Errorf(PermissionDenied, "%s may not %s session %q as a whole, only some of its keys", p.Name, method, t.session)
	case r.about == ofSession:
		return Errorf(PermissionDenied, "%s may not %s session %q, key %q: it is for others", p.Name, method, t.session, t.key)
	case r.about == ofSource:
		return Errorf(PermissionDenied, "%s may not %s to source %q: it is for others", p.Name, method, t.source)
	}
	return Errorf(PermissionDenied, "%s may not %s: it is for some sessions or sources, and this is about the whole wheel", p.Name, method)
}

// visible are the names of which the caller may read some session.
func (s *Service) visible(ctx context.Context, names []string) []string {
	c := CallerOf(ctx)
	if !s.b.Guard.On || c.Principal == nil {
		return names
	}
	var all []string
	for _, name := range names {
		for i := range c.Grants {
			if g := &c.Grants[i]; g.has(ScopeRead) && (g.whole() || g.named(name)) {
				all = append(all, name)
				break
			}
		}
	}
	return all
}
