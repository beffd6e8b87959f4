// Package tracing sends what happens to messages to a collector of OpenTelemetry, as spans.
//
//	message with traceparent 00-T-S-01 ─▶ receive flights      (trace T, child of S)
//	                                      process delays       one for each attempt, with its verdict
//	                                      write session/airports
//
// # Usage
//
//	t, err := tracing.Open(ctx, tracing.Options{Endpoint: "http://127.0.0.1:4318", Sample: 0.01})
//	loop.Options{Tracer: t}
//	t.Close(ctx)
//
// # Sampling
//
// A message that brings a W3C trace context is traced if that says so. Of those that bring none, a share is traced; which
// ones, and by what ids, follows from their position, so that a message that is read again after a crash, or comes back
// from the parking lot or the dead letters, stays in its trace. Traces are off unless an endpoint is configured.
//
// # Ownership
//
// Step is called on the loops' goroutines and never blocks: spans wait in a bounded queue, which one goroutine of the
// SDK empties. Close sends what is left.
//
// # Failure
//
// A collector that does not answer costs spans, nothing else. Each is counted as sent, failed or dropped ([Stats]).
package tracing
