package arena

import (
	"math"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/internal/invariants"
)

// poison is what released bytes are filled with in builds that check invariants.
const poison = 0xDB

// View borrows the message. It is valid as long as the caller holds a reference.
//
// A caller without one, whose reference is stale, may race with a release and with the slot's next use; it gets an
// error or a view of that message, never of another (A1):
//
//	viewer                        releaser           writer
//	loads state: generation g
//	                              state = g, 0 refs
//	                                                 writes offset, length, meta …
//	reads some old, some new
//	                                                 state = g+1, 1 ref
//	loads state again: not g → error
//
// Whatever new value the viewer read was written after the release, so its second look sees the release at least.
// Offsets are used only after such a look, since an old one with a new length may point anywhere.
func (a *Arena) View(ref pelton.Ref) (v pelton.View, err error) {
	err = a.Borrow(ref, &v)
	return v, err
}

// Borrow is [Arena.View] into a View that the caller has, for example in the batch of a turn: the copying of that
// struct is about half of a look. With an error v is the zero View.
func (a *Arena) Borrow(ref pelton.Ref, v *pelton.View) error {
	_, s := a.slots.at(ref.Index)
	if s == nil || ref.Index>>indexBits != a.number || !s.is(ref) {
		*v = pelton.View{}
		return a.missing("view", ref, s, ErrStale)
	}
	offset, end, key, keyEnd := s.offset, s.offset+int64(s.length), s.key, s.key+int64(s.keyLen)
	if !again(&s.state, ref.Generation) {
		*v = pelton.View{}
		return a.missing("view", ref, s, ErrStale)
	}
	var keyed []byte
	if key != noKey {
		keyed = a.memory.bytes[key:keyEnd:keyEnd]
	}
	v.Borrow(a.memory.bytes[offset:end:end], keyed, &s.meta, s.fields, s.names)
	if !again(&s.state, ref.Generation) {
		*v = pelton.View{}
		return a.missing("view", ref, s, ErrStale)
	}
	return nil
}

// is reports whether the slot is lent under this reference.
func (s *slot) is(ref pelton.Ref) bool {
	generation, refs := unpack(s.state.Load())
	return generation == ref.Generation && refs > 0
}

// Retain adds a reference for another holder. The caller must hold one.
func (a *Arena) Retain(ref pelton.Ref) error {
	_, s := a.slots.at(ref.Index)
	if s == nil || ref.Index>>indexBits != a.number {
		return a.missing("retain", ref, s, ErrStale)
	}
	for {
		state := s.state.Load()
		generation, refs := unpack(state)
		if generation != ref.Generation || refs == 0 {
			return a.missing("retain", ref, s, ErrStale)
		}
		if refs == math.MaxUint32 {
			return a.fail("retain", ref, ErrFull, "too many references")
		}
		if s.state.CompareAndSwap(state, pack(generation, refs+1)) {
			return nil
		}
	}
}

// Release gives one reference back; with the last one the message's memory is free again, and the same Ref gives
// [ErrReleased] here and [ErrStale] elsewhere.
func (a *Arena) Release(ref pelton.Ref) error {
	c, s := a.slots.at(ref.Index)
	if s == nil || ref.Index>>indexBits != a.number {
		return a.missing("release", ref, s, ErrReleased)
	}
	for {
		state := s.state.Load()
		generation, refs := unpack(state)
		if generation != ref.Generation || refs == 0 {
			return a.missing("release", ref, s, ErrReleased)
		}
		if refs == 1 {
			s.trace.note()
		}
		if s.state.CompareAndSwap(state, pack(generation, refs-1)) {
			if refs == 1 {
				a.reclaim(c, s)
			}
			return nil
		}
	}
}

// reclaim takes the bytes of a slot back whose last reference is gone: nobody else touches it until leaveChunk.
func (a *Arena) reclaim(c *chunk, s *slot) {
	if invariants.Enabled {
		a.poison(s)
	}
	leave := uint64(oneLent) + uint64(s.length)*oneByte
	if s.cell.used() {
		leave += oneMoved - oneLent
		a.vacate(s)
	}
	a.leaveChunk(c, leave)
}

func (a *Arena) poison(s *slot) {
	fill(a.memory.bytes[s.offset : s.offset+int64(s.length)])
	if s.key != noKey {
		fill(a.memory.bytes[s.key : s.key+int64(s.keyLen)])
	}
}

func fill(bytes []byte) {
	for i := range bytes {
		bytes[i] = poison
	}
}

// missing says why ref names nothing; gone is the word for a message that was here.
func (a *Arena) missing(op string, ref pelton.Ref, s *slot, gone error) error {
	if !ref.Valid() {
		return a.fail(op, ref, ErrZero, "")
	}
	if ref.Index>>indexBits != a.number {
		return a.fail(op, ref, ErrForeign, "")
	}
	if s == nil {
		a.mutex.Lock()
		closed := a.closed
		a.mutex.Unlock()
		if closed {
			return a.fail(op, ref, ErrClosed, "")
		}
		return a.fail(op, ref, ErrForeign, "it was never issued")
	}
	generation, _ := unpack(s.state.Load())
	if ref.Generation > generation || ref.Generation <= a.floor {
		return a.fail(op, ref, ErrForeign, "it was never issued")
	}
	return a.fail(op, ref, gone, s.trace.where())
}
