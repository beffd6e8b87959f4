package api

import (
	"context"
	"errors"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/session"
	"github.com/peltonhq/pelton/session/stream"
	"github.com/peltonhq/pelton/store"
)

// Names are all session names that the caller may read, sorted.
func (s *Service) Names(ctx context.Context) ([]string, error) {
	if err := s.allow(ctx, "Names", target{}); err != nil {
		return nil, err
	}
	return s.visible(ctx, s.b.Sessions.Names()), nil
}

// Heads gives a page of the sessions of a name, in key order: those whose key is behind after. next is the after of
// the next page, empty at the end.
func (s *Service) Heads(ctx context.Context, name, after string, limit int) (page []Head, next string, err error) {
	if err := s.allow(ctx, "Heads", target{session: name, all: true}); err != nil {
		return nil, "", err
	}
	if limit, err = limited(limit); err != nil {
		return nil, "", err
	}
	sessions, err := s.b.Sessions.Open(name)
	if err != nil {
		return nil, "", Wrap(err)
	}
	list, err := sessions.List(ctx, session.Query{After: after, Limit: limit})
	if err != nil {
		return nil, "", Wrap(err)
	}
	page = make([]Head, len(list))
	for i := range list {
		page[i] = Head{Name: name, Key: list[i].Key, ID: list[i].ID, Epoch: list[i].Epoch, Time: list[i].Time}
	}
	if len(list) == limit {
		next = list[limit-1].Key
	}
	return page, next, nil
}

// Get gives a session's newest snapshot, or the one with id when it is not 0.
func (s *Service) Get(ctx context.Context, name, key string, id uint64) (pelton.Snapshot, error) {
	if err := s.allow(ctx, "Get", target{session: name, key: key}); err != nil {
		return pelton.Snapshot{}, err
	}
	sessions, err := s.b.Sessions.Open(name)
	if err != nil {
		return pelton.Snapshot{}, Wrap(err)
	}
	if id == 0 {
		snap, err := sessions.Get(ctx, key)
		return snap, fail(err)
	}
	snap, err := sessions.At(ctx, key, id)
	return snap, fail(err)
}

// AppendRequest is one snapshot from a client.
type AppendRequest struct {
	Name, Key   string
	Payload     []byte
	ContentType string
	ID          string // idempotency key: the same id appends once
}

// Append adds a snapshot to a session that clients may write and returns it once it is durable.
func (s *Service) Append(ctx context.Context, r AppendRequest) (pelton.Snapshot, error) {
	if err := s.allow(ctx, "Append", target{session: r.Name, key: r.Key}); err != nil {
		return pelton.Snapshot{}, err
	}
	sessions, err := s.writable(r.Name)
	if err != nil {
		return pelton.Snapshot{}, err
	}
	snap, err := sessions.Append(ctx, r.Key, r.Payload, r.ContentType, r.ID)
	if outlived(err) {
		if err = sessions.Expire(ctx, r.Key); err == nil || errors.Is(err, session.ErrNotFound) {
			snap, err = sessions.Append(ctx, r.Key, r.Payload, r.ContentType, r.ID)
		}
	}
	return snap, fail(err)
}

func (s *Service) writable(name string) (Session, error) {
	sessions, err := s.b.Sessions.Open(name)
	if err != nil {
		return nil, Wrap(err)
	}
	if !s.b.Sessions.Writable(name) {
		return nil, Errorf(FailedPrecondition, "session %s: the wheel writes it, clients may not", name)
	}
	return sessions, nil
}

// Delete ends a session: followers are told, and a later snapshot of its key starts a new epoch.
func (s *Service) Delete(ctx context.Context, name, key string) (err error) {
	end, err := s.begin(ctx, "Delete", target{session: name, key: key, what: "session " + name + "/" + key})
	if err != nil {
		return err
	}
	defer func() { end(err, "", "") }()
	sessions, err := s.b.Sessions.Open(name)
	if err != nil {
		return Wrap(err)
	}
	if s.b.Sessions.Writable(name) {
		if gone := sessions.Expire(ctx, key); gone == nil {
			return Errorf(NotFound, "session %s key %.80q: it expired", name, key)
		}
	}
	return fail(sessions.Delete(ctx, key))
}

// classes maps the errors of the packages below to codes; the first that matches wins.
var classes = []struct {
	is   error
	code Code
}{
	{session.ErrNotFound, NotFound},
	{session.ErrGone, OutOfRange},
	{session.ErrCursorKind, InvalidArgument},
	{session.ErrSlow, ResourceExhausted},
	{session.ErrBlock, FailedPrecondition},
	{session.ErrClosed, Unavailable},
	{session.ErrRefused, InvalidArgument},
	{store.ErrFull, ResourceExhausted},
	{store.ErrBusy, FailedPrecondition},
	{store.ErrClosed, Unavailable},
	{store.ErrFailed, Unavailable},
	{store.ErrNotFound, NotFound},
	{store.ErrInvalid, InvalidArgument},
	{context.Canceled, Canceled},
	{context.DeadlineExceeded, DeadlineExceeded},
}

// Wrap gives err its class. An [*Error] anywhere in its chain stays as it is; nil stays nil.
func Wrap(err error) *Error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	if refused, ok := errors.AsType[*stream.RefusedError](err); ok {
		return refusal(refused, err.Error())
	}
	out := &Error{Code: Internal, Message: err.Error()}
	for _, class := range classes {
		if errors.Is(err, class.is) {
			out.Code = class.code
			break
		}
	}
	if gone, ok := errors.AsType[*session.GoneError](err); ok {
		out.Detail = goneDetail(gone)
	}
	if slow, ok := errors.AsType[*session.SlowError](err); ok {
		out.Detail = map[string]string{DetailResume: slow.Cursor.String(), DetailReason: "slow"}
	}
	return out
}

// goneDetail says where to resume. The empty resume is the beginning.
func goneDetail(gone *session.GoneError) map[string]string {
	detail := map[string]string{DetailReason: string(gone.Reason), DetailResume: ""}
	if c := gone.Resume(); c.Valid() {
		detail[DetailResume] = c.String()
	}
	if gone.Oldest.Valid() {
		detail[DetailOldest] = gone.Oldest.String()
	}
	if gone.Latest.Valid() {
		detail[DetailLatest] = gone.Latest.String()
	}
	return detail
}
