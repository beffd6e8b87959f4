package api

import "time"

// Strategy is how a new version comes in. What is zero is as the config says.
type Strategy struct {
	Kind    string        // immediate, canary or shadow
	Percent []float64     // of a canary: the share of keys at each step, ascending
	Keys    []string      // of a canary: these keys alone, in the place of shares
	Hold    time.Duration // of a canary: how long a step takes
	For     time.Duration // of a shadow: how long the versions are compared
	MaxDiff float64       // of a shadow: the share of compared messages that may differ, 0 to 1
	Then    string        // of a shadow: promote or drop
}

// The kinds of a strategy.
const (
	StrategyImmediate = "immediate"
	StrategyCanary    = "canary"
	StrategyShadow    = "shadow"
)

// What a shadow is followed by.
const (
	ThenPromote = "promote"
	ThenDrop    = "drop"
)

// Rollout is how far a swap under way has come.
type Rollout struct {
	Strategy string    `json:"strategy"`
	State    string    `json:"state"` // loading, probing, canary or shadow
	Revision int       `json:"revision"`
	Step     int       `json:"step,omitempty"`    // of a canary, from 1
	Percent  float64   `json:"percent,omitempty"` // of the keys that the new version has at this step
	Until    time.Time `json:"until,omitzero"`    // the state or step ends, if nothing happens before
	Figures  Figures   `json:"figures"`
}

// Figures compare the versions of a swap while the new one was watched.
type Figures struct {
	Old    Sample        `json:"old"`
	New    Sample        `json:"new"`
	Shadow *ShadowReport `json:"shadow,omitempty"`
}

// Sample is what one version did. After an immediate change over, the old version's is of the time before.
type Sample struct {
	Deliveries uint64        `json:"deliveries"`
	Errors     uint64        `json:"errors"` // traps, timeouts, malformed answers, dead ones and retries at the first attempt
	Traps      uint64        `json:"traps"`
	Timeouts   uint64        `json:"timeouts"`
	ErrorRate  float64       `json:"error_rate"` // errors per delivery
	P50        time.Duration `json:"p50_ns"`     // per delivery
	P99        time.Duration `json:"p99_ns"`
	Memory     int64         `json:"memory"` // bytes, over all instances
}

// ShadowReport is what a shadow found when it compared the answers of two versions.
type ShadowReport struct {
	Compared uint64       `json:"compared"`
	Skipped  uint64       `json:"skipped"`  // the shadow was behind: it never slows the lane
	Verdicts uint64       `json:"verdicts"` // messages whose verdicts differ
	Emits    uint64       `json:"emits"`    // messages whose emits differ
	Errors   uint64       `json:"errors"`   // messages that the new version alone failed
	Samples  []ShadowDiff `json:"samples,omitempty"`
}

// ShadowDiff is one message that the two versions answered differently.
type ShadowDiff struct {
	Key        string   `json:"key"`
	Position   string   `json:"position"` // its message id
	OldVerdict string   `json:"old_verdict"`
	NewVerdict string   `json:"new_verdict"`
	OldEmits   []string `json:"old_emits,omitempty"` // "output key payload", shortened
	NewEmits   []string `json:"new_emits,omitempty"`
}
