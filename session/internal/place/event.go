package place

import "github.com/peltonhq/pelton"

// Reason says why a range of ids is missing.
type Reason string

// The reasons of a [Gap].
const (
	Trimmed   Reason = "trimmed"   // removed by retention
	Conflated Reason = "conflated" // skipped for a follower that asked for the newest only
	Epoch     Reason = "epoch"     // another life of the key: it was deleted and came back
	Future    Reason = "future"    // the cursor is ahead of the newest
	Deleted   Reason = "deleted"   // the session was deleted
)

// Kind says what an [Event] is.
type Kind uint8

// The kinds of event. The zero Kind is invalid.
const (
	KindSnapshot Kind = iota + 1
	KindGap
	KindDeleted // the session Key was deleted
	KindClosed  // nothing follows: the sessions were closed, or with Final the session was, by a client
)

// Event is one thing that a follower is told.
type Event struct {
	Kind     Kind
	Snapshot *pelton.Snapshot // KindSnapshot; shared by all followers: read only
	Gap      Gap              // KindGap
	Key      string           // KindSnapshot, KindDeleted
	Cursor   pelton.Cursor    // where to resume after this event
	Final    bool             // KindClosed: nothing will ever follow
}

// Gap declares that what lies behind From, up to and including To, is not given (S1). With Reason Epoch, To is the
// place before the first snapshot of the new epoch.
type Gap struct {
	From, To pelton.Cursor
	Reason   Reason
}
