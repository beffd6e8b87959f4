// Package feed is what all followers of one key, or of the log of a name, share: how far it is, the newest entries, and those
// in the encodings of transports.
//
//	Push, Wakeup ─▶ Feed: mark, ring ─▶ Look: what is new, or a channel to wait on ─▶ Entries, Run
//	                  └─▶ Gather: a mark that moves at once, or once in a time ─▶ pump ─▶ Run ─▶ Outlet of each that is parked
//
// # Ownership
//
// One publisher pushes; followers look from their goroutines. Short mutexes guard a feed. What Run gives is never changed. A
// pump is a goroutine of the feed that ends when everybody has everything; [Feed.Drop] waits for it. It never waits itself.
//
// # Bounds
//
// A ring has 256 snapshots or so many bytes as it is told, 1 MiB by default, and as much in each encoding: pieces of at most 64 KiB,
// or of one snapshot that is larger.
package feed
