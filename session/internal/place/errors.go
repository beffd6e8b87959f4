package place

import (
	"errors"
	"fmt"
	"time"

	"github.com/peltonhq/pelton"
)

// Classes of errors, for errors.Is.
var (
	ErrGone = errors.New("cursor is gone")
	ErrSlow = errors.New("follower is too slow")
)

// GoneError says that a place cannot be read and where to resume; it is an [ErrGone].
type GoneError struct {
	Name, Key string // Key is empty for a whole name
	At        pelton.Cursor
	Oldest    pelton.Cursor // of the next snapshot that is there; the zero Cursor when there is none
	Latest    pelton.Cursor // of the newest; the zero Cursor when there is none
	Reason    Reason
}

// Resume is the cursor after which nothing that still exists is missed; the zero Cursor when nothing exists.
func (e *GoneError) Resume() pelton.Cursor {
	if e.Reason == Future {
		return e.Latest
	}
	c := e.Oldest
	if c.Valid() && c.ID > 0 {
		c.ID--
	}
	return c
}

func (e *GoneError) Error() string {
	where := "session " + e.Name
	if !e.At.Log {
		where = fmt.Sprintf("session %s key %q", e.Name, e.Key)
	}
	resume := "follow from the beginning"
	if c := e.Resume(); c.Valid() {
		resume = fmt.Sprintf("resume after %s (newest is %s)", c, e.Latest)
	}
	switch e.Reason {
	case Trimmed:
		return fmt.Sprintf("%s: what follows %s was trimmed; %s", where, e.At, resume)
	case Future:
		return fmt.Sprintf("%s: cursor %s is ahead of the newest, %s; %s", where, e.At, e.Latest, resume)
	case Deleted:
		return fmt.Sprintf("%s: was deleted at %s; %s", where, e.At, resume)
	}
	return fmt.Sprintf("%s: cursor %s is of another epoch; %s", where, e.At, resume)
}

// Is makes errors.Is(err, ErrGone) true.
func (e *GoneError) Is(target error) bool { return target == ErrGone }

// SlowError ends a follower that fell too far behind; following again after Cursor misses nothing that is kept. It
// is an [ErrSlow].
type SlowError struct {
	Cursor pelton.Cursor
	Count  uint64 // snapshots that it is behind
	Bytes  uint64
	Held   time.Duration // it held the session up for so long, with policy block; 0: it did not
}

func (e *SlowError) Error() string {
	if e.Held > 0 {
		return fmt.Sprintf("follower held the session up for %s, as long as it may (follow.block of the session), and is %d snapshots (%d bytes) behind; resume after %s",
			e.Held, e.Count, e.Bytes, e.Cursor)
	}
	return fmt.Sprintf("follower is %d snapshots (%d bytes) behind; resume after %s, or follow with policy conflate", e.Count, e.Bytes, e.Cursor)
}

// Is makes errors.Is(err, ErrSlow) true.
func (e *SlowError) Is(target error) bool { return target == ErrSlow }
