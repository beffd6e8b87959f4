package arena

import (
	"math"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/internal/invariants"
)

// poison is what released bytes are filled with in builds that check invariants.
const poison = 0xDB

// Loan is what views of the message show. The caller must hold a reference and may use it as long as it does: the loan is
// the slot's own, and another message's when the slot is lent again. Nothing is copied and nothing of the slot is read but
// its state. A stale reference is an error (A1).
//
//pelton:lends whoever holds a reference may look until its release
func (a *Arena) Loan(ref pelton.Ref) (*pelton.Loan, error) {
	c, i := a.slots.at(ref.Index)
	if c == nil || ref.Index>>indexBits != a.number || !c.is(i, ref) {
		return nil, a.missing("view", ref, ErrStale)
	}
	return &c.slots[i].loan, nil
}

// View borrows the message for somebody who may have no reference, and makes a copy of the loan for it. Its bytes are the
// message's as long as somebody holds a reference.
//
// A caller without one, whose reference is stale, may race with a release and with the slot's next use; it gets an
// error or a view of that message, never of another (A1):
//
//	viewer                        releaser           writer
//	loads state: generation g
//	                              state = g, 0 refs
//	                                                 writes payload, key, meta …
//	reads some old, some new
//	                                                 state = g+1, 1 ref
//	loads state again: not g → error
//
// Whatever new value the viewer read was written after the release, so its second look sees the release at least.
//
//pelton:lends as Loan
func (a *Arena) View(ref pelton.Ref) (pelton.View, error) {
	slot, err := a.Loan(ref)
	if err != nil {
		return pelton.View{}, err
	}
	loan := *slot
	c, i := a.slots.at(ref.Index)
	if c == nil || !again(&c.states[i], ref.Generation) {
		return pelton.View{}, a.missing("view", ref, ErrStale)
	}
	return loan.View(), nil
}

// is reports whether slot i is lent under this reference.
func (c *chunk) is(i int, ref pelton.Ref) bool {
	generation, refs := unpack(c.states[i].Load())
	return generation == ref.Generation && refs > 0
}

// Retain adds a reference for another holder. The caller must hold one.
func (a *Arena) Retain(ref pelton.Ref) error {
	c, i := a.slots.at(ref.Index)
	if c == nil || ref.Index>>indexBits != a.number {
		return a.missing("retain", ref, ErrStale)
	}
	for {
		state := c.states[i].Load()
		generation, refs := unpack(state)
		if generation != ref.Generation || refs == 0 {
			return a.missing("retain", ref, ErrStale)
		}
		if refs == math.MaxUint32 {
			return a.fail("retain", ref, ErrFull, "too many references")
		}
		if c.states[i].CompareAndSwap(state, pack(generation, refs+1)) {
			return nil
		}
	}
}

// Release gives one reference back; with the last one the message's memory is free again, and the same Ref gives
// [ErrReleased] here and [ErrStale] elsewhere.
func (a *Arena) Release(ref pelton.Ref) error {
	c, i := a.slots.at(ref.Index)
	if c == nil || ref.Index>>indexBits != a.number {
		return a.missing("release", ref, ErrReleased)
	}
	for {
		state := c.states[i].Load()
		generation, refs := unpack(state)
		if generation != ref.Generation || refs == 0 {
			return a.missing("release", ref, ErrReleased)
		}
		if refs == 1 {
			c.slots[i].trace.note()
		}
		if c.states[i].CompareAndSwap(state, pack(generation, refs-1)) {
			if refs == 1 {
				a.reclaim(c, i)
			}
			return nil
		}
	}
}

// reclaim takes the bytes of a slot back whose last reference is gone: nobody else touches it until leaveChunk.
func (a *Arena) reclaim(c *chunk, i int) {
	if invariants.Enabled {
		c.slots[i].poison()
	}
	size, leave := c.sizes[i], uint64(oneLent)
	if size < 0 {
		size, leave = ^size, oneMoved
		a.vacate(&c.slots[i])
	}
	a.leaveChunk(c, leave+uint64(size)*oneByte)
}

func (s *slot) poison() {
	fill(s.loan.Payload)
	if s.key != noKey {
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
	generation, _ := unpack(c.states[i].Load())
	if ref.Generation > generation || ref.Generation <= a.floor {
		return a.fail(op, ref, ErrForeign, "it was never issued")
	}
	return a.fail(op, ref, gone, c.slots[i].trace.where())
}
