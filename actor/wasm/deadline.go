package wasm

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/peltonhq/pelton/actor"
)

// deadline bounds the calls of one instance. It has no goroutine and no timer: the guest asks it, on its own goroutine,
// whenever it has used up its fuel. A call that ends before the guest asks costs nothing here.
//
// From the second time on that a call asks, its goroutine keeps its thread, whose clock then is the guest's alone.
type deadline struct {
	bound  bound
	clock  clock
	made   time.Time // readings of the clock on the wall are distances from it
	parent context.Context
	limit  time.Duration // of processor time between two answers of the guest
	call   span
	locked bool // the thread is kept
	host   int  // bytes that the host worked on for the guest since it asked

	done  chan struct{} // closed for good when a call was ended, or the instance was closed in it
	cause atomic.Pointer[error]
}

// bound is the context of calls: what ends a call is a panic of the deadline. Done and Err are for an engine that looks by
// itself, which is one with a watch.
type bound struct {
	context.Context //nolint:containedctx // the values of instantiation

	instance *Instance
}

// Done is closed when the call was ended.
func (b *bound) Done() <-chan struct{} { return b.instance.deadline.done }

// Err is why.
func (b *bound) Err() error { return b.instance.deadline.err() }

func newDeadline(values context.Context, n *Instance) *deadline {
	return &deadline{bound: bound{values, n}, clock: threads, made: time.Now(), done: make(chan struct{})}
}

const (
	// ration is the fuel that a guest is given when it asks: it asks every 12 to 160 µs.
	ration = 100_000
	// hostRation is how many bytes the host works on for a guest before it looks at the time on its own.
	hostRation = 256 << 10
)

// Why calls were ended.
var (
	errLate  = fmt.Errorf("limits.time: %w", context.DeadlineExceeded)
	errEnded = errors.New("the call was ended")
)

// begin starts a turn, or the start; the guest may use limit of processor time before its first answer and between two
// of them.
func (d *deadline) begin(parent context.Context, limit time.Duration) {
	d.parent, d.limit = parent, limit
}

// stop ends what begin started.
func (d *deadline) stop() {
	d.parent = nil
	if d.locked {
		d.locked = false
		runtime.UnlockOSThread()
	}
}

// enter says where the answers of the next call will be; they must be 0 now.
func (d *deadline) enter(table []byte, stride, at int) {
	a := &d.call.answers // field by field: a value made elsewhere and copied over costs 9 ns more
	a.table, a.stride, a.at, a.seen = table, stride, at, 0
}

// leave ends a call.
func (d *deadline) leave() {
	if d.call.asked {
		d.call = span{}
	}
	d.call.answers.table = nil
}

// ask is the guest's question whether it may go on: the fuel for it, or a panic that ends the call.
func (d *deadline) ask() int32 {
	d.host = 0
	d.check()
	if now := time.Since(d.made); !d.call.asked {
		d.call.start(now, d.limit)
		actor.Heartbeat(d.parent)
	} else if now >= d.call.next {
		d.look(now)
	}
	return ration
}

// work is asked for the guest while the host does n bytes of work for it in one call.
func (d *deadline) work(n int) {
	if d.host += n; d.host >= hostRation {
		d.ask()
	}
}

// check ends the call if its caller gave up or the instance was closed.
func (d *deadline) check() {
	if err := d.parent.Err(); err != nil {
		d.end(err)
	}
	if d.cause.Load() != nil {
		panic(errEnded)
	}
}

// look judges the call by the clock of its thread. An actor hears of every look that finds it in order.
func (d *deadline) look(now time.Duration) {
	if !d.locked {
		d.locked = true
		runtime.LockOSThread()
	}
	used, known := d.clock()
	if !known {
		used = now
	}
	if d.call.late(now, used, d.limit) {
		d.end(errLate)
		panic(errEnded)
	}
	actor.Heartbeat(d.parent)
}

// end keeps the first cause.
func (d *deadline) end(cause error) {
	if d.cause.CompareAndSwap(nil, &cause) {
		close(d.done)
	}
}

// err is why a call was ended, or nil.
func (d *deadline) err() error {
	if cause := d.cause.Load(); cause != nil {
		return *cause
	}
	return nil
}

// sleep is the guest's sleep. It counts as if the guest had used the processor.
func (d *deadline) sleep(nanos int64) {
	if nanos <= 0 {
		return
	}
	d.check()
	d.look(time.Since(d.made)) // answers before the sleep begin the limit anew
	wait := min(time.Duration(nanos), d.limit-d.call.slept)
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
	case <-d.done:
	case <-d.parent.Done():
	}
	d.call.slept += wait
	d.check()
	d.look(time.Since(d.made))
}

// Value finds the instance for the imports.
func (b *bound) Value(key any) any {
	if _, ok := key.(instanceKey); ok {
		return b.instance
	}
	if b.instance.module != nil {
		return nil // all others are of instantiation; the engine asks for one at every call
	}
	return b.Context.Value(key)
}

type instanceKey struct{}
