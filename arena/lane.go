package arena

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/peltonhq/pelton"
)

// Lane is one writer's access to an arena. Its methods are for that writer's one goroutine, but for Close, OnRoom
// and Release.
type Lane struct {
	arena  *Arena
	name   string
	chunks atomic.Int64  // that it holds, its lent slots included
	wake   chan struct{} // one token: granted or shut

	// Guarded by the arena's mutex.
	closed  bool
	bays    []span
	wanted  int    // pages, while it is in the queue
	granted *Block // by serve, for the Acquire that waits
	tried   int    // pages of a TryAcquire that failed; 0 when there is none
	room    func()
}

// Lane gives a writer its share: whatever other lanes hold, it can have two blocks of MaxMessage at a time, one being
// filled and one to move an unfinished message to. The share is two bays, fixed runs of pages where only this lane's
// blocks go. Messages of other lanes that lie there already leave as they are released, so open lanes early. It is an
// error if the shares of all lanes do not fit into the arena.
func (a *Arena) Lane(name string) (*Lane, error) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if a.closed {
		return nil, a.fail("lane "+name, noRef, ErrClosed, "")
	}
	l := &Lane{arena: a, name: name, wake: make(chan struct{}, 1)}
	bay := pages(a.options.MaxMessage)
	second := min(bay, a.space.total/2-bay) // a quarter that is no whole number of pages leaves less for it
	for _, n := range []int{bay, second} {
		from := a.berth(n)
		if from < 0 {
			a.strike(l)
			detail := fmt.Sprintf("%d lanes have their shares of %d bytes already, raise the arena's size", a.open(), (bay+second)*page)
			return nil, a.fail("lane "+name, noRef, ErrFull, detail)
		}
		a.space.reserved.set(from, n, true)
		l.bays = append(l.bays, span{from, n})
	}
	a.space.common = a.space.total - a.busy()
	a.prune()
	a.lanes = append(a.lanes, l)
	return l, nil
}

// berth is the run of n pages that is reserved for nobody and has the fewest pages in use; the last such run.
func (a *Arena) berth(n int) int {
	best, least := -1, n+1
	for from := a.space.total - n; from >= 0; from-- {
		if a.space.reserved.count(from, n) > 0 {
			continue
		}
		if used := a.space.used.count(from, n); used < least {
			best, least = from, used
		}
		if least == 0 {
			break
		}
	}
	return best
}

// strike gives a lane's bays back.
func (a *Arena) strike(l *Lane) {
	for _, bay := range l.bays {
		a.space.reserved.set(bay.from, bay.n, false)
	}
	l.bays = nil
	a.space.common = a.space.total - a.busy()
}

// busy is how many pages are used or reserved.
func (a *Arena) busy() int { return a.space.used.union(a.space.reserved) }

// prune forgets lanes that are closed and hold nothing.
func (a *Arena) prune() {
	rest := a.lanes[:0]
	for _, l := range a.lanes {
		if !l.closed || l.chunks.Load() > 0 {
			rest = append(rest, l)
		}
	}
	clear(a.lanes[len(rest):])
	a.lanes = rest
}

func (a *Arena) open() int {
	n := 0
	for _, l := range a.lanes {
		if !l.closed {
			n++
		}
	}
	return n
}

// Close ends the lane: its share is free for others, an Acquire that waits gives [ErrClosed]. What it lent stays
// lent, and [Lane.Done] still works. Closing twice is nothing.
func (l *Lane) Close() {
	a := l.arena
	a.freed(func() {
		if !l.closed {
			l.shut()
			a.leave(l)
			a.strike(l)
			a.prune()
		}
	})
}

// shut marks the lane closed. The mutex is held.
func (l *Lane) shut() {
	l.closed, l.tried, l.room = true, 0, nil
	l.signal()
}

// signal wakes the lane's Acquire; the token of one that does not wait is taken back by the next that does.
func (l *Lane) signal() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// leave takes the lane out of the queue.
func (a *Arena) leave(l *Lane) {
	for i, other := range a.queue {
		if other == l {
			a.queue = append(a.queue[:i], a.queue[i+1:]...)
			return
		}
	}
}

// OnRoom registers f, to be called once when, after a failed TryAcquire, there is room for what it wanted. f is
// called from the goroutine that freed the room and must not block. Another lane may be faster, so f is a reason to
// try again, not a promise.
func (l *Lane) OnRoom(f func()) {
	l.arena.mutex.Lock()
	l.room = f
	l.arena.mutex.Unlock()
}

// Release is [Arena.Release], for a writer that takes back what it committed.
func (l *Lane) Release(ref pelton.Ref) error { return l.arena.Release(ref) }

// TryAcquire is [Lane.Acquire] without waiting: ok is false when there is no room now.
func (l *Lane) TryAcquire(n int) (b *Block, ok bool, err error) {
	a := l.arena
	if err := l.check("try-acquire", n); err != nil {
		return nil, false, err
	}
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if l.closed {
		return nil, false, a.fail("try-acquire", noRef, ErrClosed, "lane "+l.name)
	}
	need := max(pages(int64(n)), 1)
	b = a.place(l, need, len(a.queue) == 0)
	l.tried = 0
	if b == nil {
		l.tried = need
	}
	return b, b != nil, nil
}

// Acquire gives a block with at least n free bytes in a row. Without room it waits until there is some, the lane is
// closed, or ctx is done. Lanes that wait for common memory are served in the order they came, without overtaking; a
// lane whose own share has room does not wait for them. The error is [ErrTooLarge] when n is over MaxMessage,
// [ErrClosed], or ctx's.
func (l *Lane) Acquire(ctx context.Context, n int) (*Block, error) {
	a := l.arena
	if err := l.check("acquire", n); err != nil {
		return nil, err
	}
	a.mutex.Lock()
	if l.closed {
		a.mutex.Unlock()
		return nil, a.fail("acquire", noRef, ErrClosed, "lane "+l.name)
	}
	need := max(pages(int64(n)), 1)
	if b := a.place(l, need, len(a.queue) == 0); b != nil {
		a.mutex.Unlock()
		return b, nil
	}
	select {
	case <-l.wake:
	default:
	}
	l.wanted = need
	a.queue = append(a.queue, l)
	a.waits++
	a.mutex.Unlock()
	select {
	case <-l.wake:
	case <-ctx.Done():
	}
	return l.outcome(ctx)
}

// outcome is how a wait ended. A block that was granted just before ctx was done is taken all the same.
func (l *Lane) outcome(ctx context.Context) (b *Block, err error) {
	a := l.arena
	a.freed(func() { // who leaves the queue may have been in the way of others
		a.leave(l)
		b, l.granted = l.granted, nil
		if b == nil && l.closed {
			err = a.fail("acquire", noRef, ErrClosed, "lane "+l.name)
		}
	})
	if b == nil && err == nil {
		err = fmt.Errorf("arena %s: acquire for lane %s: %w", a.options.Name, l.name, context.Cause(ctx))
	}
	return b, err
}

func (l *Lane) check(op string, n int) error {
	if int64(n) > l.arena.options.MaxMessage {
		detail := fmt.Sprintf("%d bytes asked, %d possible", n, l.arena.options.MaxMessage)
		return l.arena.fail(op, noRef, ErrTooLarge, detail)
	}
	return nil
}
