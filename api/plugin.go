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
}

// SwapOptions say who changes a plugin, and why; both go into its history.
type SwapOptions struct {
	Who, Why string
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
}
