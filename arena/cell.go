package arena

import (
	"math/bits"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/internal/invariants"
)

const (
	granule = page / 64 // bytes; a page of cells is one word of them
	lookAt  = 32        // pages of cells that are searched before another one is taken
)

// cell is where a moved message lies: a few granules of a page that it shares, or whole pages.
type cell struct {
	span span
	mask uint64 // of granules; 0 for whole pages
}

func (c cell) used() bool { return c.span.n > 0 }

// cells are the pages that moved messages share; the arena's mutex is held.
type cells struct {
	masks map[int]uint64 // granules in use by page
	some  []int          // pages that may have room, newest last
	count int
}

func (c *cells) init() { c.masks = map[int]uint64{} }

// fit finds n free granules in a row in a page that is in use.
func (c *cells) fit(n int) (cell, bool) {
	for i := len(c.some) - 1; i >= max(0, len(c.some)-lookAt); i-- {
		at := c.some[i]
		if mask, ok := run(c.masks[at], n); ok {
			return cell{span: span{at, 1}, mask: mask}, true
		}
	}
	return cell{}, false
}

// run is the first n zero bits in a row.
func run(used uint64, n int) (mask uint64, ok bool) {
	starts := ^used // bits where a run of the length so far starts
	for have := 1; have < n; {
		step := min(have, n-have)
		starts &= starts >> step
		have += step
	}
	if starts == 0 {
		return 0, false
	}
	return ^uint64(0) >> (64 - n) << bits.TrailingZeros64(starts), true
}

// Move moves a message that waits to a cell of its own size, charged to the same ceiling, so that it does not keep
// its whole block from its lane. The Ref stays valid, a second Move changes nothing. The error is [ErrFull] when the
// memory beyond the lanes' shares has no room for it; then nothing changed, and the caller leaves it or parks it.
//
// The caller must know that nobody has a View of the message, nor gets one meanwhile.
func (a *Arena) Move(ref pelton.Ref) error {
	c, i := a.slots.at(ref.Index)
	if c == nil || ref.Index>>indexBits != a.number || !c.is(i, ref) {
		return a.missing("move", ref, ErrStale)
	}
	s := &c.slots[i]
	if s.cell.used() || c.block.span.n <= pages(int64(s.size())) {
		return nil
	}
	a.mutex.Lock()
	to, ok := a.cell(s.size())
	a.mutex.Unlock()
	if !ok {
		return a.fail("move", ref, ErrFull, "no common memory is free")
	}
	a.carry(s, to)
	c.sizes[i] = ^c.sizes[i]
	less := uint64(oneLent)
	a.leaveChunk(c, less-oneMoved) // one lent less, one moved more
	return nil
}

// size is the bytes that the message needs elsewhere.
func (s *slot) size() int {
	if s.inside() {
		return len(s.loan.Payload)
	}
	return len(s.loan.Payload) + len(s.loan.Key)
}

// inside reports whether the key needs no bytes of its own.
func (s *slot) inside() bool {
	return s.key == noKey || s.key >= s.offset && s.key+int64(len(s.loan.Key)) <= s.offset+int64(len(s.loan.Payload))
}

// cell takes room for n bytes. The mutex is held.
func (a *Arena) cell(n int) (cell, bool) {
	c := &a.cells
	granules := max(1, (n+granule-1)/granule)
	if granules > 64 {
		s := span{n: pages(int64(n))}
		if s.from = a.gap(s.n); s.from < 0 {
			return cell{}, false
		}
		a.take(s)
		c.count++
		return cell{span: s}, true
	}
	got, ok := c.fit(granules)
	if !ok {
		s := span{a.gap(1), 1}
		if s.from < 0 {
			return cell{}, false
		}
		a.take(s)
		c.some = append(c.some, s.from)
		got = cell{span: s, mask: ^uint64(0) >> (64 - granules)}
	}
	c.masks[got.span.from] |= got.mask
	c.count++
	return got, true
}

// carry copies the bytes and points the slot at them.
func (a *Arena) carry(s *slot, to cell) {
	memory, inside := a.memory.bytes, s.inside()
	at := int64(to.span.from) * page
	if to.mask != 0 {
		at += int64(bits.TrailingZeros64(to.mask)) * granule
	}
	m, key := &s.loan, s.key
	copy(memory[at:], m.Payload)
	switch {
	case key == noKey:
	case inside:
		key += at - s.offset
	default:
		key = at + int64(len(m.Payload))
		copy(memory[key:], m.Key)
	}
	if invariants.Enabled {
		s.poison()
	}
	s.offset, s.key, s.cell = at, key, to
	end := at + int64(len(m.Payload))
	m.Payload = memory[at:end:end]
	if key != noKey {
		end = key + int64(len(m.Key))
		m.Key = memory[key:end:end]
	}
}

// vacate gives a moved message's cell back.
func (a *Arena) vacate(s *slot) {
	was := s.cell
	s.cell = cell{}
	a.freed(func() {
		a.cells.count--
		if was.mask == 0 {
			a.untake(was.span)
			return
		}
		a.cells.clear(a, was)
	})
}

func (c *cells) clear(a *Arena, was cell) {
	at := was.span.from
	left := c.masks[at] &^ was.mask
	if left != 0 {
		c.masks[at] = left
		return
	}
	delete(c.masks, at)
	for i, other := range c.some {
		if other == at {
			c.some = append(c.some[:i], c.some[i+1:]...)
			break
		}
	}
	a.untake(was.span)
}
