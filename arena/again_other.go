//go:build !amd64

package arena

import "sync/atomic"

// again reports whether slot i of the generation is still lent, after everything that was read before. A load alone may be
// made before earlier ones on other processors; adding nothing is a barrier.
func again(state *atomic.Uint64, i int, gen uint32) bool {
	s := state.Add(0)
	return generation(s) == gen && out(s, i)
}
