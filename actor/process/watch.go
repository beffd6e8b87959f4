package process

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/peltonhq/pelton/actor"
)

const (
	lookEvery = 20 * time.Millisecond
	treeEvery = 5 // looks between two at the memory of the children too
)

// watch ends a process that uses more than it may. It looks at intervals, and counts them instead of reading the clock: a
// machine that stood still is not held against the plugin.
type watch struct {
	run    *run
	limits actor.Limits
	held   atomic.Int64  // bytes, at the last look
	beats  atomic.Uint64 // answers

	mu  sync.Mutex
	ctx context.Context //nolint:containedctx // of the turn under way; nil between two
}

func (w *watch) init(r *run, l actor.Limits) { w.run, w.limits = r, l }

// begin marks a turn, until end.
func (w *watch) begin(ctx context.Context) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ctx = ctx
	w.beats.Add(1)
}

func (w *watch) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ctx = nil
}

// beat says that the process answered: its limit starts anew.
func (w *watch) beat(ctx context.Context) {
	w.beats.Add(1)
	actor.Heartbeat(ctx)
}

// serve runs until the process is over.
func (w *watch) serve() {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	var since span
	for n := 0; ; n++ {
		select {
		case <-tick.C:
		case <-w.run.child.exited:
			return
		}
		if f := w.hog(n%treeEvery == 0); f != nil {
			w.run.kill(f)
		}
		w.mu.Lock()
		ctx := w.ctx
		w.mu.Unlock()
		if f := since.late(ctx, w); f != nil {
			w.run.kill(f)
		}
	}
}

// hog looks at the memory. The children's is known from a look at all of them; the process itself is looked at each time.
func (w *watch) hog(all bool) *actor.Fault {
	held := memory(w.run.child.cmd.Process.Pid, all)
	if all || held > w.held.Load() {
		w.held.Store(held)
	}
	if held > w.limits.Memory {
		return broken(actor.FaultTrap, "out of memory: the process holds %d bytes, more than limits.memory of %s", held, bytesize(w.limits.Memory))
	}
	return nil
}

// span is since when a turn shows no sign of life.
type span struct {
	beats uint64
	used  time.Duration // processor time of the process when it began
	known bool
	looks int
}

// patience is how long a turn may go on without an answer when it does not use the processor, as package actor has it.
func patience(limit time.Duration) time.Duration { return max(10*limit, limit+2*time.Second) }

// late tells a turn that is over its time.
func (s *span) late(ctx context.Context, w *watch) *actor.Fault {
	if ctx == nil {
		return nil
	}
	used, known := processorTime(w.run.child.cmd.Process.Pid)
	if beats := w.beats.Load(); beats != s.beats {
		*s = span{beats: beats, used: used, known: known}
		return nil
	}
	s.looks++
	limit := time.Duration(w.limits.Time)
	switch {
	case known && s.known && used-s.used > limit:
		return broken(actor.FaultTimeout, "it used more than limits.time of %s for one message", limit)
	case time.Duration(s.looks)*lookEvery > patience(limit), ctx.Err() != nil:
		return broken(actor.FaultTimeout, "it did not answer for %s, limits.time being %s", patience(limit), limit)
	}
	return nil
}
