// Package nats publishes effects to subjects of a NATS server; a stream of JetStream keeps them.
//
//	Write ─▶ published one behind the other, a window of them at once ─▶ stream ─▶ acknowledged, durable
//
// # Usage
//
//	subject, err := nats.ParseSubject("late.{key}")
//	s, err := nats.Open(ctx, nats.Options{Name: "late", Conn: natsconn.Options{URL: "nats://127.0.0.1:4222"}, Subject: subject})
//
// # Ordering
//
// In the order of the effects. What a server takes of a connection is the beginning of what was sent, so that a window of
// messages that broke off is sent again under the same ids, and the stream drops those it has (its dedup window). Where a
// later one was stored and an earlier one was not, that would turn them round: those are sent under new ids, and repeat.
//
// # Failure
//
// At least once (E2): the id of a message (Nats-Msg-Id) is that of its effect, so a repetition within the stream's dedup
// window, two minutes by default, is dropped by the server. A message that is too large, or has no key although the
// subject is made of it, is rejected. Everything else may pass, a missing stream too, and is tried again: whoever makes the
// stream or gives the permission finds that nothing was lost.
//
// Without JetStream ([Options.Core]) a message is durable when the server has it, and lost if nobody listens.
//
// # Ownership
//
// The sink belongs to its worker's goroutine.
//
// # Testing
//
// The kit sink/sinktest against a real server in the test's process (internal/natstest).
package nats
