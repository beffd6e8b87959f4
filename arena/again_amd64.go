package arena

import "sync/atomic"

// again reports whether the generation is still lent, after everything that was read before. This processor does not
// reorder loads.
func again(state *atomic.Uint64, generation uint32) bool {
	g, refs := unpack(state.Load())
	return g == generation && refs > 0
}
