package archtest

import (
	"slices"
	"strings"
)

// Policy is the whole statement. Every rule has a reason, which is printed with its violation.
type Policy struct {
	Boxes  []string // first path elements of all packages, "." for the root: guards the rules against misspelling
	Layers []Layer
	Never  []Never
	Fences []Fence
	Pure   []Pure
	Names  []string // directory names that no package may have
	Budget Budget
	Allow  map[string]string // what may exceed the budget ("dir", "dir/file.go" or "dir/file.go#Name") → reason
}

// Layer says which packages of this module the packages of Path may import. A package may always import what lies
// below it in the same box only if May says so.
type Layer struct {
	Path string
	May  []string
	Why  string
}

// Never forbids Target to Path, also by way of other packages.
type Never struct {
	Path   []string
	Target string
	Why    string
}

// Fence keeps the packages of a vendor in a few packages of ours.
type Fence struct {
	Vendor  []string // import path prefixes
	In      []string
	Planned bool // go.mod does not have it yet
	Why     string
}

// Pure forbids imports, functions of package time, and go statements.
type Pure struct {
	Path    string
	Imports []string // patterns over import paths, "net/..." as for packages
	Clock   bool     // forbids reading the clock and making timers
	Go      bool     // forbids starting goroutines
	Why     string
}

// Budget bounds sizes; zero means no bound. Test files have a bound for the file only: a table of cases is data.
type Budget struct {
	File, Func, Fields, Package int
}

// Check returns every violation, one per line of text, in the order of paths.
func (p *Policy) Check(t *Tree) []string {
	var found []string
	for _, check := range []func(*Tree) []string{
		p.checkLayers, p.checkNever, p.checkFences, p.checkPure, p.checkDocs, p.checkBudget, p.checkPolicy,
	} {
		found = append(found, check(t)...)
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// match says whether the pattern covers the path.
func match(pattern, path string) bool {
	if base, ok := strings.CutSuffix(pattern, "/..."); ok {
		return path == base || strings.HasPrefix(path, base+"/")
	}
	return pattern == path
}

// covered says whether any of the patterns covers the path.
func covered(patterns []string, path string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return match(pattern, path) })
}

// governs returns the layer that holds for the package: exact before subtree, then longest.
func (p *Policy) governs(path string) (Layer, bool) {
	var best Layer
	found := false
	for _, layer := range p.Layers {
		if match(layer.Path, path) && (!found || weight(layer.Path) > weight(best.Path)) {
			best, found = layer, true
		}
	}
	return best, found
}

// weight orders patterns that cover the same path: an exact one is as long as the path, a subtree at most so.
func weight(pattern string) int {
	if base, ok := strings.CutSuffix(pattern, "/..."); ok {
		return 2 * len(base)
	}
	return 2*len(pattern) + 1
}
