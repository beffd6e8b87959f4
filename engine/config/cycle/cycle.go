package cycle

import "slices"

// Loop is one circle.
type Loop struct {
	From  string   // who closes it
	Index int      // of what it reads there
	Names []string // all of it, in the direction of the messages; the first is the last
}

// Find gives each circle among all once. from is what one reads; names that are not in all are skipped.
func Find(all []string, from func(name string) []string) (loops []Loop) {
	const visiting, done = 1, 2
	state := map[string]int{}
	var way []string
	var visit func(n string)
	visit = func(n string) {
		state[n] = visiting
		way = append(way, n)
		for i, f := range from(n) {
			switch {
			case !slices.Contains(all, f):
			case state[f] == visiting:
				names := append(slices.Clone(way[slices.Index(way, f):]), f)
				slices.Reverse(names) // way goes against the messages
				loops = append(loops, Loop{From: n, Index: i, Names: names})
			case state[f] == 0:
				visit(f)
			}
		}
		way = way[:len(way)-1]
		state[n] = done
	}
	for _, n := range all {
		if state[n] == 0 {
			visit(n)
		}
	}
	return loops
}
