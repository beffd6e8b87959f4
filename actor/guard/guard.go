package guard

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// Guard is the context of an actor's turns and the guard against a turn that never returns. limits.time is not its
// business: a runtime keeps that. On a busy machine a turn in order may take much longer on the clock, so the guard asks
// for signs of life only. It looks several times before it acts: a look that comes late, because the whole process stood
// still, counts once.
//
// It is reused from turn to turn, so that a turn in time costs no allocation and sets no timer: the timer goes on over
// turns and lapses at a look between two. Its Done channel is renewed only after it was closed.
type Guard struct {
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

// Patience is how long a turn may go on without a sign of life, on the clock.
func Patience(limit time.Duration) time.Duration {
	return max(10*limit, limit+2*time.Second)
}

// New makes a guard; over is called with the number of a turn that is stuck, on another goroutine.
func New(over func(turn uint64)) *Guard {
	g := &Guard{done: make(chan struct{}), over: over, made: time.Now()}
	g.timer = time.AfterFunc(time.Hour, g.look)
	g.timer.Stop()
	return g
}

func (g *Guard) look() {
	g.mu.Lock()
	turn := g.turn
	if turn == 0 {
		g.watched = false
		g.mu.Unlock()
		return
	}
	g.misses++
	if g.seen != turn || g.alive.Load() {
		g.seen, g.misses = turn, 0
		g.alive.Store(false)
	}
	if g.misses == looks {
		g.ended.Store(true)
		close(g.done)
	}
	stuck := g.misses > looks
	if stuck {
		g.watched = false
	} else {
		g.timer.Reset(g.every)
	}
	g.mu.Unlock()
	if stuck {
		g.over(turn)
	}
}

// Arm begins a turn, which takes about limit for a delivery.
func (g *Guard) Arm(turn uint64, limit time.Duration) {
	g.start = time.Since(g.made)
	g.mu.Lock()
	if g.ended.Load() {
		g.done = make(chan struct{})
		g.ended.Store(false)
	}
	g.turn = turn
	if !g.watched {
		g.every = Patience(limit) / looks
		g.watched, g.seen, g.misses = true, turn, 0
		g.alive.Store(false)
		g.timer.Reset(g.every)
	}
	g.mu.Unlock()
}

// Disarm ends the turn and tells how long it took, and when it ended, as a distance from when the guard was made.
func (g *Guard) Disarm() (took, at time.Duration) {
	g.mu.Lock()
	g.turn = 0
	g.mu.Unlock()
	at = time.Since(g.made)
	return at - g.start, at
}

// Deadline implements context.Context: it is not known in advance.
func (g *Guard) Deadline() (time.Time, bool) { return time.Time{}, false }

// Done implements context.Context.
func (g *Guard) Done() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.done
}

// Err implements context.Context.
func (g *Guard) Err() error {
	if g.ended.Load() {
		return context.DeadlineExceeded
	}
	return nil
}

// Value implements context.Context.
func (g *Guard) Value(any) any { return nil }

// Beat is a sign of life of the turn whose context is ctx; false if that is no Guard.
func Beat(ctx context.Context) bool {
	g, ok := ctx.(*Guard)
	if ok && !g.alive.Load() {
		g.alive.Store(true)
	}
	return ok
}
