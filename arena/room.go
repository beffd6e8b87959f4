package arena

import "github.com/peltonhq/pelton"

var noRef pelton.Ref

const (
	leastBlock = 64 << 10 / page // pages of a block in an arena that is not small
	mostBlock  = 1 << 20 / page  // pages; a message that needs more gets what it needs
	shareOut   = 16              // a block is at most this fraction of the common memory that is free
)

// span is a run of pages.
type span struct{ from, n int }

// least is the pages of the smallest block: small enough that a bay holds several.
func (a *Arena) least() int { return min(max(pages(a.options.MaxMessage)/4, 1), leastBlock) }

// class is how many pages a block for a request of n pages should have: large while there is room, so that a fast
// lane takes the mutex seldom, and small when there is little, so that nobody sits on the rest.
func (a *Arena) class(n int) int {
	size := a.least()
	for size < mostBlock && size*2*shareOut <= a.space.common {
		size *= 2
	}
	return max(size, n)
}

// find is where a block of at least n pages goes. Common memory comes first, so that the bays are whole when it runs
// out; it is not looked at when others wait for it.
func (a *Arena) find(l *Lane, n int, common bool) (span, bool) {
	if !a.slots.allows(a, l) {
		return span{}, false
	}
	if common {
		for size := a.class(n); ; size = max(size/2, n) {
			if from := a.gap(size); from >= 0 {
				return span{from, size}, true
			}
			if size == n {
				break
			}
		}
	}
	for size := max(a.least(), n); ; size = n {
		for _, bay := range l.bays {
			if from := a.space.used.gap(nil, bay.from, bay.from+bay.n, size); from >= 0 {
				return span{from, size}, true
			}
		}
		if size == n {
			return span{}, false
		}
	}
}

// gap is where n pages of common memory are free in a row, or -1.
func (a *Arena) gap(n int) int {
	if n > a.space.common {
		return -1
	}
	return a.space.used.gap(a.space.reserved, 0, a.space.total, n)
}

func (a *Arena) take(s span) {
	a.space.used.set(s.from, s.n, true)
	a.space.common -= s.n - a.space.reserved.count(s.from, s.n)
	a.space.inUse += s.n
	a.space.high = max(a.space.high, a.space.inUse)
}

func (a *Arena) untake(s span) {
	a.space.used.set(s.from, s.n, false)
	a.space.common += s.n - a.space.reserved.count(s.from, s.n)
	a.space.inUse -= s.n
}

// place makes a block for the lane if there is room.
func (a *Arena) place(l *Lane, n int, common bool) *Block {
	s, ok := a.find(l, n, common)
	if !ok {
		return nil
	}
	c := a.slots.pull(a, l)
	if c == nil {
		return nil
	}
	a.take(s)
	a.blocks++
	lo, hi := int64(s.from)*page, int64(s.from+s.n)*page
	b := a.idle
	if b == nil {
		b = new(Block)
	}
	a.idle, b.idle = b.idle, nil
	b.lane, b.span, b.bytes, b.taken, b.done = l, s, a.memory.bytes[lo:hi:hi], 0, false
	b.live.Store(1)
	b.open(c)
	return b
}

// serve hands freed room out: to the lanes in the queue in their order, except that a lane whose bays have room never
// waits for others; then it tells the lanes that tried in vain. The calls it returns are to be made without the mutex.
func (a *Arena) serve() (calls []func()) {
	a.slots.short.Store(false)
	a.slots.collect()
	common, rest := true, a.queue[:0]
	for _, l := range a.queue {
		if b := a.place(l, l.wanted, common); b != nil {
			l.granted = b
			l.signal()
			continue
		}
		common = false
		rest = append(rest, l)
	}
	clear(a.queue[len(rest):])
	a.queue = rest
	for _, l := range a.lanes {
		if l.tried == 0 || l.room == nil {
			continue
		}
		if _, ok := a.find(l, l.tried, common); ok {
			l.tried = 0
			calls = append(calls, l.room)
		}
	}
	return calls
}

// freed runs change under the mutex, and then lets everybody know.
func (a *Arena) freed(change func()) {
	a.mutex.Lock()
	if change != nil {
		change()
	}
	calls := a.serve()
	a.mutex.Unlock()
	for _, call := range calls {
		call()
	}
}
