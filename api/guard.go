package api

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"
)

// Guard says who may call the service. The zero Guard lets everybody do everything, and keeps no audit log.
type Guard struct {
	On      bool    // calls need a principal with the right scope
	Rate    float64 // calls a second of a principal, or of an address; 0: no limit. Only with On
	Burst   int     // calls at once
	Streams int     // follows and watches at once; 0: no limit
	Log     Log     // nil: none is kept
	Meter   *Meter  // shared with those who stand before the service; nil: its own
}

// Meter counts what was turned away. All fields may be used from any goroutine.
type Meter struct {
	Connections atomic.Int64  // open
	Crowded     atomic.Uint64 // connections closed at once: api.limits.connections
	Streams     atomic.Int64  // follows and watches under way
	Busy        atomic.Uint64 // streams refused: api.limits.streams
	Throttled   atomic.Uint64 // calls refused: api.limits.rate
	Slow        atomic.Uint64 // requests whose body came too slowly: api.limits.body_rate
	Foreign     atomic.Uint64 // requests of another site's page, or to a name that is not ours

	Unauthenticated atomic.Uint64
	Denied          atomic.Uint64
	Guesses         atomic.Uint64 // log-ins that were not looked at after too many wrong ones: api.limits.failures
	Reloads         atomic.Uint64 // certificates that were read again
	BadReloads      atomic.Uint64 // and could not be
	Expiry          atomic.Int64  // when the certificate ends, in seconds since 1970; 0: none
}

// APIStats are the figures of what stands before the wheel.
type APIStats struct {
	Connections int64             `json:"connections"`
	Streams     int64             `json:"streams"` // follows and watches
	Refused     map[string]uint64 `json:"refused"` // connections, streams, calls and requests that were turned away, by reason
	Reloads     uint64            `json:"reloads"` // of the certificate
	BadReloads  uint64            `json:"bad_reloads"`
	Expiry      time.Time         `json:"certificate_expiry,omitzero"`
}

// Figures are the counts now.
func (m *Meter) Figures() *APIStats {
	s := &APIStats{
		Connections: m.Connections.Load(), Streams: m.Streams.Load(), Reloads: m.Reloads.Load(), BadReloads: m.BadReloads.Load(),
		Refused: map[string]uint64{
			"connections": m.Crowded.Load(), "streams": m.Busy.Load(), "rate": m.Throttled.Load(), "body_rate": m.Slow.Load(),
			"foreign": m.Foreign.Load(), "unauthenticated": m.Unauthenticated.Load(), "denied": m.Denied.Load(), "failures": m.Guesses.Load(),
		},
	}
	if at := m.Expiry.Load(); at != 0 {
		s.Expiry = time.Unix(at, 0).UTC()
	}
	return s
}

// Log keeps what was done to the wheel.
type Log interface {
	// Record adds an entry and gives it its id. It may wait for the disk.
	Record(e Entry)
	// Entries gives a page, the newest first: those with an id below before, if that is not 0.
	Entries(before uint64, limit int) []Entry
}

// Entry is one act, in the audit log.
type Entry struct {
	ID      uint64    `json:"id"`
	Time    time.Time `json:"time"`
	Who     string    `json:"who"`
	From    string    `json:"from,omitempty"` // address
	Act     string    `json:"act"`            // the method, for example "Swap"
	On      string    `json:"on,omitempty"`   // what it was done to
	Outcome string    `json:"outcome"`        // done, rolled back, refused or failed
	Reason  string    `json:"reason,omitempty"`
	Why     string    `json:"why,omitempty"` // as the caller said
}

// Text is the entry in one line for people.
func (e *Entry) Text() string {
	text := fmt.Sprintf("%s: %s %s %s", e.Who, e.Act, e.On, e.Outcome)
	if e.Reason != "" {
		text += ": " + e.Reason
	}
	if e.Why != "" {
		text += " (" + e.Why + ")"
	}
	return text
}

// The outcomes of an [Entry], beside [OutcomeRolledBack].
const (
	OutcomeDone    = "done"
	OutcomeRefused = "refused"
	OutcomeFailed  = "failed"
)

// begin checks a call and returns how its end is told to the audit log. What nobody could be asked about, because it came
// without a name, is counted and not logged: else a stranger could push everything else out of the log.
func (s *Service) begin(ctx context.Context, method string, t target) (end func(err error, outcome, reason string), err error) {
	err = s.allow(ctx, method, t)
	if c := CallerOf(ctx); err != nil && c.Principal != nil && !c.Shared && Wrap(err).Code == PermissionDenied {
		s.record(ctx, method, t, OutcomeRefused, err.Error())
	}
	return func(err error, outcome, reason string) {
		switch {
		case err != nil:
			outcome, reason = OutcomeFailed, err.Error()
		case outcome == "" || outcome == OutcomeLive:
			outcome = OutcomeDone
		}
		s.record(ctx, method, t, outcome, reason)
	}, err
}

func (s *Service) record(ctx context.Context, method string, t target, outcome, reason string) {
	if s.b.Guard.Log == nil || !rules[method].audited {
		return
	}
	s.b.Guard.Log.Record(Entry{
		Time: time.Now().UTC(), Who: who(ctx, t.claimed), From: CallerOf(ctx).From, Act: method, On: clip(t.what), Outcome: outcome,
		Reason: clip(reason), Why: clip(t.why),
	})
}

// clip bounds what one entry keeps of a text that a client chose.
func clip(text string) string {
	const most = 1 << 10
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// who is the proven name; only where nobody has one, the one that the caller gives itself.
func who(ctx context.Context, claimed string) string {
	c := CallerOf(ctx)
	switch {
	case c.Principal != nil:
		return c.Name
	case claimed != "":
		return claimed
	}
	return "anybody"
}

// Audit gives a page of the audit log, the newest first. next is the before of the next page, 0 at the end.
func (s *Service) Audit(ctx context.Context, before uint64, limit int) (page []Entry, next uint64, err error) {
	if err := s.allow(ctx, "Audit", target{}); err != nil {
		return nil, 0, err
	}
	if limit, err = limited(limit); err != nil {
		return nil, 0, err
	}
	if s.b.Guard.Log == nil {
		return []Entry{}, 0, nil
	}
	page = list(s.b.Guard.Log.Entries(before, limit))
	if len(page) == limit {
		next = page[limit-1].ID
	}
	return page, next, nil
}

// stream counts a follow or watch in, until done.
func (s *Service) stream() (done func(), err error) {
	if n := s.meter.Streams.Add(1); s.b.Guard.Streams > 0 && n > int64(s.b.Guard.Streams) {
		s.meter.Streams.Add(-1)
		s.meter.Busy.Add(1)
		return nil, Errorf(ResourceExhausted, "%d streams are open, as many as api.limits.streams allows; close some, or try again later", s.b.Guard.Streams).
			With(DetailRetryAfter, "1s")
	}
	return func() { s.meter.Streams.Add(-1) }, nil
}
