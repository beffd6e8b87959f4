package wasm

import "time"

// clock tells how much processor time a thread has used. limits.time is measured by it, since a machine with more work
// than processors lets a turn wait for longer than it runs. Tests have their own.
type clock struct {
	thread func() int // of the caller; it stays the same while the goroutine is locked to it
	// used is the processor time of a thread of this process; false where the system does not tell, and time is then
	// that on the wall.
	used func(thread int) (time.Duration, bool)
}
