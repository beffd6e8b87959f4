// Package nats reads a stream of NATS JetStream, in order, from a durable consumer of its own.
//
//	stream ─▶ consumer ─▶ pulled, bounded ─▶ lane ─▶ decoder
//	             ▲                             │
//	             └── ack up to the watermark ──┘ Settled(w)
//
// # Usage
//
//	s := nats.New(nats.Options{
//		Name: "orders", Conn: natsconn.Options{URL: "nats://127.0.0.1:4222"}, Stream: "ORDERS", Durable: "pelton-orders",
//	})
//	lanes, err := s.Open(ctx)
//
// # Identity
//
// A stream is one lane. The position of a message is its sequence number in the stream; numbers that are missing (deleted,
// expired, filtered out) are passed over. The incarnation is the time at which the stream was made, so that a stream which
// was deleted and made again is read from its start.
//
// # Ordering
//
// The server hands messages over in the order of the stream, but what it counts as delivered and has no acknowledgement
// of it repeats late and out of order. So every Read first puts the consumer back to the watermark, and goes on from there;
// what was handed over before is passed over. A delivery that is missing (the consumer numbers them) ends the pull,
// and so does a connection that was made anew; then the consumer is put back again.
//
// # Ownership
//
// Read is the reader's. Settled, on the loop, only notes the watermark; one goroutine of the lane acknowledges, from
// Open to Close.
//
// # Failure
//
// N1: nothing is acknowledged to the server that is not below the watermark (D2). Lost acknowledgements do no harm: the
// watermark in the store decides where to go on, the consumer shows it to the server's operators.
//
// N2: at most MaxAckPending messages are handed over and not settled, and MaxMessages or about twice MaxBytes wait in the
// client, which has room for all that was asked for and for what the server says beside it: it drops nothing. When the arena
// is full nothing more is asked for (A2).
//
// # Testing
//
// The kit source/sourcetest against a real server in the test's process (internal/natstest), restarted in the midst.
package nats
