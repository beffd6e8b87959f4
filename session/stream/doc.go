// Package stream decides what a client's write to a session does. A session that clients write has, beside its
// snapshots, a [Stream]: its content type, when it expires, whether it was closed, and how far its writers are. The
// words are those of the Durable Streams protocol.
//
//	next, out, err := stream.Decide(current, producer, write, now)
//
// # Ownership
//
// A Stream is never changed once others can see it: Decide returns a new one. The package is pure: no clock, no I/O.
//
// # Failure
//
// A write that does not fit is a [*RefusedError], which says why and what would fit. Nothing of it was done.
package stream
