package class

import (
	"errors"

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

// Usage marks what the config causes.
func Usage(err error) error {
	if errors.Is(err, ErrEnvironment) { // known to be worse
		return err
	}
	return &classed{ErrUsage, err}
}

// Environment marks what the machine, or another one, causes.
func Environment(err error) error { return &classed{ErrEnvironment, err} }

// Outside is the class of an error from a source or sink that was opened: what is behind it does not answer, or the
// config is wrong.
func Outside(err error) error {
	if errors.Is(err, source.ErrUnavailable) || errors.Is(err, sink.ErrUnavailable) {
		return Environment(err)
	}
	return Usage(err)
}
