package config

import "github.com/peltonhq/pelton/engine/config/rollout"

// Plugin is code that handles messages. Exactly one of Wasm, Native and Process is set.
type Plugin struct {
	From      []string     `yaml:"from" json:"from" jsonschema:"required" jsonschema_description:"What it reads: sources, plugins (their output default), plugin.output."`
	Wasm      *Wasm        `yaml:"wasm,omitempty" json:"wasm,omitempty" jsonschema_description:"A sandboxed plugin that can be swapped."`
	Native    *Native      `yaml:"native,omitempty" json:"native,omitempty" jsonschema_description:"Go code that is linked into this program."`
	Process   *Process     `yaml:"process,omitempty" json:"process,omitempty" jsonschema_description:"A program in any language, run as a process of its own; it can be swapped."`
	Config    JSON         `secret:"maybe" yaml:"config,omitempty" json:"config,omitempty" jsonschema_description:"What the plugin gets at its start; any mapping."`
	Instances int          `yaml:"instances" json:"instances" jsonschema_description:"How many run side by side; a key stays with one. Default 1."`
	Order     Order        `yaml:"order" json:"order" jsonschema_description:"key: the messages of a key are handled one after the other. none: no order. Or {by, behind}. Default key."`
	Limits    PluginLimits `yaml:"limits" json:"limits" jsonschema_description:"What one instance may use."`
	Retry     Retry        `yaml:"retry" json:"retry" jsonschema_description:"What happens with messages that the plugin wants again."`
	MaxDefers int          `yaml:"max_defers" json:"max_defers" jsonschema_description:"How often a message may be deferred before it becomes a dead letter. Default 1000."`
	Health    Health       `yaml:"health" json:"health" jsonschema_description:"When a new version goes back by itself."`

	Strategy string   `yaml:"strategy" json:"strategy" jsonschema:"enum=immediate,enum=canary,enum=shadow" jsonschema_description:"How a new version comes in. immediate: at once. canary: for a share of the keys, by steps. shadow: it is compared without effect before. Default immediate."`
	Canary   Canary   `yaml:"canary" json:"canary" jsonschema_description:"The steps of strategy canary."`
	Shadow   Shadow   `yaml:"shadow" json:"shadow" jsonschema_description:"The comparison of strategy shadow."`
	State    Handover `yaml:"state" json:"state" jsonschema_description:"Whether a new version is given what the one before has in its memory."`

	Capabilities Capabilities `yaml:"capabilities" json:"capabilities" jsonschema_description:"What it may use of the world; nothing that is not named here."`
}

// Wasm names a WebAssembly module.
type Wasm struct {
	Path   string `yaml:"path" json:"path" jsonschema:"required" jsonschema_description:"A directory with a plugin's source (Go, Rust, AssemblyScript or C), which is built, or a .wasm file; relative to the config file."`
	Window Window `yaml:"window,omitempty" json:"window,omitempty" jsonschema_description:"How payloads get into its memory. staged: they are copied. mapped: large ones are shown where they lie, on Linux; it can then read everything that its sources carry. Not for a reducer. Default staged."`
	Trust  Trust  `yaml:"trust,omitempty" json:"trust,omitempty" jsonschema_description:"What it may see. source: all that its sources carry. isolated: the messages that it is offered and nothing else, so payloads are copied whatever window says. Not for a reducer. Default source."`
}

// Mapped reports whether the plugin is shown payloads where they lie.
func (w *Wasm) Mapped() bool { return w != nil && w.Window == WindowMapped && w.Trust != TrustIsolated }

// Native names Go code that is registered in this program.
type Native struct {
	Name string `yaml:"name" json:"name" jsonschema:"required" jsonschema_description:"The name that it is registered by."`
}

// Order says which messages wait for each other (D3). In a file, a word alone means {by: WORD}.
type Order struct {
	By     string `yaml:"by" json:"by" jsonschema:"enum=key,enum=none" jsonschema_description:"key or none. Default key."`
	Behind int    `yaml:"behind" json:"behind" jsonschema_description:"How many messages of a lane may wait behind keys that wait, all keys together, before it pauses. Default 10000."`
}

// The values of [Order].By.
const (
	OrderKey  = "key"
	OrderNone = "none"
)

// PluginLimits are what one instance may use (P1, A2).
type PluginLimits struct {
	Memory  Size     `yaml:"memory" json:"memory" jsonschema_description:"Memory of an instance; not enforced for native plugins. Default 64MiB."`
	Recycle Size     `yaml:"recycle" json:"recycle" jsonschema_description:"Memory above which an instance is replaced between two turns, what it remembers is lost then; 0 means three quarters of memory. Default 0."`
	Time    Duration `yaml:"time" json:"time" jsonschema_description:"Processor time for one message. Default 100ms."`
	Output  Size     `yaml:"output" json:"output" jsonschema_description:"Bytes that it puts out for one message. Default 1MiB."`
	Queue   Size     `yaml:"queue" json:"queue" jsonschema_description:"Bytes of its output that wait for plugins that read it. Default 4MiB."`
}

// Retry says how often and how soon a message is offered again.
type Retry struct {
	Attempts int      `yaml:"attempts" json:"attempts" jsonschema_description:"How often a message is offered at most. Default 5."`
	Initial  Duration `yaml:"initial" json:"initial" jsonschema_description:"The first wait; it doubles each time. Default 100ms."`
	Max      Duration `yaml:"max" json:"max" jsonschema_description:"The longest wait. Default 30s."`
	Then     Then     `yaml:"then" json:"then" jsonschema_description:"What happens after the last attempt. dead: a dead letter. drop: nothing, counted. stop: the plugin stops. Default dead."`
}

// DefaultPlugin has every limit and policy set; From and the code are missing.
func DefaultPlugin() Plugin {
	return Plugin{
		Instances: 1,
		Order:     Order{By: OrderKey, Behind: 10_000},
		Limits:    DefaultPluginLimits(),
		Retry:     Retry{Attempts: 5, Initial: 100 * Millisecond, Max: 30 * Second, Then: ThenDead},
		MaxDefers: 1000,
		Health:    rollout.DefaultHealth(),
		Strategy:  rollout.Immediate, Canary: rollout.DefaultCanary(), Shadow: rollout.DefaultShadow(), State: rollout.DefaultState(),
	}
}

// DefaultPluginLimits are the limits of a plugin or reducer.
func DefaultPluginLimits() PluginLimits {
	return PluginLimits{Memory: 64 * MiB, Time: 100 * Millisecond, Output: MiB, Queue: 4 * MiB}
}

// Type is wasm, native or process; empty when none is set.
func (g Plugin) Type() string { return kind(g.Wasm, g.Native, g.Process) }

func kind(w *Wasm, n *Native, r *Process) string {
	switch {
	case w != nil:
		return "wasm"
	case n != nil:
		return "native"
	case r != nil:
		return "process"
	}
	return ""
}
