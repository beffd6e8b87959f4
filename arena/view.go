package arena

import (
	"math/bits"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/internal/invariants"
)

// poison is what released bytes are filled with in builds that check invariants.
const poison = 0xDB

// Loan is what views of the message show. The caller may use it until the release, which it must know of: the loan is
// the slot's own, and another message's when the slot is lent again. Nothing is copied and nothing of the slot is read but
// its state. A stale reference is an error (A1).
//
//pelton:lends whoever has the reference may look until its release
func (a *Arena) Loan(ref pelton.Ref) (*pelton.Loan, error) {
	c, i := a.slots.at(ref.Index)
	if c == nil || ref.Index>>indexBits != a.number || !c.is(i, ref) {
		return nil, a.missing("view", ref, ErrStale)
	}
	return &c.slots[i].loan, nil
}

// View borrows the message for somebody whose reference may be stale, and makes a copy of the loan for it. Its bytes are the
// message's until its release.
//
// A caller with a stale reference may race with the release and with the slot's next use; it gets an
// error or a view of that message, never of another (A1):
//
//	viewer                        releaser           writer
//	loads state: g, lent
//	                              state = g, free
//	                                                 state = g+1, lent
//	                                                 writes payload, key, meta …
//	reads some old, some new
//	loads state again: not g → error
//
// Whatever new value the viewer read was written after the state, so its second look sees that.
//
//pelton:lends as Loan
func (a *Arena) View(ref pelton.Ref) (pelton.View, error) {
	slot, err := a.Loan(ref)
	if err != nil {
		return pelton.View{}, err
	}
	loan := *slot
	c, i := a.slots.at(ref.Index)
	if c == nil || !again(&c.state, i, ref.Generation) {
		return pelton.View{}, a.missing("view", ref, ErrStale)
	}
	return loan.View(), nil
}

// is reports whether slot i is lent under this reference.
func (c *chunk) is(i int, ref pelton.Ref) bool {
	state := c.state.Load()
	return generation(state) == ref.Generation && out(state, i)
}

// Release gives the message back: its memory is free again, and the same Ref gives [ErrReleased] here and [ErrStale]
// elsewhere.
func (a *Arena) Release(ref pelton.Ref) error {
	c, i := a.slots.at(ref.Index)
	if c == nil || ref.Index>>indexBits != a.number || !a.drop(c, ref.Generation, one(i)) && !a.dropMoved(c, ref.Generation, i) {
		return a.missing("release", ref, ErrReleased)
	}
	return nil
}

// ReleaseRun is [Arena.Release] of as many references at the front of refs as one step can give back, at least one: those
// that were lent one after the other. n says how many these were.
func (a *Arena) ReleaseRun(refs []pelton.Ref) (n int, err error) {
	first := refs[0]
	c, i := a.slots.at(first.Index)
	if c != nil && first.Index>>indexBits == a.number {
		run := one(i)
		for n = 1; n < len(refs) && i+n < chunkSlots && refs[n] == (pelton.Ref{Index: first.Index + uint32(n), Generation: first.Generation}); n++ {
			run |= one(i + n)
		}
		if a.drop(c, first.Generation, run) {
			return n, nil
		}
	}
	return 1, a.Release(first)
}

// drop ends the lending of the slots in run, whose messages lie in the block; false if they are not all lent so.
func (a *Arena) drop(c *chunk, gen uint32, run uint64) bool {
	for {
		state := c.state.Load()
		if generation(state) != gen || state&(run*kept) != run*lent {
			return false
		}
		b, l := c.block, c.lane
		if invariants.Enabled { // poison needs the slots once more, when nobody may look any more
			if c.state.CompareAndSwap(state, state+run*(kept-lent)) {
				c.poison(run)
				rest := c.state.Add(^(run*kept - 1))
				a.left(c, b, l, rest+run*kept, rest)
				return true
			}
			continue
		}
		if c.state.CompareAndSwap(state, state-run*lent) {
			a.left(c, b, l, state, state-run*lent)
			return true
		}
	}
}

// dropMoved is drop for one message that lies in a cell.
func (a *Arena) dropMoved(c *chunk, gen uint32, i int) bool {
	for {
		state := c.state.Load()
		if generation(state) != gen || state>>(2*i)&kept != moved {
			return false
		}
		b, l, s := c.block, c.lane, &c.slots[i]
		was := s.cell
		s.trace.note()
		if c.state.CompareAndSwap(state, state-one(i)*moved) {
			a.vacate(was)
			a.left(c, b, l, state, state-one(i)*moved)
			return true
		}
	}
}

// poison overwrites the slots of a run, and notes who released them.
func (c *chunk) poison(run uint64) {
	for ; run != 0; run &= run - 1 {
		s := &c.slots[bits.TrailingZeros64(run)/2]
		s.trace.note()
		fill(s.loan.Payload)
		fill(s.loan.Key)
	}
}

func fill(bytes []byte) {
	for i := range bytes {
		bytes[i] = poison
	}
}

// missing says why ref names nothing; gone is the word for a message that was here.
func (a *Arena) missing(op string, ref pelton.Ref, gone error) error {
	if !ref.Valid() {
		return a.fail(op, ref, ErrZero, "")
	}
	if ref.Index>>indexBits != a.number {
		return a.fail(op, ref, ErrForeign, "")
	}
	c, i := a.slots.at(ref.Index)
	if c == nil {
		a.mutex.Lock()
		closed := a.closed
		a.mutex.Unlock()
		if closed {
			return a.fail(op, ref, ErrClosed, "")
		}
		return a.fail(op, ref, ErrForeign, "it was never issued")
	}
	state := c.state.Load()
	if at := generation(state); ref.Generation > at || ref.Generation <= a.floor || ref.Generation == at && state>>(2*i)&kept == kept {
		return a.fail(op, ref, ErrForeign, "it was never issued")
	}
	return a.fail(op, ref, gone, c.slots[i].trace.where())
}
