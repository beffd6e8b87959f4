// Package loop runs one lane: a reader goroutine that fills the arena, and a loop goroutine that owns the lane's
// account and moves every message from the ring to its plugins, its effects to their targets, and the watermark
// forward.
//
//	reader ──frames──▶ ring ──▶ loop ──turns──▶ actors
//	                             ▲  │
//	            replies, effects │  ├──effects──▶ sessions, sinks
//	            done, writes     │  ├──writes───▶ store (journal)
//	            durable, room ───┘  └──due?─────▶ parking lot's reader ──records──▶ loop
//
// # Usage
//
// [Start] begins at a position; [Loop.Close] drains. [Loop.Stats] may be read from anywhere.
//
// # Ordering
//
// Frames are admitted in the order of the lane. What is durable is told to the source only after the checkpoint that
// says so is durable itself (D2); the journal keeps the order of writes also over a full store.
//
// # Ownership
//
// The loop goroutine alone touches the ledger, releases references and copies emits into output arenas. It never
// blocks on a plugin, a target or the store: those answer through the inbox, a list that any goroutine may push to.
// The reader, and the parking lot's reader, are the only ones that wait for the arena; each has a share of its own.
// A turn belongs to the loop, is lent to one actor, and comes back by its reply.
//
// # Failure
//
// A source that fails is read again after a back-off from where it stopped. A store that fails for good ends the loop
// with that error; nothing is acknowledged after it.
//
// # Testing
//
// The account itself is package delivery, which is tested as a pure machine. Here, tests under testing/synctest check
// time, back-pressure and shutdown around it with real actors and a memory store.
package loop
