package config

import (
	"github.com/peltonhq/pelton/engine/config/cases"
	"github.com/peltonhq/pelton/engine/config/front"
	"github.com/peltonhq/pelton/engine/config/traces"
)

// Config is a whole wheel. Build one with [Load], or in Go from [Default] and the Default of each box; a zero field is
// a value, not "the default".
type Config struct {
	Arena    Arena              `yaml:"arena" json:"arena" jsonschema_description:"Memory for the messages that are under way, per source."`
	Store    Store              `yaml:"store" json:"store" jsonschema_description:"Where everything durable is kept."`
	Sources  map[string]Source  `yaml:"sources" json:"sources" jsonschema_description:"Where messages come from, by name."`
	Plugins  map[string]Plugin  `yaml:"plugins" json:"plugins" jsonschema_description:"Code that handles messages, by name."`
	Sessions map[string]Session `yaml:"sessions" json:"sessions" jsonschema_description:"Series of snapshots by key, by name."`
	Sinks    map[string]Sink    `yaml:"sinks" json:"sinks" jsonschema_description:"Where messages go to, by name."`
	API      API                `yaml:"api" json:"api" jsonschema_description:"Where the wheel listens, and to whom."`
	Shutdown Shutdown           `yaml:"shutdown" json:"shutdown" jsonschema_description:"How the wheel ends."`
	Limits   Limits             `yaml:"limits" json:"limits" jsonschema_description:"Limits of the whole wheel."`
	Ingest   Ingest             `yaml:"ingest" json:"ingest" jsonschema_description:"The durable queue before sources that can't be read again (http, stdin, mqtt)."`
	Swap     Swap               `yaml:"swap" json:"swap" jsonschema_description:"Bounds of every swap."`
	Traces   Traces             `yaml:"traces" json:"traces" jsonschema_description:"Where what happens to messages is told, as OpenTelemetry traces."`

	Tests []cases.Case `yaml:"tests,omitempty" json:"tests,omitempty" jsonschema_description:"What plugins shall make of messages; pelton test tries it."`

	// File is the path that the config came from; empty when it was built in Go. Dir is its directory, absolute:
	// relative paths of the file have been resolved against it.
	File string `yaml:"-" json:"-"`
	Dir  string `yaml:"-" json:"-"`

	places places
}

// Arena sizes the memory of each source.
type Arena struct {
	Size       Size `yaml:"size" json:"size" jsonschema_description:"Bytes per source; the source pauses when they are in use. Default 64MiB."`
	MaxMessage Size `yaml:"max_message" json:"max_message" jsonschema_description:"The largest message; a larger one becomes a dead letter. At most a quarter of size. Default 1MiB."`
}

// Store says where everything durable is kept.
type Store struct {
	Dir      string `yaml:"dir" json:"dir" jsonschema_description:"Directory, made if it is not there; relative to the config file. Default .pelton."`
	Sync     Sync   `yaml:"sync" json:"sync" jsonschema_description:"always: survives power cuts. off: faster, survives a kill only. Default always."`
	MaxBytes Size   `yaml:"max_bytes" json:"max_bytes" jsonschema_description:"Bytes on disk at which the sources pause; 0B means no limit. Default 0B."`
	Reserve  Size   `yaml:"reserve" json:"reserve" jsonschema_description:"Bytes of free disk that are left; below them the sources pause. Default 64MiB."`
}

// API says where the wheel listens, and to whom.
type API = front.API

// Shutdown says how the wheel ends.
type Shutdown struct {
	Timeout Duration `yaml:"timeout" json:"timeout" jsonschema_description:"How long a drain may take; what is not done then is redelivered at the next start. Default 30s."`
}

// Limits are limits of the whole wheel.
type Limits struct {
	Artifact Size `yaml:"artifact" json:"artifact" jsonschema_description:"The largest plugin that may be uploaded. Default 64MiB."`
	Release  Rate `yaml:"release" json:"release" jsonschema_description:"How many parked deliveries of a lane come back in a second at most, so that a downtime's worth of due ones does not come at once. Default 5000/s."`
	Replays  int  `yaml:"replays" json:"replays" jsonschema_description:"How often a dead letter may be replayed and fail again before a replay needs --force. Default 10."`

	Revisions int  `yaml:"revisions" json:"revisions" jsonschema_description:"How many revisions of a plugin are kept; beyond them the oldest go, and artifacts that none names any more. Default 1000."`
	Logs      Size `yaml:"logs" json:"logs" jsonschema_description:"Bytes of the newest lines that a plugin logged, which are kept in memory for plugin logs. Default 256KiB."`
	Events    Size `yaml:"events" json:"events" jsonschema_description:"Bytes of the newest events of the wheel, which are kept in memory for its console. Default 256KiB."`
	Taps      int  `yaml:"taps" json:"taps" jsonschema_description:"How many taps may be open at once. Default 16."`
	TapBuffer Size `yaml:"tap_buffer" json:"tap_buffer" jsonschema_description:"Bytes of samples that wait for the client of a tap; what finds no room is left out, counted. Default 4MiB."`
	TapRate   Rate `yaml:"tap_rate" json:"tap_rate" jsonschema_description:"How many messages a second a tap shows at most; the others are left out, counted. Default 1000/s."`
}

// Ingest bounds the durable queue before each source that can't be read again, and what is published at once.
type Ingest struct {
	MaxBytes    Size     `yaml:"max_bytes" json:"max_bytes" jsonschema_description:"Bytes at which senders are told to wait. Default 256MiB."`
	MaxAge      Duration `yaml:"max_age" json:"max_age" jsonschema_description:"Age of the oldest message at which senders are told to wait. Default 24h."`
	MaxRequest  Size     `yaml:"max_request" json:"max_request" jsonschema_description:"Bytes of a request with many messages. Default 64MiB."`
	MaxMessages int      `yaml:"max_messages" json:"max_messages" jsonschema_description:"Messages of a request. Default 100000."`
	MaxKeys     int      `yaml:"max_keys" json:"max_keys" jsonschema_description:"How many idempotency keys of a source are remembered; the oldest are forgotten first, a few hundred at a time. Default 100000."`
	KeyAge      Duration `yaml:"key_age" json:"key_age" jsonschema_description:"How long an idempotency key is remembered. Default 24h."`
}

// Default is an empty wheel with the defaults of every box.
func Default() Config {
	return Config{
		Arena:    Arena{Size: 64 * MiB, MaxMessage: MiB},
		Store:    Store{Dir: ".pelton", Sync: SyncAlways, Reserve: 64 * MiB},
		Sources:  map[string]Source{},
		Plugins:  map[string]Plugin{},
		Sessions: map[string]Session{},
		Sinks:    map[string]Sink{},
		API:      front.Default(),
		Shutdown: Shutdown{Timeout: 30 * Second},
		Limits:   Limits{Artifact: 64 * MiB, Release: 5000, Replays: 10, Revisions: 1000, Logs: 256 * KiB, Events: 256 * KiB, Taps: 16, TapBuffer: 4 * MiB, TapRate: 1000},
		Ingest:   Ingest{MaxBytes: 256 * MiB, MaxAge: 24 * Hour, MaxRequest: 64 * MiB, MaxMessages: 100_000, MaxKeys: 100_000, KeyAge: 24 * Hour},
		Swap:     Swap{Timeout: 30 * Second},
		Traces:   traces.Default(),
	}
}
