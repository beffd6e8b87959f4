package change

import (
	"slices"
	"strings"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/delta"
	"github.com/peltonhq/pelton/engine/config"
)

// Plan is what a config changes, asked by box.
type Plan struct {
	delta.Plan

	ID string // identity of the new config
}

// Make compares two configs.
func Make(old, next Side) (*Plan, error) {
	changes, err := Between(old, next)
	if err != nil {
		return nil, err
	}
	was, err := old.Identity()
	if err != nil {
		return nil, err
	}
	id, err := next.Identity()
	if err != nil {
		return nil, err
	}
	return &Plan{Plan: delta.Plan{Hash: Hash(was, id), Changes: changes, Drained: []string{}, Warnings: []string{}}, ID: id}, nil
}

// find is the change of a box, "kind/name"; nil for none.
func (p *Plan) find(node string) *delta.Change {
	for i := range p.Changes {
		if c := &p.Changes[i]; c.Kind+"/"+c.Name == node {
			return c
		}
	}
	return nil
}

// Effect is what becomes of a box, "kind/name"; empty: nothing of it changes.
func (p *Plan) Effect(node string) string {
	if c := p.find(node); c != nil {
		return c.Effect
	}
	return ""
}

// Keeps reports whether a box stays open as it is.
func (p *Plan) Keeps(node string) bool {
	return !slices.Contains([]string{delta.EffectStart, delta.EffectStop, delta.EffectReplace}, p.Effect(node))
}

// Starts reports whether an instance of a box is started: with new code or settings, or anew.
func (p *Plan) Starts(node string) bool {
	return slices.Contains([]string{delta.EffectStart, delta.EffectSwap, delta.EffectReplace}, p.Effect(node))
}

// Opens are the boxes of a kind that are opened, with a predecessor or without.
func (p *Plan) Opens(kind string) (names []string) {
	for i := range p.Changes {
		if c := &p.Changes[i]; c.Kind == kind && (c.Effect == delta.EffectStart || c.Effect == delta.EffectReplace) {
			names = append(names, c.Name)
		}
	}
	return names
}

// Graph reports whether anything changes that lanes are run with.
func (p *Plan) Graph() bool {
	return slices.ContainsFunc(p.Changes, func(c delta.Change) bool {
		return c.Kind != "source" && !slices.Contains([]string{delta.EffectSwap, delta.EffectAdjust, delta.EffectNone}, c.Effect)
	})
}

// Escalate replaces a box that was to be swapped.
func (p *Plan) Escalate(node, why string) {
	if c := p.find(node); c != nil {
		c.Effect = delta.EffectReplace
		c.Does = Words(c) + " (" + why + ")"
	}
}

// Refuse refuses a change of a box.
func (p *Plan) Refuse(node, why string) {
	if c := p.find(node); c != nil {
		c.Effect, c.Does = delta.EffectRefused, why
	}
}

// Node is the box of the config, "kind/name", that a plugin or reducer belongs to.
func Node(plugin string) string {
	if session, ok := strings.CutPrefix(plugin, config.ReducerName("")); ok {
		return "session/" + session
	}
	return "plugin/" + plugin
}

// Place is where a plugin or reducer stands in a config.
func Place(c *config.Config, plugin string) config.Place {
	if session, ok := strings.CutPrefix(plugin, config.ReducerName("")); ok {
		return c.At("sessions." + session + ".reduce")
	}
	return c.At("plugins." + plugin)
}

// Refusals name what needs a restart or is refused for another reason, with its place.
func (p *Plan) Refusals(next *config.Config) error {
	var all config.Errors
	for _, c := range p.Changes {
		if c.Effect != delta.EffectRefused {
			continue
		}
		if c.Kind != "wheel" {
			path := c.Kind + "s." + c.Name
			all = append(all, config.Problem{Place: next.At(path), Path: path, Text: c.Does})
			continue
		}
		for _, f := range c.Fields {
			if under(f.Path, live) {
				continue
			}
			all = append(all, config.Problem{Place: next.At(f.Path), Path: f.Path, Text: f.Old + " -> " + f.New + " needs a restart"})
		}
	}
	if len(all) == 0 {
		return nil
	}
	return api.Errorf(api.FailedPrecondition, "%v", all)
}
