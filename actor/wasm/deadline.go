package wasm

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/peltonhq/pelton/actor"
)

// deadline bounds the calls of one instance, a span at a time. One timer watches all its spans, and its context is made
// once, so that a turn in time costs no allocation here. A caller's context that may end in a turn is watched too, which
// costs a few allocations a turn; an actor's needs no watch.
//
// For the length of a span the goroutine keeps its thread, whose clock then is the guest's alone.
type deadline struct {
	bound   bound
	clock   clock
	timer   *time.Timer
	unwatch func() bool
	done    chan struct{} // closed for good when a span was over its time, or the instance was closed in it
	cause   atomic.Pointer[error]

	mu   sync.Mutex // between the instance's goroutine and the watch
	span span
}

// bound is the context of calls. The engine looks at it in a goroutine of its own, which may come late: so it never
// changes.
type bound struct {
	context.Context //nolint:containedctx // values only

	instance *Instance
	done     <-chan struct{}
}

func newDeadline(values context.Context, n *Instance) *deadline {
	done := make(chan struct{})
	d := &deadline{bound: bound{values, n, done}, clock: threads, done: done}
	d.timer = time.AfterFunc(time.Hour, d.watch)
	d.timer.Stop()
	return d
}

// Why a span was ended by its watch.
var (
	errLate    = fmt.Errorf("limits.time: %w", context.DeadlineExceeded)
	errBlocked = errors.New("blocked")
)

// begin starts a span; the guest may use limit of processor time before its first answer and between two of them.
func (d *deadline) begin(parent context.Context, limit time.Duration) {
	runtime.LockOSThread()
	now, wait := time.Now(), limit/firstLook
	d.mu.Lock()
	d.span = span{open: true, parent: parent, limit: limit, thread: d.clock.thread(), since: now, waited: wait, next: now.Add(wait)}
	d.mu.Unlock()
	d.timer.Reset(wait)
	if parent.Done() != nil && !actor.Heartbeat(parent) {
		d.unwatch = context.AfterFunc(parent, func() { d.end(parent.Err()) })
	}
}

// stop ends a span. An end that came in its last moment counts: it has closed the module already, or will.
func (d *deadline) stop() {
	d.timer.Stop()
	d.mu.Lock()
	d.span = span{} // a watch that comes late finds nothing open
	d.mu.Unlock()
	if d.unwatch != nil && !d.unwatch() {
		<-d.done
	}
	d.unwatch = nil
	runtime.UnlockOSThread()
}

// watch is the timer's. An actor hears of every look that finds the span in order.
func (d *deadline) watch() {
	d.mu.Lock()
	defer d.mu.Unlock()
	s, now := &d.span, time.Now()
	if !s.open || now.Before(s.next) { // it is late, of a span before
		return
	}
	wait, err := s.look(now, d.clock)
	if err != nil {
		d.end(err)
		return
	}
	s.next = now.Add(wait)
	d.timer.Reset(wait)
	actor.Heartbeat(s.parent)
}

// enter says where the answers of a call will be; they must be 0 now.
func (d *deadline) enter(table []byte, stride, at int) {
	d.mu.Lock()
	d.span.answers = answers{table: table, stride: stride, at: at}
	d.mu.Unlock()
}

// leave ends a call: the watch looks at the guest's memory no more.
func (d *deadline) leave() {
	d.mu.Lock()
	d.span.answers, d.span.moved = answers{}, true
	d.mu.Unlock()
}

// end closes the channel; the first cause stays.
func (d *deadline) end(cause error) {
	if d.cause.CompareAndSwap(nil, &cause) {
		close(d.done)
	}
}

// err is why a span was ended, or nil.
func (d *deadline) err() error {
	if cause := d.cause.Load(); cause != nil {
		return *cause
	}
	return nil
}

// sleep is the guest's sleep. It counts as if the guest had used the processor, and ends with the span, since a sleeping
// guest passes no loop header.
func (d *deadline) sleep(nanos int64) {
	if nanos <= 0 {
		return
	}
	d.mu.Lock()
	d.span.slept = min(d.span.slept+min(time.Duration(nanos), d.span.limit), d.span.limit)
	d.mu.Unlock()
	t := time.NewTimer(time.Duration(nanos))
	defer t.Stop()
	select {
	case <-t.C:
	case <-d.done:
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
