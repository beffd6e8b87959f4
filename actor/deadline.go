package actor

import (
	"context"
	"time"
)

// deadline is the context of an actor's turns. It is reused from turn to turn, so that a turn that ends in time costs
// no allocation; its Done channel is renewed only after it was closed. The actor's goroutine owns it; fire runs on the
// timer's and is over when disarm returns.
type deadline struct {
	timer *time.Timer
	late  *time.Timer // set by fire
	done  chan struct{}
	start time.Time
	at    time.Time
	turn  uint64            // number of the turn that is armed
	over  func(turn uint64) // called when the turn is not back at the end of the grace
}

func newDeadline(over func(turn uint64)) *deadline {
	d := &deadline{done: make(chan struct{}), over: over}
	d.timer = time.AfterFunc(time.Hour, d.fire)
	d.timer.Stop()
	return d
}

func (d *deadline) fire() {
	turn := d.turn
	d.late = time.AfterFunc(grace, func() { d.over(turn) })
	close(d.done)
}

func (d *deadline) arm(turn uint64, limit time.Duration) {
	d.turn, d.start = turn, time.Now()
	d.at = d.start.Add(limit)
	d.timer.Reset(limit)
}

// disarm ends the turn and tells how long it took.
func (d *deadline) disarm() time.Duration {
	if !d.timer.Stop() {
		<-d.done // fire is running or has run: wait for its last act
		d.late.Stop()
		d.done = make(chan struct{})
	}
	return time.Since(d.start)
}

// Deadline implements context.Context.
func (d *deadline) Deadline() (time.Time, bool) { return d.at, true }

// Done implements context.Context.
func (d *deadline) Done() <-chan struct{} { return d.done }

// Err implements context.Context.
func (d *deadline) Err() error {
	select {
	case <-d.done:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

// Value implements context.Context.
func (d *deadline) Value(any) any { return nil }
