package config

// Sync says when the store is durable.
type Sync string

// The values of [Sync].
const (
	SyncAlways Sync = "always"
	SyncOff    Sync = "off"
)

// Then says what happens after the last attempt.
type Then string

// The values of [Then].
const (
	ThenDead Then = "dead" // a dead letter
	ThenDrop Then = "drop" // dropped and counted
	ThenStop Then = "stop" // the plugin stops until it is swapped or restarted
)

// OnNew says what a file sink does with content that the store does not know.
type OnNew string

// The values of [OnNew].
const (
	OnNewAppend   OnNew = "append"
	OnNewTruncate OnNew = "truncate"
	OnNewFail     OnNew = "fail"
)
