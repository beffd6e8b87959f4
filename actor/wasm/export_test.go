package wasm

import (
	"context"
	"runtime"
	"time"

	"github.com/peltonhq/pelton/actor"
)

// Processor is the processor time that the calling thread has used; 0 where the system does not tell.
func Processor() time.Duration {
	used, _ := threads()
	return used
}

// Unmetered is a runtime that runs artifacts as they are. The engine ends a call at the next loop, or at its return, by the
// same limits.
func Unmetered(ctx context.Context, o Options) (*Runtime, error) { return open(ctx, o, outside) }

// outside judges a call from a goroutine of its own, as the deadline does when it is asked.
func outside(d *deadline) (stop func()) {
	runtime.LockOSThread() // whose clock it is
	quit, gone := make(chan struct{}), make(chan struct{})
	s, begin, used := span{answers: d.call.answers}, time.Now(), stopwatch()
	go func() {
		defer close(gone)
		tick := time.NewTicker(d.limit / leastWait)
		defer tick.Stop()
		for d.err() == nil {
			select {
			case <-quit:
				return
			case <-d.done:
			case <-d.parent.Done():
				d.end(d.parent.Err())
			case <-tick.C:
				if s.late(time.Since(begin), used(), d.limit) {
					d.end(errLate)
				}
				actor.Heartbeat(d.parent)
			}
		}
		<-quit
	}()
	return func() {
		close(quit)
		<-gone
		runtime.UnlockOSThread()
	}
}
