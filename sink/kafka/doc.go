// Package kafka writes effects to a topic of a Kafka cluster: a record each, with the effect's key and payload.
//
// # Usage
//
//	s, err := kafka.Open(kafka.Options{Access: access, Topic: "late"})
//	w := sink.Start(sink.Options{Name: "late", Sink: s})
//
// A record has the headers pelton-effect, the effect's id, which is the same when the effect is written again, pelton-time,
// the time of the message that caused it, content-type, and traceparent where there is a trace. The record's own time is
// that of writing, by which the cluster's retention goes.
//
// # Ordering
//
// Effects of one key go to one partition, in order. The producer is idempotent and waits for all replicas that are in
// sync. When a record is refused by the brokers, which refuse its whole batch with it, what follows is written again
// behind what was innocent, so that the last record of each effect is in order.
//
// # Ownership
//
// The worker's goroutine calls Write and Close; the client's goroutines report to the attempt that they belong to, which
// Write may have left when its context ended.
//
// # Failure
//
// At least once: after a crash the last effects may be written again. Refused for good (E2): what is over MaxMessage or the
// topic's limit, and what the brokers call an invalid record. Everything else is tried again without end, also a topic that
// is not there and a right that is missing: to make up for it is the operator's, and thousands of dead letters would not be.
//
// # Testing
//
// The kit sink/sinktest on kfake, a cluster in memory; in an optional suite on a real broker.
package kafka
