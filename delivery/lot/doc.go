// Package lot lays parked and dead records, and the marks of effects, out in the store.
//
//	ledger ──Write──▶ Records ──▶ one append ──▶ store ──▶ Due, First, Known, Load ──▶ Arrive, New
//	people ─────────▶ Replay, Drop ──▶ append ──┘   └────▶ All, Letters ──▶ lists
//
// # Usage
//
// [Records] turns a ledger's write into the changes of one append. [Load] is what a ledger begins with; [Due] and [First]
// find what comes out of the lot, and [Known] what of it happened already.
//
// # Invariants
//
//   - D1: a record has one key made from its delivery's id, so parking is idempotent; its next decision removes or
//     replaces it together with its places in the due order and in its key's line.
//   - D2: what a write needs is in one append: all of it is durable, or nothing.
//   - D3: the line of a key is in the order of the lane, by position and then by edge.
//   - S2: marks of the lane go below the watermark ([Trim]); marks of the lot go with the last record of their position.
//
// # Ordering
//
// Due records are in the order of their due times, those of a key in the order of the lane.
//
// # Ownership
//
// There is no state here. Entries are owned by who reads them.
//
// # Failure
//
// A record that can't be read is a [store.ErrCorrupt] that says which.
//
// # Testing
//
// Keys and records are fuzzed there and back; the model of package delivery runs on this package.
package lot
