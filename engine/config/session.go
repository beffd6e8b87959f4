package config

import "github.com/peltonhq/pelton/engine/config/rollout"

// Session is a series of snapshots per key. Without Reduce, every message is a snapshot. The wheel feeds it (From), or
// clients do (Writable), never both.
type Session struct {
	From     []string `yaml:"from,omitempty" json:"from,omitempty" jsonschema_description:"What it reads: sources, plugins (their output default), plugin.output. This or writable."`
	Writable bool     `yaml:"writable,omitempty" json:"writable,omitempty" jsonschema_description:"Clients write it, by the Durable Streams protocol, gRPC or Connect; it reads nothing then."`
	Reduce   *Reduce  `yaml:"reduce,omitempty" json:"reduce,omitempty" jsonschema_description:"The plugin that folds a message into the last snapshot; listed and swapped as session/NAME. Default: the message is the snapshot."`
	Retain   Retain   `yaml:"retain" json:"retain" jsonschema_description:"Which snapshots are kept; the newest of a session always is."`
	Buffer   Size     `yaml:"buffer" json:"buffer" jsonschema_description:"Bytes that wait for the store. Default 4MiB."`
	Follow   Follow   `yaml:"follow" json:"follow" jsonschema_description:"What its followers may do."`
}

// Follow bounds the followers of a session.
type Follow struct {
	Lag      int      `yaml:"lag" json:"lag" jsonschema_description:"Snapshots that a follower may be behind once it was at the newest. Further behind it ends, and says where to resume; with slow: conflate it jumps, with slow: block it holds the session up. Default 65536."`
	LagBytes Size     `yaml:"lag_bytes" json:"lag_bytes" jsonschema_description:"The same in bytes of snapshots. Default 64MiB."`
	Buffer   Size     `yaml:"buffer" json:"buffer" jsonschema_description:"Bytes of the newest snapshots of a followed key that are in memory, and as many in each encoding that followers share; and bytes that one follower is given at once. A larger snapshot goes alone. Default 1MiB."`
	Block    Duration `yaml:"block" json:"block" jsonschema_description:"How long a follower with slow: block may hold the session up at a time, and so pause its sources; then it ends. 0s: nobody may. Default 0s."`
}

// Reduce is the plugin of a session. Exactly one of Wasm, Native and Process is set.
type Reduce struct {
	Wasm      *Wasm        `yaml:"wasm,omitempty" json:"wasm,omitempty" jsonschema_description:"A sandboxed plugin that can be swapped."`
	Native    *Native      `yaml:"native,omitempty" json:"native,omitempty" jsonschema_description:"Go code that is linked into this program."`
	Process   *Process     `yaml:"process,omitempty" json:"process,omitempty" jsonschema_description:"A program in any language, run as a process of its own; it can be swapped."`
	Config    JSON         `secret:"maybe" yaml:"config,omitempty" json:"config,omitempty" jsonschema_description:"What the plugin gets at its start; any mapping."`
	Instances int          `yaml:"instances" json:"instances" jsonschema_description:"How many run side by side. Default 1."`
	Limits    ReduceLimits `yaml:"limits" json:"limits" jsonschema_description:"What one instance may use."`
	Health    Health       `yaml:"health" json:"health" jsonschema_description:"When a new version goes back by itself."`
	Strategy  string       `yaml:"strategy" json:"strategy" jsonschema:"enum=immediate,enum=canary" jsonschema_description:"How a new version comes in. immediate: at once. canary: for a share of the keys, by steps. Default immediate."`
	Canary    Canary       `yaml:"canary" json:"canary" jsonschema_description:"The steps of strategy canary."`
}

// ReduceLimits are what one instance of a reducer may use (P1, A2).
type ReduceLimits struct {
	Memory  Size     `yaml:"memory" json:"memory" jsonschema_description:"Memory of an instance; not enforced for native plugins. Default 64MiB."`
	Recycle Size     `yaml:"recycle" json:"recycle" jsonschema_description:"Memory above which an instance is replaced between two turns, what it remembers is lost then; 0 means three quarters of memory. Default 0."`
	Time    Duration `yaml:"time" json:"time" jsonschema_description:"Processor time for one message. Default 100ms."`
	Output  Size     `yaml:"output" json:"output" jsonschema_description:"Bytes of one snapshot. Default 1MiB."`
}

// Retain says which snapshots are kept. A snapshot beyond either limit goes; a zero limit is none.
type Retain struct {
	Snapshots int      `yaml:"snapshots" json:"snapshots" jsonschema_description:"How many of each session; 0 means all. Default 0."`
	Age       Duration `yaml:"age" json:"age" jsonschema_description:"How old a snapshot may be; 0s means any age. Default 0s."`
}

// DefaultSession keeps everything.
func DefaultSession() Session {
	return Session{Buffer: 4 * MiB, Follow: Follow{Lag: 65_536, LagBytes: 64 * MiB, Buffer: MiB}}
}

// DefaultReduce has every limit set; the code is missing.
func DefaultReduce() Reduce {
	return Reduce{
		Instances: 1,
		Limits:    ReduceLimits{Memory: 64 * MiB, Time: 100 * Millisecond, Output: MiB},
		Health:    rollout.DefaultHealth(), Strategy: rollout.Immediate, Canary: rollout.DefaultCanary(),
	}
}

// Type is wasm, native or process; empty when none is set.
func (r Reduce) Type() string { return kind(r.Wasm, r.Native, r.Process) }

// ReducerName is the name by which a session's reducer is listed and swapped.
func ReducerName(session string) string { return "session/" + session }
