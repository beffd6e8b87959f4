// Package wheel runs one lane of Pelton around plugins, for the workloads that measure it from inside: the real reader,
// decoder, ring, loop, arena, mailboxes, verdicts and watermark. The store is in memory; what it makes durable here is the
// watermark.
//
// # Usage
//
//	w, err := wheel.Open(wheel.Options{Modules: modules, Produce: produce, Settled: settled})
//	err = w.Close()  // when Produce has returned
//
// # Ownership
//
// Produce runs on the lane's reader, Settled on its loop.
//
// # Failure
//
// Close fails if Produce did, if the lane had trouble of any kind, or if a message is still lent (A3).
package wheel
