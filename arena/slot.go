package arena

import (
	"math"
	"math/bits"
	"sync/atomic"

	"github.com/peltonhq/pelton"
)

const (
	chunkSlots = 16 // what a writer takes at once
	slabSlots  = 256
	slabChunks = slabSlots / chunkSlots

	perSlot    = 64   // bytes of memory for which there is one slot
	leastSlots = 4096 // of the smallest arena
	laneChunks = 4    // of each lane's share
)

// slot is one message. Between two lends only the lane that has its chunk writes it; while it is lent nobody does,
// but for Move.
type slot struct {
	loan  pelton.Loan // what views show; its Fields keep their capacity
	cell  cell        // where Move put the bytes, of a slot that was moved
	trace trace
}

// chunk is a few slots that a writer fills one after the other, for one block.
//
// state is one word so that it changes as a whole: a generation, which is that of all its slots, and for each slot two bits
// that say how it stands. The writer opens the chunk with all slots lent: nobody has the reference of one before Commit
// returns it, and who hands it on to another goroutine hands on what was written before. So a commit changes nothing that
// others look at, and the release of any number of slots is one change of the word. When no slot lies in the block any more
// the chunk lets it go, which happens once because only the opening sets these; when none is moved either the chunk is free.
type chunk struct {
	state atomic.Uint64
	block *Block
	lane  *Lane
	next  *chunk   // in whichever list it is
	base  uint32   // index of its first slot
	_     [20]byte // the slots begin with a cache line of their own

	slots [chunkSlots]slot
}

// How a slot stands. The lower bit is what keeps the block.
const (
	lent  = 1 // in the block
	moved = 2 // lent, out of the block
	kept  = 3 // in the block, and nobody may look: while it is released, or not committed, in builds that check invariants
)

const (
	members = 1<<(2*chunkSlots) - 1 // of a state, all slots: what keeps the chunk
	holds   = members / 3           // of them, the lower bits: what keeps the block
)

// one is the lowest bit of slot i in a state.
func one(i int) uint64 { return 1 << (2 * i) }

// generation is the part of a state that is no slot's.
func generation(state uint64) uint32 { return uint32(state >> 32) }

// out reports whether slot i is lent, in the block or moved.
func out(state uint64, i int) bool { return (state>>(2*i)+1)&2 != 0 }

type slab struct{ chunks [slabChunks]chunk }

// table finds a slot by its index. Slabs are only ever added.
type table struct {
	slabs  []atomic.Pointer[slab]
	made   int // slabs; guarded by the arena's mutex
	free   *chunk
	loose  int                   // chunks in free; guarded by the arena's mutex
	wasted int                   // chunks that are spent; guarded by the arena's mutex
	back   atomic.Pointer[chunk] // returned by releasers; taken whole, so there is no ABA
	short  atomic.Bool           // somebody waits for a chunk
}

// slotLimit is how many slots an arena of so many bytes has at most.
func slotLimit(size int64) int {
	n := min(max(size/perSlot, leastSlots), maxSlots)
	return int(n / slabSlots * slabSlots)
}

// at is where the slot lies: its chunk, nil when there is none, and its place in it.
func (t *table) at(index uint32) (c *chunk, i int) {
	n := index & (maxSlots - 1)
	if n/slabSlots >= uint32(len(t.slabs)) {
		return nil, 0
	}
	s := t.slabs[n/slabSlots].Load()
	if s == nil {
		return nil, 0
	}
	return &s.chunks[n%slabSlots/chunkSlots], int(n % chunkSlots)
}

// give returns a chunk; any goroutine may.
func (t *table) give(c *chunk) {
	for {
		head := t.back.Load()
		c.next = head
		if t.back.CompareAndSwap(head, c) {
			return
		}
	}
}

// collect moves what releasers returned to the free list. The mutex is held.
func (t *table) collect() {
	for c := t.back.Swap(nil); c != nil; {
		next := c.next
		t.put(c)
		c = next
	}
}

// put returns a chunk to the free list. The mutex is held.
func (t *table) put(c *chunk) {
	if generation(c.state.Load()) == math.MaxUint32 { // none of its slots can be lent again
		t.wasted++
		return
	}
	c.next, t.free = t.free, c
	t.loose++
}

// take gives a chunk, or nil when all are in use. The mutex is held.
func (t *table) take(number, floor uint32) *chunk {
	if t.free == nil {
		t.collect()
	}
	if t.free == nil && t.made < len(t.slabs) {
		t.grow(number, floor)
	}
	c := t.free
	if c != nil {
		t.free, c.next = c.next, nil
		t.loose--
	}
	return c
}

func (t *table) grow(number, floor uint32) {
	s := new(slab)
	for i := range s.chunks {
		c := &s.chunks[slabChunks-1-i]
		c.base = number<<indexBits | uint32(t.made*slabSlots+(slabChunks-1-i)*chunkSlots)
		c.state.Store(uint64(floor) << 32)
		c.next, t.free = t.free, c
		t.loose++
	}
	t.slabs[t.made].Store(s)
	t.made++
}

func (t *table) init(slots int) { t.slabs = make([]atomic.Pointer[slab], slots/slabSlots) }

func (t *table) limit() int { return len(t.slabs)*slabSlots - t.wasted*chunkSlots }

// lent counts the messages that are lent. The mutex is held.
func (t *table) lent() int {
	n := 0
	for i := range t.made {
		s := t.slabs[i].Load()
		for j := range s.chunks {
			state := s.chunks[j].state.Load()
			n += bits.OnesCount64((state ^ state>>1) & holds) // one of the two bits
		}
	}
	return n
}

// clear forgets all slots, and returns the highest generation that was issued. The mutex is held.
func (t *table) clear(floor uint32) uint32 {
	for i := range t.made {
		s := t.slabs[i].Swap(nil)
		for j := range s.chunks {
			floor = max(floor, generation(s.chunks[j].state.Load()))
		}
	}
	t.made, t.free = 0, nil
	return floor
}

// allows reports whether the lane may have one more chunk: one of its share, or one that is in nobody's share. The
// mutex is held.
//
// A releaser returns its chunk and then looks at short; here short is set and then the chunks are counted again. So
// either the count sees the chunk, or the releaser sees that somebody waits.
func (t *table) allows(a *Arena, l *Lane) bool {
	if t.spare(a, l) > 0 {
		return true
	}
	t.short.Store(true)
	t.collect()
	return t.spare(a, l) > 0
}

// spare is how many more chunks the lane may have. The mutex is held.
func (t *table) spare(a *Arena, l *Lane) int {
	n := t.limit() / chunkSlots
	for _, other := range a.lanes {
		held := int(other.chunks.Load())
		if other != l && !other.closed {
			held = max(held, laneChunks)
		}
		n -= held
	}
	return n
}

// pull gives the lane a chunk that allows has promised. There may be none all the same: the one that came back had
// used up its generations. The mutex is held.
func (t *table) pull(a *Arena, l *Lane) *chunk {
	c := t.take(a.number, a.floor)
	if c != nil {
		l.chunks.Add(1)
		c.lane = l
	}
	return c
}
