package actor

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// deadline is the context of an actor's turns and the guard against a turn that never returns. limits.time is not its
// business: a runtime keeps that. On a busy machine a turn in order may take much longer on the clock, so the guard asks
// for signs of life only. It looks several times before it acts: a look that comes late, because the whole process stood
// still, counts once.
//
// It is reused from turn to turn, so that a turn in time costs no allocation and sets no timer: the timer goes on over
// turns and lapses at a look between two. Its Done channel is renewed only after it was closed.
type deadline struct {
	alive atomic.Bool // a sign of life since the last look
	ended atomic.Bool
	over  func(turn uint64) // called when the turn is stuck
	timer *time.Timer
	made  time.Time // readings of the clock are distances from it, which cost half of a time
	start time.Duration

	mu      sync.Mutex // between the actor's goroutine and the timer's
	done    chan struct{}
	turn    uint64        // number of the turn that is armed; 0: none
	every   time.Duration // between two looks
	watched bool          // the timer is set
	seen    uint64        // the turn at the last look
	misses  int           // looks since the last sign of life
}

// looks without a beat until the context of a turn ends; one more, and the turn is stuck.
const looks = 4

// patience is how long a turn may go on without a sign of life, on the clock.
func patience(limit time.Duration) time.Duration {
	return max(10*limit, limit+2*time.Second)
}

func newDeadline(over func(turn uint64)) *deadline {
	d := &deadline{done: make(chan struct{}), over: over, made: time.Now()}
	d.timer = time.AfterFunc(time.Hour, d.look)
	d.timer.Stop()
	return d
}

func (d *deadline) look() {
	d.mu.Lock()
	turn := d.turn
	if turn == 0 {
		d.watched = false
		d.mu.Unlock()
		return
	}
	d.misses++
	if d.seen != turn || d.alive.Load() {
		d.seen, d.misses = turn, 0
		d.alive.Store(false)
	}
	if d.misses == looks {
		d.ended.Store(true)
		close(d.done)
	}
	stuck := d.misses > looks
	if stuck {
		d.watched = false
	} else {
		d.timer.Reset(d.every)
	}
	d.mu.Unlock()
	if stuck {
		d.over(turn)
	}
}

func (d *deadline) arm(turn uint64, limit time.Duration) {
	d.start = time.Since(d.made)
	d.mu.Lock()
	if d.ended.Load() {
		d.done = make(chan struct{})
		d.ended.Store(false)
	}
	d.turn = turn
	if !d.watched {
		d.every = patience(limit) / looks
		d.watched, d.seen, d.misses = true, turn, 0
		d.alive.Store(false)
		d.timer.Reset(d.every)
	}
	d.mu.Unlock()
}

// disarm ends the turn and tells how long it took.
func (d *deadline) disarm() time.Duration {
	d.mu.Lock()
	d.turn = 0
	d.mu.Unlock()
	return time.Since(d.made) - d.start
}

// Deadline implements context.Context: it is not known in advance.
func (d *deadline) Deadline() (time.Time, bool) { return time.Time{}, false }

// Done implements context.Context.
func (d *deadline) Done() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.done
}

// Err implements context.Context.
func (d *deadline) Err() error {
	if d.ended.Load() {
		return context.DeadlineExceeded
	}
	return nil
}

// Value implements context.Context.
func (d *deadline) Value(any) any { return nil }

// Heartbeat is a runtime's sign of life to the actor whose turn has the context ctx: what is left of the turn is in
// order. A turn without one for 10 times limits.time, at least for limits.time and 2 s, is ended, and stuck a quarter of that later
// (the guard looks four times in that span, so both may come up to a quarter later still).
// It reports whether ctx is an actor's; such a context ends for no other reason. It may be called from any goroutine
// until the turn returns.
func Heartbeat(ctx context.Context) bool {
	d, ok := ctx.(*deadline)
	if ok && !d.alive.Load() {
		d.alive.Store(true)
	}
	return ok
}
