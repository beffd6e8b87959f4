package actor

import (
	"time"

	"github.com/peltonhq/pelton/actor/rollout"
)

// The states of a version; see package rollout.
const (
	StateLoading    = rollout.StateLoading
	StateProbing    = rollout.StateProbing
	StateCanary     = rollout.StateCanary
	StateShadow     = rollout.StateShadow
	StateLive       = rollout.StateLive
	StateRolledBack = rollout.StateRolledBack
	StateSuperseded = rollout.StateSuperseded
	StateClosed     = rollout.StateClosed

	StatePaused State = "paused" // of a plugin: it does nothing until it is resumed
)

// The changes of one instance.
const (
	StateRestarted State = "restarted" // it broke and was replaced
	StateRecycled  State = "recycled"  // it held more memory than limits.recycle and was replaced
	StateFresh     State = "fresh"     // the state of the old version could not be handed over to it
	StateFailed    State = "failed"    // it broke and its replacement did not start; tried again with back-off
	StateStuck     State = "stuck"     // its turn shows no sign of life and can't be stopped; another instance has its mailbox
)

// Event is one change of state.
type Event struct {
	Time     time.Time
	State    State
	Revision int
	Digest   string
	Instance int      // of a change of one instance; else -1
	Reason   string   // why, for people; may be empty
	Figures  *Figures // of a version that is live, or rolled back after it ran; else nil
	By       int      // of StateSuperseded: the revision in its place, whose Figures these are
}

// Result is the answer to a swap.
type Result struct {
	State   State // StateLive or StateRolledBack; StateProbing or StateCanary if the caller did not wait for the answer
	Reason  string
	Figures *Figures // nil if the version never ran
}
