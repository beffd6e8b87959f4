package arena

import (
	"fmt"
	"math"
	"sync/atomic"

	"github.com/peltonhq/pelton"
)

// Block is memory that one writer fills with messages. It belongs to the writer's goroutine until [Lane.Done].
type Block struct {
	lane  *Lane
	span  span
	bytes []byte
	live  atomic.Int64 // chunks that have lent slots in it, and one while the writer has it
	chunk *chunk       // being filled
	next  int          // slot in chunk
	taken int          // chunks so far
	cache *chunk       // chunks for later
	done  bool
}

// Bytes is the block's whole memory. The writer may write only where it has lent nothing yet.
func (b *Block) Bytes() []byte { return b.bytes }

// Frame is one message in a block. Messages of a block must not overlap; a key may lie in its own payload.
type Frame struct {
	Offset, Length       int            // the payload within [Block.Bytes]
	KeyOffset, KeyLength int            // the key within [Block.Bytes]
	HasKey               bool           // tells an empty key from none
	Meta                 pelton.Meta    // copied; its strings and headers are shared
	Fields               []pelton.Field // copied
	Names                []string       // of the fields; shared by all frames of the lane, never changed
}

// open makes c the chunk that the writer fills.
func (b *Block) open(c *chunk) {
	c.block = b
	c.tally.Store(writing)
	b.live.Add(1)
	b.chunk, b.next = c, 0
	b.taken++
}

// Commit lends a frame of b as a message with one reference. Its bytes must not change any more; f itself is copied.
//
// The error is [ErrFull] when the arena has no slot left for it, which only happens while very many very small
// messages are lent: nothing changed, and the writer gives b back and acquires another block, which waits for slots
// as it does for memory. [ErrTooLarge] and [ErrMisuse] are bugs of the caller.
func (l *Lane) Commit(b *Block, f *Frame) (pelton.Ref, error) {
	if b.lane != l || b.done || !within(f.Offset, f.Length, len(b.bytes)) ||
		f.HasKey && !within(f.KeyOffset, f.KeyLength, len(b.bytes)) || int64(f.Length) > l.arena.options.MaxMessage {
		return noRef, l.refuse(b, f)
	}
	c, i := b.chunk, b.next
	for {
		if c == nil || i == chunkSlots {
			if c = l.refill(b); c == nil {
				return noRef, l.arena.fail("commit", noRef, ErrFull, "no slot is free, give the block back and acquire another")
			}
			i = 0
		}
		if c.states[i].Load()>>32 != math.MaxUint32 {
			break
		}
		i++ // its generations are used up: it is never lent again
	}
	b.next = i + 1
	s := &c.slots[i]
	base := int64(b.span.from) * page
	s.offset, s.key = base+int64(f.Offset), noKey
	m := &s.loan
	m.Payload, m.Key = b.bytes[f.Offset:f.Offset+f.Length:f.Offset+f.Length], nil
	if f.HasKey {
		s.key = base + int64(f.KeyOffset)
		m.Key = b.bytes[f.KeyOffset : f.KeyOffset+f.KeyLength : f.KeyOffset+f.KeyLength]
	}
	m.Meta = f.Meta
	m.Fields = append(m.Fields[:0], f.Fields...)
	m.Names = f.Names
	c.tally.Add(oneLent + uint64(f.Length)*oneByte)
	c.sizes[i] = int64(f.Length)
	generation := uint32(c.states[i].Load()>>32) + 1
	c.states[i].Store(pack(generation, 1)) // publishes all of the above
	return pelton.Ref{Index: c.base + uint32(i), Generation: generation}, nil
}

func within(offset, length, size int) bool {
	return offset >= 0 && length >= 0 && offset <= size && length <= size-offset
}

func (l *Lane) refuse(b *Block, f *Frame) error {
	switch {
	case b.lane != l:
		return l.arena.fail("commit", noRef, ErrMisuse, "the block is another lane's, not lane "+l.name+"'s")
	case b.done:
		return l.arena.fail("commit", noRef, ErrMisuse, "the block was given back")
	case within(f.Offset, f.Length, len(b.bytes)) && int64(f.Length) > l.arena.options.MaxMessage:
		return l.arena.fail("commit", noRef, ErrTooLarge, fmt.Sprintf("%d bytes, %d possible", f.Length, l.arena.options.MaxMessage))
	default:
		return l.arena.fail("commit", noRef, ErrMisuse, fmt.Sprintf("the frame is not inside its block of %d bytes", len(b.bytes)))
	}
}

// refill closes the chunk that is full and opens another. The more chunks a block needed already, the more it takes
// at once, so that a block of small messages takes the mutex a few times and not for each chunk.
func (l *Lane) refill(b *Block) *chunk {
	a := l.arena
	if b.chunk != nil {
		full := b.chunk
		b.chunk = nil
		a.leaveChunk(full, writing)
	}
	if b.cache == nil {
		a.mutex.Lock()
		if a.slots.allows(a, l) {
			for range min(b.taken+1, 16, a.slots.spare(a, l)) {
				if c := a.slots.pull(a, l); c != nil {
					c.next, b.cache = b.cache, c
				}
			}
		}
		a.mutex.Unlock()
	}
	c := b.cache
	if c != nil {
		b.cache, c.next = c.next, nil
		b.open(c)
	}
	return c
}

// leaveChunk takes n off the chunk's tally, lets the block go with the last hold on it, and the chunk with its last
// slot. The block is read first: as soon as the tally is 0 somebody else may have the chunk.
func (a *Arena) leaveChunk(c *chunk, n uint64) {
	b, l := c.block, c.lane
	rest := c.tally.Add(-n)
	if rest&members == 0 {
		a.slots.give(c) // before it is counted as free: who sees the count finds the chunk
		l.chunks.Add(-1)
	}
	if rest&holds == 0 && n&holds != 0 {
		a.leaveBlock(b)
	}
	if rest&members == 0 && a.slots.short.Load() {
		a.freed(nil)
	}
}

func (a *Arena) leaveBlock(b *Block) {
	if b.live.Add(-1) == 0 {
		a.freed(func() {
			a.untake(b.span)
			a.blocks--
		})
	}
}

// Done ends the writer's use of the block; its memory is free with its last message. Calling it again is nothing.
func (l *Lane) Done(b *Block) {
	if b.done {
		return
	}
	b.done = true
	a := l.arena
	if c := b.chunk; c != nil {
		b.chunk = nil
		a.leaveChunk(c, writing)
	}
	for b.cache != nil {
		c := b.cache
		b.cache = c.next
		a.slots.give(c)
		l.chunks.Add(-1)
	}
	a.leaveBlock(b)
	if a.slots.short.Load() {
		a.freed(nil)
	}
}
