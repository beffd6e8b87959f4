package arena

import (
	"math"
	"sync"
)

const (
	indexBits = 24             // of a reference's index; the 8 above are the arena's number
	maxSlots  = 1 << indexBits // of one arena
	maxArenas = 1 << (32 - indexBits)
)

// numbers gives each open arena a number of its own. A number that comes back is given out last, and the arena that
// gets it starts its generations above all that were issued under the number: a reference never means two messages,
// not even in two arenas (A1).
var numbers registry

type registry struct {
	mutex sync.Mutex
	next  uint32
	taken [maxArenas]bool
	floor [maxArenas]uint32 // highest generation issued under the number
}

func (r *registry) take() (number, floor uint32, ok bool) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for range maxArenas {
		n := r.next
		r.next = (r.next + 1) % maxArenas
		if !r.taken[n] && r.floor[n] < math.MaxUint32 {
			r.taken[n] = true
			return n, r.floor[n], true
		}
	}
	return 0, 0, false
}

func (r *registry) give(number, highest uint32) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.taken[number] = false
	r.floor[number] = max(r.floor[number], highest)
}
