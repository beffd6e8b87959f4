// Package fanout is workload W1: one producer, messages of one size, some handlers that all get every message and ack
// it, and the producer is told when all have.
//
//	produce ──copy──▶ contestant ──▶ handler 1 … n ──ack──▶ told
//
// # Usage
//
//	r, err := run(contestants[0], course{handlers: 4, size: 1 << 10, span: time.Second})
//
// # Ordering
//
// A run warms up, waits until all is told, and is measured from then on until the last message is told.
//
// # Ownership
//
// Every contestant copies the bytes of each message once, into memory of its own or of its queue, and at most [window]
// messages are in flight, so that all queues are bounded whatever the contestant's own bound is. Pelton uses its own:
// arena and loop window.
//
// # Failure
//
// A run whose handlers did not see every message exactly once is an error, never a figure.
package fanout
