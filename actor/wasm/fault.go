package wasm

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tetratelabs/wazero/sys"

	"github.com/peltonhq/pelton/actor"
)

// fault says in a line why a call failed. It never carries wazero's stack trace.
func (n *Instance) fault(err error) *actor.Fault {
	if cause := n.deadline.err(); cause != nil {
		return n.overtime(cause)
	}
	if n.wrong.turn != nil { // an import ended the call
		return &actor.Fault{Kind: n.wrong.turn.Kind, Broken: true, Err: n.wrong.turn.Err}
	}
	said := n.stdio.err.panic
	var exit *sys.ExitError
	switch {
	case n.memory.refused:
		return trap(fmt.Errorf("out of memory: the plugin needs more than limits.memory of %s", bytesize(int64(n.memory.limit))))
	case said != "":
		return trap(errors.New(said))
	case errors.As(err, &exit):
		return trap(fmt.Errorf("the plugin exited with code %d", exit.ExitCode()))
	default:
		return trap(errors.New(reason(err)))
	}
}

// reason is the engine's first line without what it puts in front.
func reason(err error) string {
	line := firstLine(err.Error())
	if _, rest, ok := strings.Cut(line, "wasm error: "); ok {
		return rest
	}
	return line
}

func (n *Instance) overtime(cause error) *actor.Fault {
	err := fmt.Errorf("the turn was ended: %w", cause)
	switch {
	case cause == errLate && n.declared.open: //nolint:errorlint // the very value
		err = fmt.Errorf("the start took longer than %s", n.code.grace)
	case cause == errLate: //nolint:errorlint // the very value
		err = fmt.Errorf("the turn took longer than limits.time of %s", time.Duration(n.env.Limits.Time))
	}
	return &actor.Fault{Kind: actor.FaultTimeout, Broken: true, Err: err}
}

func trap(err error) *actor.Fault {
	return &actor.Fault{Kind: actor.FaultTrap, Broken: true, Err: err}
}

// malformed is an answer outside the ABI; the instance goes on.
func malformed(format string, args ...any) *actor.Fault {
	return &actor.Fault{Kind: actor.FaultMalformed, Err: fmt.Errorf(format, args...)}
}

// overflow is more output than allowed, or on an output that was not declared; the instance goes on.
func overflow(format string, args ...any) *actor.Fault {
	return &actor.Fault{Kind: actor.FaultOutput, Err: fmt.Errorf(format, args...)}
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	const most = 512
	if len(line) > most {
		line = line[:most] + "…"
	}
	return line
}
