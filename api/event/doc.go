// Package event writes streams of server-sent events.
//
// # Usage
//
//	out := event.New(w, stall)
//	out.Open()
//	out.Write("snapshot", cursor, data)
//	err := out.Flush()
//
// # Ownership
//
// One goroutine, the request's, writes.
//
// # Failure
//
// A client that takes nothing for the stall time is cut off; the error of the write stays, and nothing more is written.
package event
