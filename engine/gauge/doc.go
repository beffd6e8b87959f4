// Package gauge makes figures of what passes: a rate of a counter, a pause of waits, and what the process uses.
//
// # Ownership
//
// A [Meter] and a [Pause] may be used by any goroutine.
package gauge
