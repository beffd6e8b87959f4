// Package rollout is the part of the config that says how a new version of a plugin comes in, and how it is judged.
package rollout

import (
	"slices"
	"strings"

	"github.com/peltonhq/pelton/engine/config/unit"
	"github.com/peltonhq/pelton/engine/config/words"
)

// Health judges a new version by its first messages (W2).
type Health struct {
	Window             unit.Duration `yaml:"window" json:"window" jsonschema_description:"How long a new version is watched after it has all messages. Default 10s."`
	MaxErrorRate       float64       `yaml:"max_error_rate" json:"max_error_rate" jsonschema:"minimum=0,maximum=1" jsonschema_description:"Share of messages that may fail, 0 to 1. Default 0.05."`
	MinSamples         int           `yaml:"min_samples" json:"min_samples" jsonschema_description:"Messages before a share counts. Default 10."`
	MaxIncrease        float64       `yaml:"max_increase" json:"max_increase" jsonschema:"minimum=0,maximum=1" jsonschema_description:"By how much the share of messages that fail may be above the version before, when that is no chance, 0 to 1; 0: they are not compared. Default 0.005."`
	MaxLatency         unit.Duration `yaml:"max_latency" json:"max_latency" jsonschema_description:"The time per message that 99 of 100 turns must keep; 0s: any. Default 0s."`
	MaxLatencyIncrease float64       `yaml:"max_latency_increase" json:"max_latency_increase" jsonschema:"minimum=0" jsonschema_description:"The same in multiples of the version before, above 1ms; 0: they are not compared. Default 0."`
	MaxMemory          unit.Size     `yaml:"max_memory" json:"max_memory" jsonschema_description:"Memory that an instance may hold while it is watched; 0B: as limits says. Default 0B."`
	MaxMemoryIncrease  float64       `yaml:"max_memory_increase" json:"max_memory_increase" jsonschema:"minimum=0" jsonschema_description:"The same in multiples of the version before; 0: they are not compared. Default 0."`
}

// Percent is the share of keys at each step of a canary. In a file, a number alone is one step.
type Percent []float64

// Canary gives a new version a share of the keys, which grows by steps.
type Canary struct {
	Percent Percent       `yaml:"percent,omitempty" json:"percent,omitempty" jsonschema_description:"The share of keys at each step, in percent, ascending; a key stays with its version through a step. After the last step the version has all. Default [5, 25, 50]."`
	Keys    []string      `yaml:"keys,omitempty" json:"keys,omitempty" jsonschema_description:"These keys alone, in the place of percent, in one step."`
	Hold    unit.Duration `yaml:"hold" json:"hold" jsonschema_description:"How long a step takes. Default 30s."`
}

// Shadow shows a new version the messages, and compares what it makes of them; it has no effect.
type Shadow struct {
	For     unit.Duration `yaml:"for" json:"for" jsonschema_description:"How long the versions are compared. Default 1m."`
	MaxDiff float64       `yaml:"max_diff" json:"max_diff" jsonschema:"minimum=0,maximum=1" jsonschema_description:"Share of compared messages that may be answered differently, 0 to 1. Default 0.001."`
	Then    string        `yaml:"then" json:"then" jsonschema:"enum=promote,enum=drop" jsonschema_description:"What follows. promote: if max_diff holds, the version comes in at once. drop: it does not. Default promote."`
	Buffer  unit.Size     `yaml:"buffer" json:"buffer" jsonschema_description:"Bytes of messages that may wait for the shadow, what is beyond is skipped, and as many of kv that it may write. Default 4MiB."`
}

// State says whether a new version is given what the old one has in its memory.
type State struct {
	Handover  bool          `yaml:"handover" json:"handover" jsonschema_description:"Whether the plugin's memory is saved and loaded into the new version, by its own functions. Default false."`
	MaxSize   unit.Size     `yaml:"max_size" json:"max_size" jsonschema_description:"The largest state of an instance. Default 16MiB."`
	Timeout   unit.Duration `yaml:"timeout" json:"timeout" jsonschema_description:"How long saving and loading may take together; the plugin does nothing else meanwhile. Default 1s."`
	OnFailure string        `yaml:"on_failure" json:"on_failure" jsonschema:"enum=fresh,enum=abort" jsonschema_description:"When the state can't be handed over. fresh: the version starts without it. abort: the swap is rolled back. Default fresh."`
}

// Swap bounds every swap.
type Swap struct {
	Timeout unit.Duration `yaml:"timeout" json:"timeout" jsonschema_description:"How long the start of a version's instances may take, at a swap, at the start and at a restart; and the end of a plugin. Default 30s."`
}

// The values of Strategy.
const (
	Immediate = "immediate"
	Canaries  = "canary"
	Shadows   = "shadow"
)

// The values of [Shadow].Then and [State].OnFailure.
const (
	ThenPromote = "promote"
	ThenDrop    = "drop"
	Fresh       = "fresh"
	Abort       = "abort"
)

// DefaultHealth is how a new version is judged.
func DefaultHealth() Health {
	return Health{Window: 10 * unit.Second, MaxErrorRate: 0.05, MinSamples: 10, MaxIncrease: 0.005}
}

// DefaultCanary has the default steps.
func DefaultCanary() Canary { return Canary{Hold: 30 * unit.Second} }

// DefaultShadow compares for a minute.
func DefaultShadow() Shadow {
	return Shadow{For: unit.Minute, MaxDiff: 0.001, Then: ThenPromote, Buffer: 4 * unit.MiB}
}

// DefaultState hands nothing over.
func DefaultState() State {
	return State{MaxSize: 16 * unit.MiB, Timeout: unit.Second, OnFailure: Fresh}
}

// Notes takes what is wrong with the key of a path.
type Notes func(path, format string, args ...any)

// Validate notes what is wrong.
func (h Health) Validate(note Notes, path string) {
	shorter(note, path+".window", h.Window, 100*unit.Millisecond)
	share(note, path+".max_error_rate", h.MaxErrorRate, "0.05")
	share(note, path+".max_increase", h.MaxIncrease, "0.005")
	if h.MinSamples < 1 || h.MinSamples > 1_000_000 {
		note(path+".min_samples", "%d is out of range; want 1 to 1000000", h.MinSamples)
	}
	if h.MaxLatency < 0 {
		note(path+".max_latency", "%s is below zero; 0s means any", h.MaxLatency)
	}
	for key, times := range map[string]float64{".max_latency_increase": h.MaxLatencyIncrease, ".max_memory_increase": h.MaxMemoryIncrease} {
		if times != 0 && (times < 1 || times > 1000) {
			note(path+key, "%g is out of range; want how many times as much is allowed, 1 to 1000, or 0 for any", times)
		}
	}
}

// Validate notes what is wrong.
func (c Canary) Validate(note Notes, path string) {
	shorter(note, path+".hold", c.Hold, 100*unit.Millisecond)
	if len(c.Percent) > 0 && len(c.Keys) > 0 {
		note(path+".keys", "takes the place of percent; give one of them")
	}
	if len(c.Percent) > 100 {
		note(path+".percent", "%d steps are too many; want at most 100", len(c.Percent))
	}
	for i, p := range c.Percent {
		if p <= 0 || p > 100 || i > 0 && p <= c.Percent[i-1] {
			note(path+".percent", "%g is out of range or not above the step before; want for example [5, 25, 50]", p)
			return
		}
	}
	if slices.Contains(c.Keys, "") || len(c.Keys) > 10_000 {
		note(path+".keys", "has an empty key, or more than 10000")
	}
}

// Validate notes what is wrong.
func (s Shadow) Validate(note Notes, path string) {
	shorter(note, path+".for", s.For, 100*unit.Millisecond)
	share(note, path+".max_diff", s.MaxDiff, "0.001")
	word(note, path+".then", s.Then, ThenPromote, ThenDrop)
	if s.Buffer < 64*unit.KiB {
		note(path+".buffer", "%s is too small; want at least %s", s.Buffer, 64*unit.KiB)
	}
}

// Validate notes what is wrong.
func (s State) Validate(note Notes, path string) {
	shorter(note, path+".timeout", s.Timeout, unit.Millisecond)
	word(note, path+".on_failure", s.OnFailure, Fresh, Abort)
	if s.MaxSize < unit.KiB || s.MaxSize > unit.GiB {
		note(path+".max_size", "%s is out of range; want 1KiB to 1GiB", s.MaxSize)
	}
}

// Validate notes what is wrong.
func (s Swap) Validate(note Notes, path string) {
	shorter(note, path+".timeout", s.Timeout, 100*unit.Millisecond)
}

// Strategy notes what is wrong with one.
func Strategy(note Notes, path, strategy string, known ...string) {
	word(note, path, strategy, known...)
}

func shorter(note Notes, path string, value, least unit.Duration) {
	if value < least {
		note(path, "%s is too short; want at least %s", value, least)
	}
}

func share(note Notes, path string, value float64, example string) {
	if value < 0 || value > 1 {
		note(path, "%g is out of range; want 0 to 1, for example %s", value, example)
	}
}

func word(note Notes, path, value string, known ...string) {
	if !slices.Contains(known, value) {
		note(path, "unknown value %q; %s", value, strings.TrimSpace(words.Hint(value, known)))
	}
}
