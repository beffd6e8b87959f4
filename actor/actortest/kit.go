package actortest

import (
	"testing"
	"time"

	"github.com/peltonhq/pelton/actor"
)

// Kit is a runtime under test.
type Kit struct {
	Suite   func(t testing.TB) actor.Module // a fresh module of the suite plugin; who gets it closes it
	Reducer func(t testing.TB) actor.Module // of the suite reducer
	// Trusted: guests share the process, so limits.memory is not enforced and a loop can't be stopped.
	Trusted bool
}

// The limits that the kit runs with.
const (
	Memory = 64 << 20
	Time   = 250 * time.Millisecond
	Output = 64 << 10
)

// LoopTime is how long the command loop takes where the runtime can't stop it: past the limit and the grace of
// package actor.
const LoopTime = 4 * Time
