package wasm

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// deadline is the context of an instance's calls. It is made once per instance: a turn only resets its timer, so
// that a turn in time costs no allocation here, and a turn out of time ends the instance and with it the deadline.
type deadline struct {
	context.Context // values only

	instance *Instance
	done     chan struct{}
	cause    atomic.Pointer[error]
	timer    *time.Timer
	limit    time.Duration // of the span that began last
	parent   context.Context // whose end is watched
	unwatch  func() bool
}

func newDeadline(values context.Context, n *Instance) *deadline {
	d := &deadline{Context: values, instance: n, done: make(chan struct{})}
	d.timer = time.AfterFunc(time.Hour, func() { d.end(errLate) })
	d.timer.Stop()
	return d
}

// errLate is the cause when the turn's own time is up, as opposed to its parent's.
var errLate = fmt.Errorf("limits.time: %w", context.DeadlineExceeded)

// begin starts a turn of at most limit. The parent's end is registered once for as long as the actor passes the same
// context.
func (d *deadline) begin(parent context.Context, limit time.Duration) {
	if parent != d.parent {
		d.release()
		d.parent = parent
		if parent.Done() != nil {
			d.unwatch = context.AfterFunc(parent, func() { d.end(parent.Err()) })
		}
	}
	d.limit = limit
	d.timer.Reset(limit)
}

// stop ends a turn. A timer that fired in the last moment counts: it has closed the module already, or will.
func (d *deadline) stop() {
	if !d.timer.Stop() {
		<-d.done
	}
}

func (d *deadline) release() {
	if d.unwatch != nil {
		d.unwatch()
	}
	d.parent, d.unwatch = nil, nil
}

func (d *deadline) end(cause error) {
	if d.cause.CompareAndSwap(nil, &cause) {
		close(d.done)
	}
}

// sleep is the guest's sleep: never past the end of the turn, since a sleeping guest passes no loop header.
func (d *deadline) sleep(nanos int64) {
	t := time.NewTimer(time.Duration(nanos))
	defer t.Stop()
	select {
	case <-t.C:
	case <-d.done:
	}
}

// Deadline is not known in advance: Done tells.
func (d *deadline) Deadline() (time.Time, bool) { return time.Time{}, false }

// Done is closed when the turn is over its time or its parent ended.
func (d *deadline) Done() <-chan struct{} { return d.done }

// Err is why Done is closed.
func (d *deadline) Err() error {
	if cause := d.cause.Load(); cause != nil {
		return *cause
	}
	return nil
}

type instanceKey struct{}

// Value finds the instance for the imports.
func (d *deadline) Value(key any) any {
	if _, ok := key.(instanceKey); ok {
		return d.instance
	}
	return d.Context.Value(key)
}
