// Package kv is the durable state of plugins: for each plugin a space of keys and values that its instances share.
//
//	actor: turn ends ──Stage──▶ staged, by ticket ◀──Get, Next── instances: staged first, then the store
//	loop:  acks      ──Commit─▶ in order of the tickets ──one append──▶ store ──▶ no longer staged
//
// # Usage
//
// [Open] reads how much a space holds. An actor stages the changes of a turn's acked deliveries when the turn is over, and
// the loop that sent the turn commits the ticket, with the records that say that those deliveries are acked.
//
// # Ordering
//
// Changes become durable in the order of their tickets, whichever lane commits first: a commit waits for those before it.
// So a value is never durable without those that it was computed from (E1), which an instance may have read before they
// were.
//
// # Ownership
//
// A [Space] may be used by any goroutine. What Get and Next give is owned by the caller. Changes belong to the space from
// Stage on.
//
// # Failure
//
// A full store keeps commits waiting, in their order. Each ticket must be committed; one that never will be, since its lane
// failed, is abandoned, which fails the whole space: what comes after it may build on it.
//
// # Testing
//
// The order of commits, and what is read meanwhile, are checked against a model on the memory store, with a full store and
// crashes. Package delivery's model checks changes against deliveries (E1).
package kv
