// Package pelton is the vocabulary of Pelton, a runtime that turns streams of messages into live, resumable
// sessions through plugins that can be swapped while messages flow. Every other package speaks these words; this
// one imports none of them.
//
//	           ┌ reader ┐          ┌──────────── loop: one goroutine per lane ────────────┐
//	source ──▶ decode ──Ref──▶ ring ──▶ dispatch ──Ref──▶ mailbox ──▶ actor ▶ plugin (wasm | native)
//	  ▲           │ owns             │     ▲                            │
//	  │         arena ◀── release ───┘     └───── verdicts + outbox ◀───┤
//	  │     (lends by Ref)          ack │ retry │ defer │ dead │ hold   │
//	  └── upstream ack ◀── watermark ◀── durable ◀── effects ◀──────────┘
//	                                        │
//	                     store ◀────────────┼──▶ session workers ──▶ snapshots
//	                                        └──▶ sinks
//	═════════════ below this line nothing aliases a buffer: owned data only ═════════════
//	                     api: gRPC · Connect · GraphQL · SSE · console · CLI
//
// # Ownership
//
// Borrowed data lives inside an actor's turn; what crosses to an API, a store or another goroutine is owned. A
// [Ref] and a [View] are borrowed, a [Message], an [Emit], an [Effect] and a [Snapshot] are owned.
//
// # Zero values
//
// The zero [Ref], [Verdict], [LaneID] and [Cursor] are never valid, so that a forgotten field is an error and not
// somebody else's message. Their String and Parse functions round-trip for every valid value.
//
// # Purity
//
// The package reads no clock, starts no goroutine and does no I/O.
package pelton
