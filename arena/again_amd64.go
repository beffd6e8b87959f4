package arena

import "sync/atomic"

// again reports whether slot i of the generation is still lent, after everything that was read before. This processor does not
// reorder loads.
func again(state *atomic.Uint64, i int, gen uint32) bool {
	s := state.Load()
	return generation(s) == gen && out(s, i)
}
