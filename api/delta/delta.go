package delta

import (
	"strings"
	"time"
)

// Plan is what a config changes of the running wheel.
type Plan struct {
	Hash     string   `json:"hash"`     // of the running config, the new one and the code that goes with it
	Changes  []Change `json:"changes"`  // none: the wheel runs this config already
	Drained  []string `json:"drained"`  // sources whose lanes are drained and opened again
	Warnings []string `json:"warnings"` // what is allowed in the config and probably not meant
}

// Refused reports whether something of it needs a restart of the wheel.
func (p *Plan) Refused() bool {
	for i := range p.Changes {
		if p.Changes[i].Effect == EffectRefused {
			return true
		}
	}
	return false
}

// Outline is what is changed in one line, for the audit log.
func (p *Plan) Outline() string {
	changes := make([]string, len(p.Changes))
	for i := range p.Changes {
		c := &p.Changes[i]
		changes[i] = strings.TrimRight(c.Op+" "+c.Kind+" "+c.Name, " ")
	}
	return strings.Join(changes, ", ")
}

// Change is what a config changes of one box, or of the whole wheel.
type Change struct {
	Op     string  `json:"op"`   // add, change or remove
	Kind   string  `json:"kind"` // source, plugin, session, sink or wheel
	Name   string  `json:"name"` // empty for wheel
	Fields []Field `json:"fields"`
	Effect string  `json:"effect"`
	Does   string  `json:"does"` // the effect in words
}

// The kinds of a change.
const (
	OpAdd    = "add"
	OpChange = "change"
	OpRemove = "remove"
)

// The effects of a change, on what runs.
const (
	EffectStart   = "start"   // it is opened
	EffectStop    = "stop"    // it is closed
	EffectSwap    = "swap"    // between two turns, with a health window
	EffectRewire  = "rewire"  // it goes on; the lanes that reach it are drained and opened again
	EffectAdjust  = "adjust"  // it goes on; its next version comes in and is judged otherwise, or other tokens are taken
	EffectReplace = "replace" // while its lanes are drained it is closed and opened again
	EffectNone    = "none"    // nothing
	EffectRefused = "refused" // it needs a restart of the wheel
)

// Field is one key that changes, as anybody may see it. Path is below the box.
type Field struct {
	Path string `json:"path"`
	Old  string `json:"old"` // empty when it was not there
	New  string `json:"new"`
}

// Stats tell of changes of the config while the wheel runs.
type Stats struct {
	Hash     string            `json:"hash"`            // of what runs
	Outcomes map[string]uint64 `json:"outcomes"`        // applies by outcome
	Last     time.Time         `json:"last,omitzero"`   // when the last one ended; zero for none
	Error    string            `json:"error,omitempty"` // why the last one was not applied
}
