package session

import (
	"errors"

	"github.com/peltonhq/pelton/session/internal/place"
)

// Classes of errors, for errors.Is.
var (
	// ErrNotFound: there is no such session, or no such snapshot and never was one.
	ErrNotFound = errors.New("session not found")
	// ErrGone: the place is not there any more, or not yet; a [GoneError] says where to resume.
	ErrGone = place.ErrGone
	// ErrCursorKind: the cursor of a key was used for a whole name, or the reverse.
	ErrCursorKind = errors.New("wrong kind of cursor")
	// ErrSlow: the follower fell too far behind; a [SlowError] has its cursor.
	ErrSlow = place.ErrSlow
	// ErrBlock: the name does not let its followers hold it up.
	ErrBlock = errors.New("nobody may hold this session up")
	// ErrClosed: the sessions, or the follower, are closed.
	ErrClosed = errors.New("sessions are closed")
	// ErrRefused: an effect that will never become a snapshot: the reducer refused it, or it is too large.
	ErrRefused = errors.New("refused")
)

// Errors that say more.
type (
	// GoneError says that a place cannot be read and where to resume; it is an [ErrGone].
	GoneError = place.GoneError
	// SlowError ends a follower that fell too far behind; it is an [ErrSlow].
	SlowError = place.SlowError
)
