package meter

// SessionStats are the figures of one session name.
type SessionStats struct {
	Name      string `json:"name"`
	Sessions  uint64 `json:"sessions"`
	Snapshots uint64 `json:"snapshots"` // since the start of the process
	Followers int    `json:"followers"`
	Slow      uint64 `json:"slow"` // followers that ended because they were too far behind
	Queued    uint64 `json:"queued_bytes"`
	Recent    uint64 `json:"recent_bytes"`      // the newest snapshots of followed keys
	Shared    uint64 `json:"shared_bytes"`      // their encodings, which followers share
	Given     uint64 `json:"given_bytes"`       // snapshots that followers were given and have not sent
	Blockers  int    `json:"blockers"`          // followers that may hold it up (slow: block)
	Holding   int    `json:"holding"`           // those that do now
	HeldNs    uint64 `json:"held_ns"`           // for how long somebody did
	HeldBy    string `json:"held_by,omitempty"` // one that does now, in words
}
