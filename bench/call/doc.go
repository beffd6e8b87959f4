// Package call is workload W3: what one message costs a plugin, by operation, size and batch.
//
//	turn of 1, 16 or 64 messages ──▶ instance.Handle ──▶ verdicts
//
// # Usage
//
//	err := call.Run(options)
//
// # Ordering
//
// All contestants are open from the beginning and take turns; each measures every operation and size in its turn.
//
// # Failure
//
// Every call's answer is checked: all payloads have an even sum, and a guest that says otherwise fails the run. Tests ask
// with odd ones, so that a guest that does nothing is found.
package call
