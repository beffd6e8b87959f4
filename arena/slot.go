package arena

import (
	"math"
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
	loan   pelton.Loan // what views show; its Fields keep their capacity
	offset int64       // of the payload in the arena's memory
	key    int64       // offset, or noKey
	cell   cell        // where Move put the bytes
	trace  trace
}

const noKey = -1

func pack(generation, refs uint32) uint64       { return uint64(generation)<<32 | uint64(refs) }
func unpack(s uint64) (generation, refs uint32) { return uint32(s >> 32), uint32(s) }

// chunk is a few slots that a writer fills one after the other, for one block.
//
// tally is one word so that it changes as a whole: 7 bits count the lent slots that lie in the block, one bit is set
// while a writer may lend more, 8 bits count the lent slots that were moved out of the block, 48 bits are the lent
// payload bytes. When the first 8 bits come to 0 the chunk lets its block go, which happens once because only the
// writer adds to them; when the next 8 are 0 too the chunk is free.
type chunk struct {
	tally atomic.Uint64
	block *Block
	lane  *Lane
	next  *chunk // in whichever list it is
	base  uint32 // index of its first slot

	// What a look and a release need of a slot lies side by side, so that those of a batch touch few cache lines.
	states [chunkSlots]atomic.Uint64 // generation, then 32 bits of references; no references: released
	sizes  [chunkSlots]int64         // bytes of the payload; their complement once Move took it out of the block

	slots [chunkSlots]slot
}

const (
	oneLent  = 1
	writing  = 1 << 7
	oneMoved = 1 << 8
	oneByte  = 1 << 16
	holds    = oneMoved - 1 // mask of what keeps the block
	members  = oneByte - 1  // mask of what keeps the chunk
)

// spent reports that no slot can be lent again: all generations are used up.
func (c *chunk) spent() bool {
	for i := range c.states {
		if g, _ := unpack(c.states[i].Load()); g != math.MaxUint32 {
			return false
		}
	}
	return true
}

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
	if c.states[0].Load()>>32 == math.MaxUint32 && c.spent() {
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
		for j := range c.states {
			c.states[j].Store(pack(floor, 0))
		}
		c.next, t.free = t.free, c
		t.loose++
	}
	t.slabs[t.made].Store(s)
	t.made++
}

func (t *table) init(slots int) { t.slabs = make([]atomic.Pointer[slab], slots/slabSlots) }

func (t *table) limit() int { return len(t.slabs)*slabSlots - t.wasted*chunkSlots }

// lent counts the messages that are lent, and their bytes. The mutex is held.
func (t *table) lent() (slots int, bytes int64) {
	for i := range t.made {
		s := t.slabs[i].Load()
		for j := range s.chunks {
			n := s.chunks[j].tally.Load()
			slots += int(n&holds&^writing) + int(n/oneMoved%oneMoved)
			bytes += int64(n / oneByte)
		}
	}
	return slots, bytes
}

// clear forgets all slots, and returns the highest generation that was issued. The mutex is held.
func (t *table) clear(floor uint32) uint32 {
	for i := range t.made {
		s := t.slabs[i].Swap(nil)
		for j := range slabSlots {
			g, _ := unpack(s.chunks[j/chunkSlots].states[j%chunkSlots].Load())
			floor = max(floor, g)
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
