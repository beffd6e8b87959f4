package process_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/actor/actortest"
	"github.com/peltonhq/pelton/actor/handover"
)

// A process that answers Save and Load otherwise than it should is ended, and what it did is told.
func TestHostileKeep(t *testing.T) {
	for mode, c := range map[string]struct {
		kind actor.FaultKind
		want string
	}{
		"is good":         {},
		"save hangs":      {actor.FaultTimeout, "saving it: timeout: it did not answer within state.timeout"},
		"load hangs":      {actor.FaultTimeout, "loading it: timeout: it did not answer within state.timeout"},
		"save exits":      {actor.FaultTrap, "saving it: trap: the process ended with exit status 7"},
		"save is another": {actor.FaultMalformed, "saving it: malformed: it answered what it was not asked"},
		"save of another": {actor.FaultMalformed, "saving it: malformed: it answered what it was not asked"},
		"save is endless": {actor.FaultOutput, "saving it: output: it sent a state that is larger than state.max_size of 64KiB"},
		"save is nothing": {actor.FaultMalformed, "saving it: malformed: an empty part of a state that is not the last"},
	} {
		t.Run(mode, func(t *testing.T) {
			m := load(t, binary(t, "hostile"), mode)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			env := actortest.Env("{}")
			env.Log = func(_, line string) {
				if line == "hangs" {
					cancel() // the time is over
				}
			}
			old, next := start(t, m, env), start(t, m, env)
			err := handover.Move(ctx, old, next, 64<<10).Err()
			if c.want == "" && err == nil {
				return
			}
			if f, ok := errors.AsType[*actor.Fault](err); !ok || f.Kind != c.kind || !f.Broken || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
}
