package actor

import "time"

// State is where a version of a plugin, or one of its instances, stands.
type State string

// The states of a version. A version ends as superseded or rolled back; the others pass.
const (
	StateLoading    State = "loading"     // its instances are being started; the old version does the work
	StateProbing    State = "probing"     // it does the work and is watched; the old version is paused
	StateLive       State = "live"        // it does the work
	StateRolledBack State = "rolled back" // it failed, the old version does the work again
	StateSuperseded State = "superseded"  // a newer version is live
	StateClosed     State = "closed"
)

// The changes of one instance.
const (
	StateRestarted State = "restarted" // it broke and was replaced
	StateRecycled  State = "recycled"  // it held more memory than limits.recycle and was replaced
	StateFailed    State = "failed"    // it broke and its replacement did not start; tried again with back-off
	StateStuck     State = "stuck"     // its turn shows no sign of life and can't be stopped; another instance has its mailbox
)

// Event is one change of state.
type Event struct {
	Time     time.Time
	State    State
	Revision int
	Digest   string
	Instance int    // of a change of one instance; else -1
	Reason   string // why, for people; may be empty
}

// Result is the answer to a swap.
type Result struct {
	State  State // StateLive or StateRolledBack; StateProbing if the caller did not wait for the answer
	Reason string
}
