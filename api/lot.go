package api

import (
	"time"

	"github.com/peltonhq/pelton"
)

// Origin is where a delivery's message came from.
type Origin struct {
	Source      string `json:"source"`
	Incarnation string `json:"incarnation,omitempty"`
	Lane        string `json:"lane"`
	Position    uint64 `json:"position"`
	Trace       string `json:"trace,omitempty"` // W3C traceparent
}

// The kinds of dead letter.
const (
	DeadDelivery = "delivery" // a message that its plugin gave up
	DeadEmit     = "emit"     // an effect that its target refuses
	DeadFrame    = "frame"    // bytes of a source that are no message
)

// The states of a dead letter.
const (
	DeadStateDead      = "dead"
	DeadStateReplaying = "replaying"
	DeadStateSettled   = "settled"
)

// Failure is how and when something was given up.
type Failure struct {
	Attempts int       `json:"attempts"`
	Reason   string    `json:"reason"`
	Revision int       `json:"revision,omitempty"` // of the plugin at the last failure
	Digest   string    `json:"digest,omitempty"`   // of its code then, as long as that revision is kept
	First    time.Time `json:"first_failure,omitzero"`
	Last     time.Time `json:"last_failure,omitzero"`
}

// DeadLetter is one delivery, effect or frame that was given up.
type DeadLetter struct {
	Origin
	Failure

	ID          string          // short and URL-safe
	Delivery    string          // effect id
	Kind        string          // delivery, emit or frame
	Plugin      string          // whose delivery it was; for an emit, which made it
	Target      string          // of an emit, for example sink/late
	Key         string          // empty when it has none
	Payload     []byte          // of a frame over max_message: its beginning
	ContentType string          // of an emit
	Headers     []pelton.Header // in their order
	State       string          // dead, replaying or settled
	Replays     int
	Cursor      string // in a list: After of a page that begins behind it
}

// DeadQuery selects dead letters, the oldest failure first; zero fields select all.
type DeadQuery struct {
	Plugin       string
	Reason       string    // is contained in the letter's reason
	Kind         string    // delivery, emit or frame
	State        string    // dead, replaying or settled
	Source       string    // of the message
	Since, Until time.Time // of the last failure: not before, before
	After        string    // next of the page before
	Limit        int
}

// ReplayOptions change what a replay does.
type ReplayOptions struct {
	DryRun bool // say what would be replayed
	Force  bool // also replay letters that a replay has settled
}

// ReplayResult is what a replay started: it does not wait for the deliveries.
type ReplayResult struct {
	Replayed int       `json:"replayed"`
	Skipped  []Skipped `json:"skipped"` // the first 1,000
}

// Skipped is a dead letter that was not replayed.
type Skipped struct {
	ID     string `json:"id"`
	Reason string `json:"reason"`
}

// Why a delivery is parked.
const (
	ParkedRetry  = "retry"
	ParkedDefer  = "defer"
	ParkedHold   = "hold"
	ParkedBehind = "behind" // an earlier message of its key waits
	ParkedPause  = "pause"  // an operator paused its plugin
	ParkedReplay = "replay" // a dead letter on its way back
)

// Parked is one delivery that waits in the store.
type Parked struct {
	Origin

	ID        string
	Delivery  string // effect id
	Plugin    string
	Key       string    // empty when it has none
	Kind      string    // retry, defer, hold, behind, pause or replay
	Due       time.Time // zero for one that is due at no time: its kind is behind or pause
	FirstSeen time.Time
	Attempts  int
	Defers    int
	Reason    string // of its last failure
	Payload   []byte
	Headers   []pelton.Header
	Cursor    string // in a list: After of a page that begins behind it
}

// ParkedQuery selects parked deliveries, in due order, those without a due time last; zero fields select all.
type ParkedQuery struct {
	Plugin       string
	Kind         string
	Key          string
	Since, Until time.Time // due: not before, before; what is behind an earlier message of its key is due at no time
	After        string    // next of the page before
	Limit        int
}

// IngestMessage is one message pushed by a client.
type IngestMessage struct {
	Key         []byte // nil leaves it to the source's decode
	Payload     []byte
	ContentType string // empty means the source's own format
	Headers     []pelton.Header
	Time        time.Time // zero leaves it to the source's decode
	// IdempotencyKey, if not empty, publishes it once; see [Publication].
	IdempotencyKey string
}
