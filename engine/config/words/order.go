package words

import (
	"maps"
	"slices"
)

// InOrder is the keys of m: first those of names, then the others, sorted.
func InOrder[T any](m map[string]T, names []string) []string {
	all := make([]string, 0, len(m))
	for _, name := range names {
		if _, ok := m[name]; ok {
			all = append(all, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}
