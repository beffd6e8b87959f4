// Package natsconn connects to NATS servers: what the source and the sink of that name have in common, and nothing of
// either.
//
//	c, err := natsconn.Dial(ctx, natsconn.Options{Name: "pelton source orders", URL: "nats://127.0.0.1:4222"})
//
// # Ownership
//
// Every caller has a connection of its own. Its callbacks run on a goroutine of the client, one after the other, and must
// not block.
//
// # Failure
//
// A connection that is lost is made again without end. What is published meanwhile fails at once instead of waiting in a
// buffer: who publishes tries again by itself, in order. Secrets are read again at each connect, so a changed file counts
// without a restart; no error has one in it.
package natsconn
