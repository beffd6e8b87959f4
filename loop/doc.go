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
// says so is durable itself (D2); the journal keeps the order of writes also over a full store. The lane is claimed
// before its account is read, so nothing of an earlier owner comes after it. Messages that began to wait are moved in
// the arena before anything is offered again: nobody has a view of them then (A1).
//
// # Ownership
//
// The loop goroutine alone touches the ledger, releases references and copies emits into output arenas. It never
// blocks on a plugin, a target or the store: those answer through the inbox, a list that any goroutine may push to.
// The reader, and the parking lot's reader, are the only ones that wait for the arena; each has a share of its own.
// A turn belongs to the loop, is lent to one actor, and comes back by its reply. A record that is out of the parking lot
// has one holder: the loop, until its next decision is durable, or a change from outside, until that is durable. It is
// read again once it is taken, since what a scan saw may be older (D1).
//
// The readers end first, then the loop, then errands that wait on its behalf; then [Loop.Close] gives the arenas back
// what is still lent, but for what a plugin has (A3).
//
// # Failure
//
// A source that fails is read again after a back-off from where it stopped. A store that is full or behind stops
// admission, so that what waits for it is bounded (A2). A store that fails for good ends the loop with that error;
// nothing is acknowledged after it. A parked record that is too large for the arena stays in the lot, and is reported.
//
// # Testing
//
// The account itself is package delivery, which is tested as a pure machine. Here, tests under testing/synctest check
// time, back-pressure and shutdown around it with real actors and a memory store.
package loop
