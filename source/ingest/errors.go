package ingest

import (
	"errors"
	"fmt"
	"time"
)

// Classes of errors of Publish, for errors.Is. What else it returns is the context's or the store's.
var (
	ErrFull     = errors.New("ingest queue is full")
	ErrTooLarge = errors.New("message is too large")
	ErrClosed   = errors.New("ingest queue is closed")
	ErrReused   = errors.New("idempotency key is used again for something else")
)

// FullError says why there is no room. It is an [ErrFull].
type FullError struct {
	Name       string // of the source
	Reason     string
	RetryAfter time.Duration // when it is worth another try
}

func (e *FullError) Error() string {
	return fmt.Sprintf("source %s: %s: %s; try again in %s", e.Name, ErrFull, e.Reason, e.RetryAfter)
}

// Is makes errors.Is(err, ErrFull) true.
func (e *FullError) Is(target error) bool { return target == ErrFull }
