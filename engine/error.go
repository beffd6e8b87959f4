package engine

import (
	"errors"

	"github.com/peltonhq/pelton/engine/event"
	"github.com/peltonhq/pelton/sink"
	"github.com/peltonhq/pelton/source"
)

// ErrUsage and ErrEnvironment are classes of errors: the config is wrong, or the machine does not give what it needs.
var (
	ErrUsage       = errors.New("bad usage or config")
	ErrEnvironment = errors.New("environment")
)

// classed is an error of a class, whose text is the cause's alone.
type classed struct {
	class error
	err   error
}

func (c *classed) Error() string   { return c.err.Error() }
func (c *classed) Unwrap() []error { return []error{c.class, c.err} }

func usage(err error) error {
	if errors.Is(err, ErrEnvironment) { // known to be worse
		return err
	}
	return &classed{ErrUsage, err}
}

func environment(err error) error { return &classed{ErrEnvironment, err} }

// outside is the class of an error from a source or sink that was opened: what is behind it does not answer, or the
// config is wrong.
func outside(err error) error {
	if errors.Is(err, source.ErrUnavailable) || errors.Is(err, sink.ErrUnavailable) {
		return environment(err)
	}
	return usage(err)
}

// Event is something that happened to the wheel, for a log or a program that watches it.
type Event = event.Event

// Figures are what came out, when the wheel has settled.
type Figures = event.Figures
