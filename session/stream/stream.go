package stream

import (
	"strings"
	"time"
)

// Stream is what a session that clients write has beside its snapshots.
type Stream struct {
	Epoch       uint64        // of the session's life
	ContentType string        // of everything in it
	TTL         time.Duration // how long it lives unused; 0: forever
	Expires     time.Time     // when it ends; zero: never
	Touched     time.Time     // when it was used, with TTL; see Stale
	Closed      bool          // nothing follows
	Closer      Producer      // who closed it; zero when that was nobody with a name
	Seq         string        // newest Stream-Seq; scope: the stream
}

// Producer is how far a writer with a name of its own is.
type Producer struct {
	ID         string
	Epoch, Seq uint64
}

// touchParts is how much of its TTL a use may be older than the time that is stored for it: the part is added to the
// stream's life, so that reads of a busy stream need not all be written down.
const touchParts = 8

// Stale reports whether a use now must be written down.
func (s *Stream) Stale(now time.Time) bool {
	return s.TTL > 0 && now.Sub(s.Touched) >= s.TTL/touchParts
}

// Expired reports whether the stream's life is over: with a TTL, between that and an eighth more after its last use.
func (s *Stream) Expired(now time.Time) bool {
	return s.TTL > 0 && now.Sub(s.Touched) >= s.TTL+s.TTL/touchParts || !s.Expires.IsZero() && !now.Before(s.Expires)
}

// JSON reports whether the stream is one of JSON messages: each snapshot is one.
func (s *Stream) JSON() bool { return Base(s.ContentType) == "application/json" }

// Base is a content type as two are compared: in lower case, without parameters.
func Base(contentType string) string {
	base, _, _ := strings.Cut(contentType, ";")
	return strings.ToLower(strings.TrimSpace(base))
}

// alike reports whether the same request created both.
func (s *Stream) alike(w *Write) bool {
	return Base(s.ContentType) == Base(w.ContentType) && s.TTL == w.TTL && s.Expires.Equal(w.Expires) && s.Closed == w.Close
}
