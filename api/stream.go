package api

import (
	"context"
	"errors"
	"strconv"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/session"
	"github.com/peltonhq/pelton/session/stream"
)

// Reasons of an error about a stream, in its detail "reason", beside those of a cursor that is gone.
const (
	ReasonMissing   = "missing"
	ReasonDiffers   = "differs"
	ReasonClosed    = "closed"
	ReasonType      = "content_type"
	ReasonSeq       = "stream_seq"
	ReasonFenced    = "fenced"    // detail "epoch": the producer's newest
	ReasonBadStart  = "bad_start" // a producer's new epoch does not begin with seq 0
	ReasonOutOfTurn = "out_of_turn"
	ReasonReadOnly  = "read_only"
)

// More keys of an [Error]'s detail, of a producer that is out of turn or fenced.
const (
	DetailEpoch    = "epoch"
	DetailExpected = "expected"
	DetailReceived = "received"
)

var reasons = map[stream.Why]struct {
	word string
	code Code
}{
	stream.Missing:   {ReasonMissing, NotFound},
	stream.Expired:   {ReasonMissing, NotFound},
	stream.Differs:   {ReasonDiffers, AlreadyExists},
	stream.WasClosed: {ReasonClosed, FailedPrecondition},
	stream.WrongType: {ReasonType, FailedPrecondition},
	stream.OldSeq:    {ReasonSeq, Aborted},
	stream.Fenced:    {ReasonFenced, PermissionDenied},
	stream.BadStart:  {ReasonBadStart, InvalidArgument},
	stream.OutOfTurn: {ReasonOutOfTurn, Aborted},
}

func refusal(r *stream.RefusedError, message string) *Error {
	class := reasons[r.Why]
	e := Errorf(class.code, "%s", message).With(DetailReason, class.word)
	switch r.Why {
	case stream.Fenced:
		e = e.With(DetailEpoch, strconv.FormatUint(r.Epoch, 10))
	case stream.OutOfTurn:
		e = e.With(DetailExpected, strconv.FormatUint(r.Expected, 10)).With(DetailReceived, strconv.FormatUint(r.Received, 10))
	}
	return e
}

func outlived(err error) bool {
	refused, ok := errors.AsType[*stream.RefusedError](err)
	return ok && refused.Why == stream.Expired
}

// StreamRead says what of a stream is read.
type StreamRead struct {
	Name, Key string
	From      From
	After     pelton.Cursor // with FromAfter
	Use       bool          // it is a use of the stream, which lives on by it
}

// ReadStream gives the snapshots of a session from a start on, as many as fit a page, and what is known of its stream,
// without waiting.
func (s *Service) ReadStream(ctx context.Context, r StreamRead) (session.Page, error) {
	if err := s.allow(ctx, "ReadStream", target{session: r.Name, key: r.Key}); err != nil {
		return session.Page{}, err
	}
	return s.page(ctx, r)
}

// FollowStream is [Service.ReadStream] for who goes on to follow, and so needs that scope and not the other.
func (s *Service) FollowStream(ctx context.Context, r StreamRead) (session.Page, error) {
	if err := s.allow(ctx, "FollowStream", target{session: r.Name, key: r.Key}); err != nil {
		return session.Page{}, err
	}
	return s.page(ctx, r)
}

// StreamEnd is the place after the newest snapshot, for who writes.
func (s *Service) StreamEnd(ctx context.Context, name, key string) (pelton.Cursor, error) {
	if err := s.allow(ctx, "StreamEnd", target{session: name, key: key}); err != nil {
		return pelton.Cursor{}, err
	}
	page, err := s.page(ctx, StreamRead{Name: name, Key: key, From: FromNow})
	return page.Next, err
}

func (s *Service) page(ctx context.Context, r StreamRead) (session.Page, error) {
	sessions, err := s.b.Sessions.Open(r.Name)
	if err != nil {
		return session.Page{}, Wrap(err)
	}
	page, err := sessions.Read(ctx, session.FollowRequest{Key: r.Key, From: r.From, After: r.After})
	if err != nil {
		return session.Page{}, Wrap(err)
	}
	if page.Expired {
		if err := sessions.Expire(ctx, r.Key); err != nil && !errors.Is(err, session.ErrNotFound) {
			return session.Page{}, Wrap(err)
		}
		return session.Page{}, Errorf(NotFound, "session %s key %.80q: it expired", r.Name, r.Key)
	}
	if r.Use && page.Stale && s.b.Sessions.Writable(r.Name) {
		_, err = sessions.Write(ctx, r.Key, stream.Write{Op: stream.Touch})
	}
	return page, fail(err)
}

// AdmitStream is nil when the caller may write a stream, which a transport asks before it reads a body.
func (s *Service) AdmitStream(ctx context.Context, name, key string) error {
	if err := s.allow(ctx, "AdmitStream", target{session: name, key: key}); err != nil {
		return err
	}
	return s.StreamWritable(name)
}

// StreamWritable is nil when clients may write the streams of a name.
func (s *Service) StreamWritable(name string) error {
	_, err := s.writable(name)
	if e := Wrap(err); e != nil && e.Code == FailedPrecondition {
		return e.With(DetailReason, ReasonReadOnly)
	}
	return err
}

// WriteStream does what a client of a stream wants, all of it or nothing, once that is durable.
func (s *Service) WriteStream(ctx context.Context, name, key string, w stream.Write) (session.Written, error) {
	if err := s.allow(ctx, "WriteStream", target{session: name, key: key}); err != nil {
		return session.Written{}, err
	}
	sessions, err := s.writable(name)
	if err != nil {
		return session.Written{}, err
	}
	out, err := sessions.Write(ctx, key, w)
	if outlived(err) {
		if gone := sessions.Expire(ctx, key); gone != nil && !errors.Is(gone, session.ErrNotFound) {
			return session.Written{}, Wrap(gone)
		}
		out, err = sessions.Write(ctx, key, w)
	}
	return out, fail(err)
}
