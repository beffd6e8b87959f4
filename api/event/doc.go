// Package event writes streams of server-sent events.
//
// # Usage
//
//	out := event.New(w, stall)
//	out.Open()
//	out.Write("snapshot", cursor, data)
//	err := out.Flush()
//
// # The connection
//
// Over HTTP/1.1 a stream may take the connection itself (Take). A batch is then one write of any size, and events that were made
// into chunks once (Chunk) go to any number of clients as they are: Send waits for a client, Offer does not.
//
// # Ownership
//
// One goroutine, the request's, writes; while it waits for something to write another one may Offer. A second one of a taken
// connection reads, to learn that the client is gone; End waits for it.
//
// # Failure
//
// A client that takes nothing for the stall time is cut off; the error of the write stays, and nothing more is written.
package event
