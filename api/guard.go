package api

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/peltonhq/pelton/api/meter"
)

// Guard says who may call the service. The zero Guard lets everybody do everything, and keeps no audit log.
type Guard struct {
	On      bool        // calls need a principal with the right scope
	Rate    float64     // calls a second of a principal, or of an address; 0: no limit. Only with On
	Burst   int         // calls at once
	Streams int         // follows and watches at once; 0: no limit
	Log     Log         // nil: none is kept
	Meter   *meter.Door // shared with those who stand before the service; nil: its own
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
