package arena

import (
	"errors"

	"github.com/peltonhq/pelton"
)

// The classes of failure. Every error of this package but those of [Options.Validate] and a context's is an [Error]
// that wraps one of them.
var (
	ErrZero     = errors.New("the zero reference names nothing")
	ErrStale    = errors.New("the message was released")
	ErrReleased = errors.New("the reference was released already")
	ErrForeign  = errors.New("the reference is not of this arena")
	ErrTooLarge = errors.New("larger than max_message")
	ErrFull     = errors.New("no room")
	ErrClosed   = errors.New("closed")
	ErrLent     = errors.New("messages are still lent")
	// ErrMisuse is a call that breaks the rules of ownership: a frame outside its block, a block of another lane.
	ErrMisuse = errors.New("not allowed")
)

// Error is a failed operation on an arena.
type Error struct {
	Op     string     // the method, in lower case
	Arena  string     // [Options.Name]
	Ref    pelton.Ref // zero when the operation is not about one
	Detail string     // what exactly, and what to do about it; may be empty
	Err    error      // one of the sentinels of this package
}

// Error names the arena, the operation, the reference and the cause.
func (e *Error) Error() string {
	text := "arena " + e.Arena + ": " + e.Op
	if e.Ref.Valid() {
		text += " " + e.Ref.String()
	}
	text += ": " + e.Err.Error()
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	return text
}

// Unwrap is the sentinel.
func (e *Error) Unwrap() error { return e.Err }

func (a *Arena) fail(op string, ref pelton.Ref, err error, detail string) error {
	return &Error{Op: op, Arena: a.options.Name, Ref: ref, Detail: detail, Err: err}
}
