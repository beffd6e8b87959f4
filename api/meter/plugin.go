package meter

// TraceStats count the spans of traced messages.
type TraceStats struct {
	Sent    uint64 `json:"sent"`
	Failed  uint64 `json:"failed"`  // the collector did not take them
	Dropped uint64 `json:"dropped"` // too many waited
	Queued  int64  `json:"queued"`
}

// KVStats are the figures of a plugin's own state.
type KVStats struct {
	Bytes    uint64 `json:"bytes"` // of keys and values
	Keys     uint64 `json:"keys"`
	MaxBytes uint64 `json:"max_bytes"`
}

// HTTPStats are the figures of a plugin's requests.
type HTTPStats struct {
	InFlight int               `json:"in_flight"` // under way, or the response is in use
	Queued   int               `json:"queued"`
	Outcomes map[string]uint64 `json:"outcomes"` // responses by 2xx … 5xx or kind of failure
}
