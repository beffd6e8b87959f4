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

// Window says how payloads get into a plugin's memory. The zero value is [WindowStaged].
type Window string

// The values of [Window].
const (
	WindowStaged Window = "staged" // copied
	WindowMapped Window = "mapped" // large ones are shown where they lie
)

// Trust says what a plugin may see. The zero value is [TrustSource].
type Trust string

// The values of [Trust].
const (
	TrustSource   Trust = "source"   // all that its sources carry
	TrustIsolated Trust = "isolated" // what it is offered
)

// OnNew says what a file sink does with content that the store does not know.
type OnNew string

// The values of [OnNew].
const (
	OnNewAppend   OnNew = "append"
	OnNewTruncate OnNew = "truncate"
	OnNewFail     OnNew = "fail"
)

// Deliver says where a source begins in a stream that it has not read yet.
type Deliver string

// The values of [Deliver].
const (
	DeliverAll Deliver = "all"
	DeliverNew Deliver = "new"
)

// NATSMode says what stands behind a subject that is published to.
type NATSMode string

// The values of [NATSMode].
const (
	NATSJetStream NATSMode = "jetstream"
	NATSCore      NATSMode = "core"
)
