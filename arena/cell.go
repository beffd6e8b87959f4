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
	s, b, l := &c.slots[i], c.block, c.lane
	size := need(&s.loan)
	if c.state.Load()>>(2*i)&kept == moved || b.span.n <= pages(int64(size)) {
		return nil
	}
	a.mutex.Lock()
	to, ok := a.cell(size)
	a.mutex.Unlock()
	if !ok {
		return a.fail("move", ref, ErrFull, "no common memory is free")
	}
	a.carry(s, to)
	rest := c.state.Add(one(i) * (moved - lent))
	a.left(c, b, l, rest-one(i)*(moved-lent), rest)
	return nil
}

// need is the bytes that the message needs elsewhere.
func need(m *pelton.Loan) int {
	if inside(m) >= 0 {
		return len(m.Payload)
	}
	return len(m.Payload) + len(m.Key)
}

// inside is where in the payload the key lies, -1 when it needs bytes of its own. No key needs none.
func inside(m *pelton.Loan) int {
	at := address(m.Key) - address(m.Payload)
	switch {
	case len(m.Key) == 0:
		return 0
	case at < uintptr(len(m.Payload)) && at+uintptr(len(m.Key)) <= uintptr(len(m.Payload)):
		return int(at)
	}
	return -1
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

// bytes is the memory of a cell.
func (a *Arena) bytes(c cell) []byte {
	from, n := c.span.from*page, c.span.n*page
	if c.mask != 0 {
		from, n = from+bits.TrailingZeros64(c.mask)*granule, bits.OnesCount64(c.mask)*granule
	}
	return a.memory.bytes[from : from+n]
}

// carry copies the bytes and points the slot at them.
func (a *Arena) carry(s *slot, to cell) {
	m, room := &s.loan, a.bytes(to)
	n, key := copy(room, m.Payload), inside(m)
	if key < 0 {
		key = n
		copy(room[key:], m.Key)
	}
	if invariants.Enabled {
		fill(m.Payload)
		fill(m.Key)
	}
	m.Payload = room[:n:n]
	if m.Key != nil {
		end := key + len(m.Key)
		m.Key = room[key:end:end]
	}
	s.cell = to
}

// vacate gives a moved message's cell back.
func (a *Arena) vacate(was cell) {
	if invariants.Enabled {
		fill(a.bytes(was))
	}
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
