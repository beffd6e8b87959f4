package store

import (
	"errors"
	"fmt"
)

// Classes of errors, for errors.Is. The text around them says what, where and what to do.
var (
	// ErrNotFound: the key has no value.
	ErrNotFound = errors.New("not found")
	// ErrFenced: the partition was claimed again after this token was given out.
	ErrFenced = errors.New("fenced by a newer owner")
	// ErrFull: max_bytes or reserve is reached; see [Store.Full]. Appends that only delete are still made.
	ErrFull = errors.New("store is full")
	// ErrClosed: the store, or the view, is closed.
	ErrClosed = errors.New("store is closed")
	// ErrHeld: another process has the store open; a [HeldError] has the details.
	ErrHeld = errors.New("store is held by another process")
	// ErrVersion: the store was written by a newer version of the program.
	ErrVersion = errors.New("store has a newer format")
	// ErrCorrupt: the directory is no store, or a damaged one.
	ErrCorrupt = errors.New("store cannot be read")
	// ErrFailed: a write or sync failed, so nobody knows what is on disk. Every later append fails too; it is never
	// retried, only a restart reads what is really there.
	ErrFailed = errors.New("store failed")
	// ErrBusy: it can be done once at a time, and is being done.
	ErrBusy = errors.New("busy")
	// ErrExists: the directory has a store, or something else, already.
	ErrExists = errors.New("there is a store already")
	// ErrInvalid: a record, token or key that no store accepts: a mistake of the caller.
	ErrInvalid = errors.New("invalid argument")
)

// Holder is who has a store open.
type Holder struct {
	PID  int    `json:"pid"`
	Addr string `json:"addr,omitempty"` // where it listens, once it does
}

// String is "pid 4711 at 127.0.0.1:7070"; an unknown holder is "an unknown process".
func (h Holder) String() string {
	switch {
	case h.PID == 0:
		return "an unknown process"
	case h.Addr == "":
		return fmt.Sprintf("pid %d", h.PID)
	}
	return fmt.Sprintf("pid %d at %s", h.PID, h.Addr)
}

// HeldError says who holds the store. It is an [ErrHeld].
type HeldError struct {
	Dir    string
	Holder Holder
}

func (e *HeldError) Error() string {
	return fmt.Sprintf("store %s: held by %s; stop it or use another store.dir", e.Dir, e.Holder)
}

// Is makes errors.Is(err, ErrHeld) true.
func (e *HeldError) Is(target error) bool { return target == ErrHeld }
