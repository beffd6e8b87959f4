// Package sources measures whole durable wheels from each source to sessions, beside the source's plain client, which reads
// the same messages, acknowledges them and does nothing with them.
//
//	file │ HTTP posts │ NATS JetStream │ Kafka ──▶ pelton run (fsync always) ──▶ snapshots in sessions
//	                                           └─▶ the plain client ──▶ a count
//
// # Usage
//
//	err := sources.Run(options)
//	PELTON_BENCH_SOURCES_PROFILE=DIR go run . -only sources    # and a profile of each wheel's processor time
//
// # Ordering
//
// Brokers run in this process, over TCP, and hold all messages before anybody reads. Wheel and client of each source take
// turns, round after round, with a new store, consumer or group each time.
//
// # Ownership
//
// The wheel is a process of its own, so its processor time and memory are its own; the client's are those of this process, with
// the broker in it.
//
// # Failure
//
// A wheel that makes another number of snapshots or sessions than there are messages and keys, and a client that reads
// another number, is an error, never a figure.
package sources
