package actor

import (
	"context"

	"github.com/peltonhq/pelton"
)

// Limits bound one instance (A2, P1). Zero means the default of the configuration, never "no limit".
type Limits struct {
	Memory  int64 // bytes of guest memory; not enforced for native plugins, which are trusted
	Recycle int64 // bytes of guest memory above which an instance is replaced between two turns; default three quarters of Memory
	Time    int64 // nanoseconds of processor time for one delivery, whatever the size of its turn
	Output  int64 // bytes of emits (keys and payloads) of one delivery
}

// Env is what a plugin is started with.
type Env struct {
	Plugin string // name in the config
	Config []byte // the plugin's `config` as a JSON object; "{}" when there is none
	Limits Limits
	Log    func(level, message string) // what the plugin logs; never nil, safe for use by several instances
	Window *Window                     // how payloads get into a sandbox; nil: they are copied
	KV     KV                          // its durable state; nil when it is not granted
	HTTP   bool                        // whether it may make requests
}

// Runtime turns an artifact into a module: actor/wasm compiles it, actor/native looks it up.
type Runtime interface {
	// Load checks and prepares an artifact. The error says what is wrong with it and what to do.
	Load(ctx context.Context, artifact []byte) (Module, error)
}

// Module is a loaded artifact, ready to be instantiated. It outlives its instances and may be used by several
// goroutines.
type Module interface {
	// Digest is "sha256:<hex>" of the artifact.
	Digest() string
	// Start makes one instance and runs its Init. A failed Init is an error that carries the plugin's words.
	Start(ctx context.Context, env Env) (Instance, error)
	Close(ctx context.Context) error
}

// Instance is one running plugin, used by one goroutine at a time: its actor.
type Instance interface {
	// Outputs are what Init declared; a reducer declares none.
	Outputs() []pelton.Output
	// Reducer reports whether the plugin folds emits instead of handling messages.
	Reducer() bool
	// Handle runs one turn: it sets t.Outcomes[i].Verdict for each delivery and adds emits by t.Emit. An error is a
	// *Fault; then nothing of the turn counts and, if Fault.Broken, the instance must be replaced. The runtime keeps
	// Limits.Time, for each delivery alone, and tells of a turn that lasts by Heartbeat.
	Handle(ctx context.Context, t *Turn) error
	// Reduce folds each call's emit into its state: calls[i].Next is set, owned by the caller, or calls[i].Err when
	// the plugin refused that emit. Calls of one batch are of different session keys. An error is a *Fault.
	Reduce(ctx context.Context, calls []Call) error
	// Memory is the bytes that the instance holds now; 0 if unknown.
	Memory() int64
	Close(ctx context.Context) error
}

// Call is one fold of a reducer: Next = f(State, Emit).
type Call struct {
	Key         []byte
	State       []byte // payload of the session's last snapshot; empty for a new session
	Emit        []byte
	Next        []byte
	ContentType string // of Next; empty means application/json
	Revision    int    // of the version that folded it, set by [Plugin.Reduce]
	Err         error
}

// FaultKind says what a plugin did wrong; it is a label of metrics and history.
type FaultKind string

// The kinds of fault.
const (
	FaultTrap      FaultKind = "trap"      // trapped, panicked, ran out of its memory limit
	FaultTimeout   FaultKind = "timeout"   // over Limits.Time
	FaultMalformed FaultKind = "malformed" // an answer outside the ABI
	FaultOutput    FaultKind = "output"    // over Limits.Output, or an emit to an undeclared output
)

// Fault is a plugin's failure as opposed to its verdict.
//
//nolint:errname // it is a thing of the contract first, and an error second
type Fault struct {
	Kind   FaultKind
	Broken bool // the instance can't be used again
	Err    error
}

// Error is "kind: cause".
func (f *Fault) Error() string { return string(f.Kind) + ": " + f.Err.Error() }

// Unwrap gives the cause.
func (f *Fault) Unwrap() error { return f.Err }
