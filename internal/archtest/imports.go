package archtest

import (
	"fmt"
	"slices"
	"strings"
)

// production yields every file that an import rule holds for: no tests (they may wire what the code may not), no
// nested modules (they have a go.mod of their own to say what they need).
func (t *Tree) production(yield func(*Package, *File) bool) {
	for _, pkg := range t.Packages {
		if pkg.Nested {
			continue
		}
		for _, file := range pkg.Files {
			if !file.Test && !yield(pkg, file) {
				return
			}
		}
	}
}

func (p *Policy) checkLayers(t *Tree) []string {
	var found []string
	for pkg, file := range t.production {
		layer, ok := p.governs(pkg.Path)
		if !ok {
			found = append(found, fmt.Sprintf("%s: package %s has no import rule: give it one in arch_test.go", file.Path, pkg.Path))
			continue
		}
		for _, imp := range file.Imports {
			if target, ours := t.ours(imp.Path); ours && target != pkg.Path && !covered(layer.May, target) {
				found = append(found, fmt.Sprintf("%s:%d: %s may not import %s: %s", file.Path, imp.Line, pkg.Path, target, layer.Why))
			}
		}
	}
	return found
}

// checkNever walks the import graph, so that a forbidden package can't come in by way of another.
func (p *Policy) checkNever(t *Tree) []string {
	graph := map[string][]string{}
	for pkg, file := range t.production {
		for _, imp := range file.Imports {
			if target, ours := t.ours(imp.Path); ours {
				graph[pkg.Path] = append(graph[pkg.Path], target)
			}
		}
	}
	var found []string
	for _, rule := range p.Never {
		for _, pkg := range t.Packages {
			if pkg.Nested || !covered(rule.Path, pkg.Path) {
				continue
			}
			if way := route(graph, pkg.Path, rule.Target); way != nil {
				found = append(found, fmt.Sprintf("%s: reaches %s (%s): %s", pkg.Path, rule.Target, strings.Join(way, " → "), rule.Why))
			}
		}
	}
	return found
}

// route is a shortest way from one package to the packages of a pattern, nil when there is none.
func route(graph map[string][]string, from, target string) []string {
	ways := [][]string{{from}}
	seen := map[string]bool{from: true}
	for len(ways) > 0 {
		way := ways[0]
		ways = ways[1:]
		for _, next := range graph[way[len(way)-1]] {
			if seen[next] {
				continue
			}
			seen[next] = true
			longer := append(slices.Clone(way), next)
			if match(target, next) {
				return longer
			}
			ways = append(ways, longer)
		}
	}
	return nil
}

func (p *Policy) checkFences(t *Tree) []string {
	var found []string
	for pkg, file := range t.production {
		for _, imp := range file.Imports {
			for _, fence := range p.Fences {
				if fence.holds(imp.Path) && !covered(fence.In, pkg.Path) {
					found = append(found, fmt.Sprintf("%s:%d: %s may not import %s, only %s may: %s",
						file.Path, imp.Line, pkg.Path, imp.Path, strings.Join(fence.In, ", "), fence.Why))
				}
			}
		}
	}
	return found
}

// holds says whether the import path is the vendor's.
func (f *Fence) holds(imported string) bool {
	return slices.ContainsFunc(f.Vendor, func(vendor string) bool { return match(vendor+"/...", imported) })
}
