package archtest

import (
	"fmt"
	"slices"
	"strings"
)

// checkPolicy reports rules that can't fail: they look like a promise and hold nothing.
func (p *Policy) checkPolicy(t *Tree) []string {
	found := p.deadLayers(t)
	found = append(found, p.deadFences(t)...)
	for _, rule := range p.Pure {
		found = append(found, p.named("pure", rule.Path, rule.Why, rule.Path)...)
		if !rule.Clock && !rule.Go && len(rule.Imports) == 0 {
			found = append(found, fmt.Sprintf("policy: the pure rule of %s forbids nothing", rule.Path))
		}
	}
	for _, rule := range p.Never {
		found = append(found, p.named("never", rule.Target, rule.Why, append(slices.Clone(rule.Path), rule.Target)...)...)
	}
	return found
}

// deadLayers: a layer whose directory exists governs at least one package of it, and no path has two.
func (p *Policy) deadLayers(t *Tree) []string {
	var found []string
	governed, seen := map[string]bool{}, map[string]bool{}
	for pkg := range t.production {
		layer, _ := p.governs(pkg.Path)
		governed[layer.Path] = true
	}
	for _, layer := range p.Layers {
		found = append(found, p.named("layer", layer.Path, layer.Why, append(slices.Clone(layer.May), layer.Path)...)...)
		if seen[layer.Path] {
			found = append(found, fmt.Sprintf("policy: layer %s: is there twice", layer.Path))
		}
		seen[layer.Path] = true
		if !governed[layer.Path] && p.exists(t, layer.Path) {
			found = append(found, fmt.Sprintf("policy: layer %s: governs nothing, other rules cover all its packages", layer.Path))
		}
	}
	return found
}

// exists says whether there is a package for the pattern. Beside a rule for "x" one for "x/..." is for what lies below
// x and has no rule of its own: it may still wait for its first package.
func (p *Policy) exists(t *Tree, pattern string) bool {
	base, subtree := strings.CutSuffix(pattern, "/...")
	if subtree && slices.ContainsFunc(p.Layers, func(l Layer) bool { return l.Path == base }) {
		return false
	}
	for pkg := range t.production {
		if match(pattern, pkg.Path) {
			return true
		}
	}
	return false
}

// deadFences: a fenced vendor is one that go.mod requires, or is marked as planned and is not there yet.
func (p *Policy) deadFences(t *Tree) []string {
	var found []string
	for _, fence := range p.Fences {
		found = append(found, p.named("fence", strings.Join(fence.Vendor, " "), fence.Why, fence.In...)...)
		for _, vendor := range fence.Vendor {
			required := slices.ContainsFunc(t.Requires, func(module string) bool {
				return match(vendor+"/...", module) || match(module+"/...", vendor)
			})
			switch {
			case required && fence.Planned:
				found = append(found, fmt.Sprintf("policy: fence %s: go.mod requires it now, it is not planned any more", vendor))
			case !required && !fence.Planned:
				found = append(found, fmt.Sprintf("policy: fence %s: go.mod does not require it: misspelt, or gone", vendor))
			}
		}
	}
	return found
}

// named checks the reason of a rule and that its patterns begin with a box of the layout.
func (p *Policy) named(kind, rule, why string, patterns ...string) []string {
	var found []string
	if why == "" {
		found = append(found, fmt.Sprintf("policy: %s %s: has no reason", kind, rule))
	}
	for _, pattern := range patterns {
		box, _, _ := strings.Cut(pattern, "/")
		if !slices.Contains(p.Boxes, box) {
			found = append(found, fmt.Sprintf("policy: %s %s: %q is no box of the layout", kind, rule, pattern))
		}
	}
	return found
}
