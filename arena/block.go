package arena

import (
	"fmt"
	"sync/atomic"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/internal/invariants"
)

// Block is memory that one writer fills with messages. It belongs to the writer's goroutine until [Lane.Done]; later it is
// another part of the memory, or another lane's.
type Block struct {
	lane  *Lane
	span  span
	bytes []byte
	live  atomic.Int64 // chunks that it has, and one while the writer has it
	chunk *chunk       // being filled
	used  int          // slots of chunk
	taken int          // chunks so far
	cache *chunk       // chunks for later
	done  bool
	idle  *Block // the next one, once nobody has it
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
	c.state.Store(uint64(generation(c.state.Load())+1)<<32 | opened)
	b.live.Add(1)
	b.chunk, b.used = c, 0
	b.taken++
}

// Commit lends a frame of b as a message. Its bytes must not change any more; f itself is copied.
//
// The error is [ErrFull] when the arena has no slot left for it, which only happens while very many very small
// messages are lent: nothing changed, and the writer gives b back and acquires another block, which waits for slots
// as it does for memory. [ErrTooLarge] and [ErrMisuse] are bugs of the caller.
func (l *Lane) Commit(b *Block, f *Frame) (pelton.Ref, error) {
	if b.lane != l || b.done || !within(f.Offset, f.Length, len(b.bytes)) ||
		f.HasKey && !within(f.KeyOffset, f.KeyLength, len(b.bytes)) || int64(f.Length) > l.arena.options.MaxMessage {
		return noRef, l.refuse(b, f)
	}
	c, i := b.chunk, b.used
	if c == nil || i == chunkSlots {
		if c = l.refill(b); c == nil {
			return noRef, l.arena.fail("commit", noRef, ErrFull, "no slot is free, give the block back and acquire another")
		}
		i = 0
	}
	b.used = i + 1
	m := &c.slots[i].loan
	m.Payload, m.Key = b.bytes[f.Offset:f.Offset+f.Length:f.Offset+f.Length], nil
	if f.HasKey {
		m.Key = b.bytes[f.KeyOffset : f.KeyOffset+f.KeyLength : f.KeyOffset+f.KeyLength]
	}
	m.Meta = f.Meta
	m.Fields = append(m.Fields[:0], f.Fields...)
	m.Names = f.Names
	if invariants.Enabled {
		c.state.Add(^((kept-lent)*one(i) - 1))
	}
	return pelton.Ref{Index: c.base + uint32(i), Generation: generation(c.state.Load())}, nil
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

// refill opens another chunk. The more chunks a block needed already, the more it takes
// at once, so that a block of small messages takes the mutex a few times and not for each chunk.
func (l *Lane) refill(b *Block) *chunk {
	a := l.arena
	b.chunk = nil // all its slots are lent, or were
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

// left follows a change of the chunk's state from before to rest: the block goes with the last hold on it, and the chunk
// with its last slot. b and l were read before the change: since then somebody else may have the chunk.
func (a *Arena) left(c *chunk, b *Block, l *Lane, before, rest uint64) {
	if rest&members == 0 {
		a.slots.give(c) // before it is counted as free: who sees the count finds the chunk
		l.chunks.Add(-1)
	}
	if before&holds != 0 && rest&holds == 0 {
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
			b.idle, a.idle = a.idle, b
		})
	}
}

// Done ends the writer's use of the block, whose memory is free with its last message: the block must not be used again.
// Calling it twice in a row is nothing.
func (l *Lane) Done(b *Block) {
	if b.done {
		return
	}
	b.done = true
	a := l.arena
	if c := b.chunk; c != nil && b.used < chunkSlots { // else all its slots are lent, or were
		unused := uint64(opened) &^ (one(b.used) - 1)
		rest := c.state.Add(^(unused - 1))
		a.left(c, b, l, rest+unused, rest)
	}
	b.chunk = nil
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
