// Package gate lets followers hold a session name up: those of policy block.
//
//	Follower: Stand, before it takes more ─▶ Gate ─▶ Room: how much the committer may make durable next, or nothing
//	                                          └─▶ after Limits.Time: Ended is closed, and the holder counts no more
//
// # Ownership
//
// A holder is its follower's; the gate reads where it stands. Room is the committer's. One short mutex guards all; it is taken
// before that of a feed, and never the other way round.
//
// # Failure
//
// Nobody holds for longer than Limits.Time, nor while somebody passes, nor once the gate is open for good.
package gate
