// Package delivery keeps the account of one lane: who is offered which message, what was decided, what waits, what has
// to be durable, and how far the source may be acknowledged. It is a pure state machine: it reads no clock, starts no
// goroutine and does no I/O; package loop drives it and carries out what it asks for.
//
//	Admit ──▶ pending ──Next──▶ with an actor ──Decide──┬─ ack ───▶ effects, children ──▶ durable ─┐
//	             ▲  ▲                                   ├─ retry ─▶ timer (short) or lot           │
//	             │  └───────── Tick (due) ◀── timer ◀───┤                                          ▼
//	             │                                      ├─ defer ─▶ timer (short) or lot        settled
//	          Arrive                                    ├─ hold ──▶ lot                            │
//	             │                                      └─ dead ──▶ Write ──Written────────────────┤
//	     parking lot (store) ◀──Written── Write ◀─────────────────────────────────────────────────┤
//	                                                                                               ▼
//	                                                                              Watermark moves over it
//
// # Usage
//
// [New] begins from what is durable. The loop calls Admit, Next, Decide, Tick, Complete, Arrive and Written as these
// things happen, and after each round takes Moves, Outbox, NextChild, Releases, Writes, Fetches and Watermark.
//
// # Invariants
//
//   - D1 settle once: a delivery is open until exactly one of ack, park, dead or drop ([Ledger] settle); what came out of
//     the lot is a new delivery under the same id, and leaves the lot only with its next decision (remove, parked).
//   - D2 durable before ack: advance moves the watermark over messages whose deliveries, effects, children and records
//     are all settled, and those settle only in Complete and Written, which the loop calls once something is durable.
//   - D3 key order: a waiting delivery blocks its key (block); what follows is put behind it in memory, or in the lot
//     once the head is there (hold, parkBehind); within a turn Item.After holds it, over turns the one turn per instance.
//   - E1 effects only with Ack: only ack turns emits into effects (emit); any other decision counts them as discarded.
//     A change of a plugin's state settles its delivery in one append (commit); what it emitted, and what was acked behind
//     it, goes on only then (held, committed).
//   - E2 each effect completes by itself: a refused effect is a dead letter of its own (Complete), replayed alone.
//   - S2 no duplicate: what is known to be durable is neither offered nor sent again (isKnown).
//
// # Marks
//
// A mark is a key in the store that says that an effect or delivery happened. Those of the lane's own messages are kept
// from the watermark on: the checkpoint that moves it removes them. A message that was parked outlives that, so the
// effects of whatever came out of the lot are marked among the lot's, by position, until the last record of that
// position is gone. A delivery that is parked takes its lane's marks along (Write.Marks), and one that leaves the lot
// before the watermark passed it leaves a mark among the lane's (Write.Settle).
//
// # After a restart
//
// Messages from the watermark on come again. A head that stands in the lot may then come back before messages that are
// in front of it in its key's line: it stays in the lot until the lane has caught up with it (expect, Again), so that
// heads that wait hold no memory; one that is behind another when it comes is put behind it there (displace).
//
// # Ordering
//
// Each write is durable BEFORE Written is called, and writes become durable in the order in which they were given out;
// so does a checkpoint between them ([Ledger.Checkpointing]).
//
// # Ownership
//
// One goroutine uses a ledger. References are lent to it by Admit, Adopt and Arrive, and given back by Releases. Records
// and effects are owned.
//
// # Failure
//
// There are no errors: a call that the account does not allow is a bug and panics at an index.
//
// # Testing
//
// A seeded model crashes lanes at random steps and checks all of the above; a failure prints its seed. Policies, timers
// and tables have tests of their own.
package delivery
