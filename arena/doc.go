// Package arena lends messages out of one bounded piece of memory by generational reference.
//
//	memory (one memfd, mapped shared; Linux)       slots
//	┌──────── common ─────────┬── bays ──┐         ┌───────────────────────────────┐
//	│ block │ free │ cells │ …│ lane 1 │…│ ◀────── │ generation, refs, offset, … │ ◀── Ref
//	└───▲─────────────────────┴──────────┘         └──────────────▲────────────────┘
//	    │ reads into                                              │
//	  writer ── Acquire ▶ Commit ▶ Done                View, Release, Move
//
// # Usage
//
// A writer has a [Lane]. It acquires a [Block], reads bytes into it, commits each message in it as a [Frame], which
// gives a Ref, and is done with the block. Whoever has the Ref may view the message until its Release; the block is free
// when its writer is done and its last message is released.
//
// # Invariants
//
//   - A1 lend: bytes reached through a Ref that Commit gave are that message's bytes or an error. A slot's generation grows with each
//     lend and a slot whose generation would wrap is retired; a Ref carries the arena's number in the upper 8 bits of
//     its index; a number that is used again starts above all generations that it had.
//   - A2 ceiling: blocks and cells never use more than [Options.Size]; full means that Acquire waits. Slots are
//     bounded too: one per 64 bytes of Size, at least 4,096 and at most 2^24 (about 260 bytes of heap each, and its fields, made as
//     they are needed).
//   - A3 no leak: when nothing is lent and no writer has a block, nothing is used. [Arena.Close] checks it.
//
// # Memory
//
// The unit is a page of 4 KiB in a bitmap, and a block is a run of pages, first fit. It is not a buddy allocator: that
// rounds a run up to a power of two, and with Size of four MaxMessage two lanes could not have their shares. Neighbours
// coalesce by being zero bits. A search reads one word per 64 pages, once per block.
//
// Each lane's share is two bays of MaxMessage, fixed runs of pages where only its own blocks go, so that no count
// has to be right about fragments: whatever others do, the bays are whole when the lane's own messages are released.
// Two, because a writer moves an unfinished message from a block that it still has to a larger one. The rest is
// common memory, which is used first. A block from it has 64 KiB to 1 MiB, at most a sixteenth of what is free, unless
// one message needs more; in an arena with a small MaxMessage blocks are a quarter of it, down to a page.
//
// Slots come in chunks of 16 that belong to one block at a time, so that a message costs its block nothing. A chunk has
// one generation and one atomic word for how its slots stand: a writer changes the word once for all 16, and a release of any
// number of its messages once ([Arena.ReleaseRun]). Releasers push free chunks on a list that a writer takes whole.
//
// On Linux the memory is a file, so that package wasm can map it into a guest as well: [Find] tells from the address of a
// message's bytes where in which arena's [Mapping] they lie. What is mapped elsewhere shows the same bytes, poison included.
//
// # Ordering
//
// Lanes that wait for common memory or slots are served first come, first served, without overtaking, so that a large
// request is not starved by small ones. A lane whose own share has room never waits for others.
//
// # Ownership
//
// A Lane and its Blocks belong to one writer goroutine. The bytes of a block belong to the writer until it commits
// them, then to nobody: they don't change until the message is released. A View is borrowed for as long as its user
// knows that it is not released. Releases may come from any goroutine; in a wheel only the loop releases. Move is for the one who
// knows that nobody has a View of the message. The mutex is taken once per block, cell or handful of chunks, never per
// message that stays where it is; nobody holds it while waiting.
//
// # Failure
//
// Every error is an [Error] around a sentinel, and names arena, operation and reference. A reference is zero
// ([ErrZero]), of another arena or never issued ([ErrForeign]), stale ([ErrStale]) or released twice ([ErrReleased]).
// A writer that ends without Done, or a holder without Release, leaks: Close says how much.
//
// # Testing
//
// A seeded random test and a fuzz test compare the arena with a map of copies (repeat with -seed). With the tag
// "invariants" released bytes are overwritten with 0xDB, and a stale use says where the message was released.
package arena
