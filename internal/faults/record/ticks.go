package record

import "golang.org/x/sys/unix"

// Ticks is the machine's time since its start, in nanoseconds, the same for all processes: the wall's clock may jump, this
// one does not.
func Ticks() int64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		panic(err) // every Linux has this clock
	}
	return t.Nano()
}
