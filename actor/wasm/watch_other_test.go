//go:build !linux

package wasm

import "time"

// stopwatch is a clock on the wall where the system does not tell the time of a thread.
func stopwatch() func() time.Duration {
	begin := time.Now()
	return func() time.Duration { return time.Since(begin) }
}
