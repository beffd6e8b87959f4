package stream

import (
	"fmt"
	"time"
)

// Op is what a [Write] is for.
type Op uint8

// The operations. The zero Op is invalid.
const (
	Append Op = iota + 1 // to a stream that is there
	Create               // or find one that the same request created
	Touch                // a use that writes nothing
)

// Write is one write: its payloads become snapshots, all or none.
type Write struct {
	Op          Op
	Payloads    [][]byte
	ContentType string // Append: must be the stream's; not looked at when there is no payload
	Seq         string // Stream-Seq; empty: none
	Producer    *Producer
	Close       bool // nothing may follow
	TTL         time.Duration
	Expires     time.Time
}

// Outcome says what came of a write.
type Outcome struct {
	Stream    Stream   // after it
	Producer  Producer // after it, when the write had one
	Created   bool
	Duplicate bool // it was done before, or found as it should be: nothing changes
}

// Decide tells what a write does to a stream that is nil when there is none, and to its producer, which is nil when
// this is its first write. What is to be written with the payloads is in out: the Stream if it is another one than
// current, and the Producer if the write has one.
func Decide(current *Stream, known *Producer, w *Write, now time.Time) (out Outcome, err error) {
	if current != nil && current.Expired(now) {
		return out, refused(Expired, current, "it expired")
	}
	if w.Op == Create {
		return create(current, w, now)
	}
	if current == nil {
		return out, refused(Missing, nil, "there is none; create it with PUT")
	}
	out.Stream = *current
	if w.Producer != nil {
		out.Producer = *w.Producer
	}
	if w.Op == Append {
		if out.Duplicate, err = admit(current, known, w); err != nil {
			return Outcome{}, err
		}
		if out.Duplicate {
			if known != nil && known.Epoch == w.Producer.Epoch {
				out.Producer = *known
			}
			return out, nil
		}
	}
	advance(&out.Stream, w, now)
	return out, nil
}

// advance is the stream after the write.
func advance(s *Stream, w *Write, now time.Time) {
	if w.Seq != "" {
		s.Seq = w.Seq
	}
	if s.Stale(now) {
		s.Touched = now
	}
	if w.Close {
		s.Closed = true
		if w.Producer != nil {
			s.Closer = *w.Producer
		}
	}
}

func create(current *Stream, w *Write, now time.Time) (out Outcome, err error) {
	if current != nil {
		if !current.alike(w) {
			return out, refused(Differs, current, "it is there already, created with another content type, expiry or closure")
		}
		out.Stream, out.Duplicate = *current, true
		return out, nil
	}
	out.Created = true
	out.Stream = Stream{ContentType: w.ContentType, TTL: w.TTL, Expires: w.Expires, Closed: w.Close}
	if w.TTL > 0 {
		out.Stream.Touched = now
	}
	return out, nil
}

// admit finds out whether an append fits; duplicate says that it was done before.
func admit(current *Stream, known *Producer, w *Write) (duplicate bool, err error) {
	if current.Closed {
		if len(w.Payloads) == 0 && w.Producer == nil {
			return w.Close, closedUnless(w.Close, current)
		}
		return true, closedUnless(w.Producer != nil && *w.Producer == current.Closer, current)
	}
	if len(w.Payloads) > 0 && Base(w.ContentType) != Base(current.ContentType) {
		return false, refused(WrongType, current, fmt.Sprintf("its content type is %s, not %s", current.ContentType, w.ContentType))
	}
	if w.Producer != nil {
		if duplicate, err := inTurn(current, known, w.Producer); duplicate || err != nil {
			return duplicate, err
		}
	}
	if w.Seq != "" && w.Seq <= current.Seq {
		return false, refused(OldSeq, current, fmt.Sprintf("Stream-Seq %q is not above the newest, %q", w.Seq, current.Seq))
	}
	return false, nil
}

func closedUnless(ok bool, current *Stream) error {
	if ok {
		return nil
	}
	return refused(WasClosed, current, "it was closed: nothing may be added")
}

// inTurn is the idempotent producer's part: each (epoch, seq) is taken once, in order, and the highest epoch wins.
func inTurn(current *Stream, known, p *Producer) (duplicate bool, err error) {
	first := known == nil || p.Epoch > known.Epoch
	switch {
	case known != nil && p.Epoch < known.Epoch:
		r := refused(Fenced, current, fmt.Sprintf("producer %.80q has epoch %d, and %d was seen: another one took over", p.ID, p.Epoch, known.Epoch))
		r.Epoch = known.Epoch
		return false, r
	case first && known != nil && p.Seq != 0:
		return false, refused(BadStart, current, fmt.Sprintf("producer %.80q: epoch %d is new and begins with seq 0, not %d", p.ID, p.Epoch, p.Seq))
	case !first && p.Seq <= known.Seq:
		return true, nil
	}
	expected := uint64(0)
	if !first {
		expected = known.Seq + 1
	}
	if p.Seq != expected {
		r := refused(OutOfTurn, current, fmt.Sprintf("producer %.80q: seq %d is next, not %d", p.ID, expected, p.Seq))
		r.Expected, r.Received = expected, p.Seq
		return false, r
	}
	return false, nil
}
