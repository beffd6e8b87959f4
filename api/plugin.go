package api

import "time"

// Plugin is one plugin, or the reducer of a session.
type Plugin struct {
	Name      string   `json:"name"` // a reducer is "session/NAME"
	Kind      string   `json:"kind"` // wasm, native or process
	Digest    string   `json:"digest,omitempty"`
	State     string   `json:"state"` // running, swapping, paused, restarting, stopped or failed
	Reason    string   `json:"reason,omitempty"`
	Revision  int      `json:"revision"`
	Instances int      `json:"instances"`
	Restarts  uint64   `json:"restarts"`
	Outputs   []string `json:"outputs"`
	From      []string `json:"from"`
	Rollout   *Rollout `json:"rollout,omitempty"` // of the version that a swap brings in; nil when none is under way
	Pinned    *Mark    `json:"pinned,omitempty"`  // its code can't be changed; nil: it can
	Paused    *Mark    `json:"paused,omitempty"`  // it is offered nothing; nil: it is
}

// Mark is what an operator did to a plugin that lasts until it is undone: who, why and when.
type Mark struct {
	Who  string    `json:"who,omitempty"`
	Why  string    `json:"why,omitempty"`
	At   time.Time `json:"at"`
	Park bool      `json:"park,omitempty"` // of a pause: deliveries are parked, so that the lanes go on
}

// By says who does something, and why; both are kept.
type By struct {
	Who, Why string
}

// SwapOptions say who changes a plugin, why and how.
type SwapOptions struct {
	Who, Why string
	Expect   int       // the revision that must be live, else [FailedPrecondition]; 0: any
	Revision int       // of a swap without a digest: go back to the code and config of this one
	Strategy *Strategy // how the new version comes in; nil: as the config says
}

// The outcomes of a swap.
const (
	OutcomeLive       = "live"
	OutcomeRolledBack = "rolled back"
	OutcomeSuperseded = "superseded" // in a history: it was live until a newer one was
)

// SwapResult is how a swap or rollback ended.
type SwapResult struct {
	Plugin   string        `json:"plugin"`
	Outcome  string        `json:"outcome"`          // live or rolled back
	Reason   string        `json:"reason,omitempty"` // why it was rolled back
	Revision int           `json:"revision"`         // that this swap made
	Digest   string        `json:"digest"`
	Live     int           `json:"live"` // the revision that runs now
	Took     time.Duration `json:"took_ns"`
	Strategy string        `json:"strategy,omitempty"` // immediate, canary or shadow
	Figures  *Figures      `json:"figures,omitempty"`  // of both versions while the new one was watched; nil: it never ran
}

// Revision is one line of a plugin's history.
type Revision struct {
	Number  int       `json:"revision"`
	Digest  string    `json:"digest"`
	Who     string    `json:"who,omitempty"`
	Why     string    `json:"why,omitempty"`
	Outcome string    `json:"outcome"`
	Reason  string    `json:"reason,omitempty"`
	Source  string    `json:"source"` // config, swap or rollback
	At      time.Time `json:"at"`
	Live    bool      `json:"live"`

	Strategy string   `json:"strategy,omitempty"` // by which it came in; empty for one that the config started
	Figures  *Figures `json:"figures,omitempty"`  // that its swap ended with

	Size       int64    `json:"size,omitempty"`        // of the artifact in bytes; 0 for native code
	ConfigHash string   `json:"config_hash,omitempty"` // of the config and limits that it ran with
	Outputs    []string `json:"outputs,omitempty"`     // that it declared; none if it never ran
	Built      []string `json:"built,omitempty"`       // languages and tools that the artifact says it was made by
	Deleted    bool     `json:"deleted,omitempty"`     // its artifact was removed: nothing goes back to it
}

// Diff is what differs between two revisions of a plugin.
type Diff struct {
	Plugin  string   `json:"plugin"`
	From    Revision `json:"from"`
	To      Revision `json:"to"`
	Changes []Change `json:"changes"`
	Config  string   `json:"config,omitempty"` // a unified diff of config and limits; empty when they are the same
}

// Change is one thing that differs.
type Change struct {
	What string `json:"what"` // digest, size, outputs, built, strategy or outcome
	From string `json:"from"`
	To   string `json:"to"`
}

// Removal says what to delete: a revision of a plugin, an artifact, or all that is left of a plugin which the config does
// not have any more.
type Removal struct {
	Plugin   string
	Revision int    // 0: all of the plugin
	Artifact string // a digest; in the place of the others
}

// Removed is what was deleted.
type Removed struct {
	Revisions int `json:"revisions"` // whose artifacts are gone, or that are gone themselves
	Artifacts int `json:"artifacts"`
}

// LogLine is one line that a plugin logged.
type LogLine struct {
	Seq      uint64    `json:"seq"` // counts the plugin's lines from the start of the wheel
	Time     time.Time `json:"time"`
	Plugin   string    `json:"plugin"`
	Revision int       `json:"revision"`
	Level    string    `json:"level"` // debug, info, warn or error
	Text     string    `json:"text"`
}

// LogQuery selects lines of a plugin's log.
type LogQuery struct {
	Plugin string
	Tail   int    // the newest so many; 0: all that are kept
	Level  string // this one and worse; empty: all
}
