package sink

import (
	"context"
	"errors"
	"time"

	"github.com/peltonhq/pelton"
)

// Sink writes effects to one place outside of Pelton. One goroutine uses it: its worker's.
type Sink interface {
	// Write makes the effects durable, in order, as far as its place can. nil: all are. A *Rejected: that one never
	// will be, and those before it are. Any other error is transient: the worker calls again with the same effects
	// after a back-off, without end (E2).
	//
	// The slice is the worker's again when Write returns. ctx ends when the worker's Close gives up waiting; the worker
	// makes no further call then but Close.
	Write(ctx context.Context, effects []pelton.Effect) error
	Close() error
}

// ErrUnavailable marks an error of opening a sink that is not of the config: its place does not answer.
var ErrUnavailable = errors.New("place is not available")

// Unavailable marks an error as an [ErrUnavailable]; its text stays.
func Unavailable(err error) error { return unavailable{err} }

type unavailable struct{ error }

func (u unavailable) Unwrap() error      { return u.error }
func (unavailable) Is(target error) bool { return target == ErrUnavailable }

// Rejected is a permanent failure of one effect, which becomes a dead letter (kind emit).
type Rejected struct { //nolint:errname // the contract's word: what became of the effect
	Index int // in the effects of that Write
	Err   error
}

// Error is the cause's text.
func (r *Rejected) Error() string { return r.Err.Error() }

// Unwrap gives the cause.
func (r *Rejected) Unwrap() error { return r.Err }

// Later is a transient failure whose place says how long it wants to be left alone: the worker waits at least as long, also
// beyond its MaxWait. The sink bounds it.
type Later struct { //nolint:errname // the contract's word
	After time.Duration
	Err   error
}

// Error is the cause's text.
func (l *Later) Error() string { return l.Err.Error() }

// Unwrap gives the cause.
func (l *Later) Unwrap() error { return l.Err }
