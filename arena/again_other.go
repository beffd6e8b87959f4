//go:build !amd64

package arena

import "sync/atomic"

// again reports whether the generation is still lent, after everything that was read before. A load alone may be
// made before earlier ones on other processors; adding nothing is a barrier.
func again(state *atomic.Uint64, generation uint32) bool {
	g, refs := unpack(state.Add(0))
	return g == generation && refs > 0
}
