package measure

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Usage is what a piece of work cost this process.
type Usage struct {
	Wall   time.Duration
	CPU    time.Duration // user and system, of all threads
	Allocs uint64        // objects on the Go heap
}

// Meter runs from [Start] to [Meter.Stop].
type Meter struct {
	wall   time.Time
	cpu    time.Duration
	allocs uint64
}

// Start collects garbage first, so that nobody pays for what was there before.
func Start() Meter {
	runtime.GC()
	return Meter{allocs: mallocs(), cpu: processor(), wall: time.Now()}
}

// Stop gives what was used since Start.
func (m Meter) Stop() Usage {
	return Usage{Wall: time.Since(m.wall), CPU: processor() - m.cpu, Allocs: mallocs() - m.allocs}
}

func mallocs() uint64 {
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return s.Mallocs
}

func processor() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		panic(err) // only a wrong first argument is refused
	}
	return Spent(&r)
}

// Spent is the processor time of a process that ended, or of this one.
func Spent(r *syscall.Rusage) time.Duration {
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// HighWater is the peak of a process's memory since it began its program; 0 when it is gone.
func HighWater(pid int) int64 { return status(pid, "VmHWM:") }

// Resident is a process's memory now; 0 when it is gone.
func Resident(pid int) int64 { return status(pid, "VmRSS:") }

// status is a size in a process's status.
func status(pid int, name string) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			if err != nil {
				return 0
			}
			return kb << 10
		}
	}
	return 0
}
