package wasm

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// deadline bounds the calls of one instance, a span at a time: a span is a turn, or the start. Neither its timer nor
// its contexts are made anew for each, so that a turn in time costs no allocation here. It has three ways:
//
//   - the caller's context ends no later than the limit, as an actor's does: it is taken as it is;
//   - the caller's context never ends: the own timer is enough;
//   - else the own timer and a watch on the caller's context, which costs a few allocations a turn.
type deadline struct {
	own     bound
	lent    *bound // over the caller's channel, kept while that stays the same
	current *bound
	parent  context.Context // of the current span
	limit   time.Duration   // of the current span
	exact   bool            // the parent's end stands for the limit
	done    chan struct{}   // closed for good when the own time was up, or the instance was closed in a span
	cause   atomic.Pointer[error]
	timer   *time.Timer
	unwatch func() bool
}

// bound is the context of calls. The engine looks at it in a goroutine of its own, which may come late: so it never
// changes.
type bound struct {
	context.Context // values only

	instance *Instance
	done     <-chan struct{}
}

func newDeadline(values context.Context, n *Instance) *deadline {
	done := make(chan struct{})
	d := &deadline{own: bound{values, n, done}, done: done}
	d.current = &d.own
	d.timer = time.AfterFunc(time.Hour, func() { d.end(errLate) })
	d.timer.Stop()
	return d
}

// errLate is the cause when the own time is up.
var errLate = fmt.Errorf("limits.time: %w", context.DeadlineExceeded)

// begin starts a span of at most limit.
func (d *deadline) begin(parent context.Context, limit time.Duration) {
	d.parent, d.limit, d.current, d.exact = parent, limit, &d.own, false
	done := parent.Done()
	if done == nil {
		d.timer.Reset(limit)
		return
	}
	if at, ok := parent.Deadline(); ok {
		if left := time.Until(at); left <= limit {
			if d.lent == nil || d.lent.done != done {
				d.lent = &bound{d.own.Context, d.own.instance, done}
			}
			d.current, d.exact = d.lent, left > limit-limit/8
			return
		}
	}
	d.unwatch = context.AfterFunc(parent, func() { d.end(parent.Err()) })
	d.timer.Reset(limit)
}

// stop ends a span. An end that came in its last moment counts: it has closed the module already, or will.
func (d *deadline) stop() {
	if d.current == d.lent {
		return
	}
	watched := d.unwatch == nil || d.unwatch()
	d.unwatch = nil
	if !d.timer.Stop() || !watched {
		<-d.done
	}
}

// end closes the own channel; the first cause stays.
func (d *deadline) end(cause error) {
	if d.cause.CompareAndSwap(nil, &cause) {
		close(d.done)
	}
}

// err is why the current span was ended, or nil.
func (d *deadline) err() error {
	if cause := d.cause.Load(); cause != nil {
		return *cause
	}
	if d.current != d.lent {
		return nil
	}
	err := d.parent.Err()
	if d.exact && errors.Is(err, context.DeadlineExceeded) {
		return errLate
	}
	return err
}

// sleep is the guest's sleep: never past the end of the span, since a sleeping guest passes no loop header.
func (d *deadline) sleep(nanos int64) {
	t := time.NewTimer(time.Duration(nanos))
	defer t.Stop()
	select {
	case <-t.C:
	case <-d.current.done:
	}
}

// Deadline is not known in advance: Done tells.
func (b *bound) Deadline() (time.Time, bool) { return time.Time{}, false }

// Done is closed when the span is over its time or its caller gave up.
func (b *bound) Done() <-chan struct{} { return b.done }

// Err is for the engine, which only asks whether the context ended; deadline.err knows why.
func (b *bound) Err() error {
	select {
	case <-b.done:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

type instanceKey struct{}

// Value finds the instance for the imports.
func (b *bound) Value(key any) any {
	if _, ok := key.(instanceKey); ok {
		return b.instance
	}
	return b.Context.Value(key)
}
