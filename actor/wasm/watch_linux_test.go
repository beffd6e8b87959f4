package wasm

import (
	"time"

	"golang.org/x/sys/unix"
)

// stopwatch reads the clock of the thread that calls it now, from any other.
func stopwatch() func() time.Duration {
	clock := int32(^unix.Gettid()<<3 | 6) // as pthread_getcpuclockid does: that of a thread, by the scheduler
	return func() time.Duration {
		var t unix.Timespec
		_ = unix.ClockGettime(clock, &t) // the thread waits for its guest, so it is there
		return time.Duration(t.Nano())
	}
}
