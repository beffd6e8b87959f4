package arena

import (
	"fmt"
	"sync"
)

// Arena lends messages out of one bounded piece of memory. All its methods may be called from any goroutine.
type Arena struct {
	options Options
	number  uint32 // high bits of every index
	floor   uint32 // all its generations are above
	memory  memory
	mapping *Mapping // nil where memory is no file
	slots   table

	mutex  sync.Mutex // once per block, never per message; guards what follows
	closed bool
	space  space
	blocks int
	idle   *Block // the accounts of blocks that nobody has, to be used again
	cells  cells
	lanes  []*Lane
	queue  []*Lane // that wait in Acquire, first come first
	waits  uint64
}

// space says what the pages are used for; the arena's mutex is held.
type space struct {
	total    int
	used     bitmap // by blocks and cells
	reserved bitmap // bays: only their lane places blocks there
	common   int    // how many are neither
	inUse    int    // how many are used
	high     int    // the most that were in use
}

// New obtains the memory. An arena is closed with [Arena.Close].
func New(o Options) (*Arena, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	number, floor, ok := numbers.take()
	if !ok {
		return nil, &Error{Op: "new", Arena: o.Name, Err: ErrFull, Detail: fmt.Sprintf("%d arenas are open", maxArenas)}
	}
	total := int(o.Size / page)
	m, err := obtain(o.Name, int64(total)*page)
	if err != nil {
		numbers.give(number, floor)
		return nil, fmt.Errorf("arena %s: obtain memory: %w", o.Name, err)
	}
	a := &Arena{
		options: o, number: number, floor: floor, memory: m,
		space: space{total: total, common: total, used: newBitmap(total), reserved: newBitmap(total)},
	}
	a.mapping = publish(o.Name, &a.memory)
	a.slots.init(slotLimit(o.Size))
	a.cells.init()
	return a, nil
}

// Close gives the memory back. It refuses while a message is lent or a writer has a block (A3): then nothing changes,
// and it may be called again. Afterwards every reference gives [ErrClosed].
func (a *Arena) Close() error {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if a.closed {
		return a.fail("close", noRef, ErrClosed, "")
	}
	if n := a.slots.lent(); n > 0 || a.space.inUse > 0 {
		detail := fmt.Sprintf("%d messages and %d blocks are in use", n, a.blocks)
		return a.fail("close", noRef, ErrLent, detail)
	}
	a.closed = true
	for _, l := range a.lanes {
		l.shut()
	}
	numbers.give(a.number, a.slots.clear(a.floor))
	a.mapping.withdraw()
	if err := a.memory.free(); err != nil {
		return fmt.Errorf("arena %s: give memory back: %w", a.options.Name, err)
	}
	return nil
}

// Stats are an arena's figures at one moment.
type Stats struct {
	Size      int64  // bytes, the ceiling
	BytesUsed int64  // of blocks and cells in use; never above Size (A2)
	Slots     int    // messages lent, and what writers took to lend next: at most 16 a block that is being filled
	SlotLimit int    // messages that can be lent at once
	Blocks    int    // in use, without cells
	Moved     int    // messages that lie in a cell of their own
	HighWater int64  // the highest BytesUsed so far
	Waits     uint64 // how often Acquire had to wait
	Waiting   int    // lanes in Acquire now
	Lanes     int    // open
}

// Stats reads the figures. It visits each slab of slots once, so ask a few times a second, not per message.
func (a *Arena) Stats() Stats {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	s := Stats{
		Size: int64(a.space.total) * page, BytesUsed: int64(a.space.inUse) * page, HighWater: int64(a.space.high) * page,
		Blocks: a.blocks, Moved: a.cells.count, Waits: a.waits, Waiting: len(a.queue), SlotLimit: a.slots.limit(),
	}
	s.Slots = a.slots.lent()
	for _, l := range a.lanes {
		if !l.closed {
			s.Lanes++
		}
	}
	return s
}
