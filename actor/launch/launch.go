// Package launch starts the instances of a module on goroutines of their own, and closes the module after the last of them.
//
// # Ownership
//
// Who waits for a Launch either takes the instance or cancels; one that nobody takes is closed by the goroutine that started
// it. A Lease counts who uses a module: its plugin, for as long as a version may still run, and each instance.
package launch

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// CloseTimeout is how long closing a module or an instance may take.
const CloseTimeout = 5 * time.Second

// Lease counts the users of a module. It is safe for use by several goroutines.
type Lease struct {
	close func(context.Context) error
	users atomic.Int64
}

// NewLease is a lease with one user; close is called after the last.
func NewLease(closer func(context.Context) error) *Lease {
	l := &Lease{close: closer}
	l.users.Store(1)
	return l
}

// Take adds a user, unless the module is closed already.
func (l *Lease) Take() bool {
	for {
		n := l.users.Load()
		if n == 0 {
			return false
		}
		if l.users.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// Release takes a user away.
//
//nolint:contextcheck,nolintlint // what frees a module must not be cut short by who asked for it; read by its callers
func (l *Lease) Release() {
	if l.users.Add(-1) == 0 {
		ctx, cancel := context.WithTimeout(context.Background(), CloseTimeout)
		defer cancel()
		_ = l.close(ctx) // nothing of it is in use: its failure to close harms nobody
	}
}

// Closer is what is started.
type Closer interface {
	comparable
	Close(ctx context.Context) error
}

// Launch is a start under way.
type Launch[I Closer] struct {
	ctx    context.Context //nolint:containedctx // lives as long as the launch
	cancel context.CancelFunc
	done   chan started[I]
}

type started[I Closer] struct {
	instance I
	err      error
}

// Begin starts an instance, for at most limit, on a goroutine that spawn begins, since a native Init can't be stopped. The
// instance is a user of the lease.
//
//nolint:contextcheck // what nobody took is closed after the context ended
func Begin[I Closer](ctx context.Context, limit time.Duration, spawn func(func()), lease *Lease, start func(context.Context) (I, error)) *Launch[I] {
	l := &Launch[I]{done: make(chan started[I])}
	l.ctx, l.cancel = context.WithTimeout(ctx, limit) //nolint:gosec // Wait cancels
	spawn(func() {
		if !lease.Take() {
			l.give(started[I]{err: errors.New("its revision is closed")})
			return
		}
		var none I
		i, err := start(l.ctx)
		if !l.give(started[I]{instance: i, err: err}) || err != nil {
			if i != none {
				_ = i.Close(context.Background()) // nobody took it
			}
			lease.Release()
		}
	})
	return l
}

func (l *Launch[I]) give(s started[I]) bool {
	select {
	case l.done <- s:
		return true
	case <-l.ctx.Done():
		return false
	}
}

// Wait gives the instance, or woken if wake came first; then the launch is cancelled.
func (l *Launch[I]) Wait(wake <-chan struct{}) (i I, woken bool, err error) {
	defer l.cancel()
	select {
	case s := <-l.done:
		return s.instance, false, s.err
	case <-l.ctx.Done():
		if errors.Is(l.ctx.Err(), context.DeadlineExceeded) {
			return i, false, errors.New("start took longer than its limit")
		}
		return i, false, l.ctx.Err()
	case <-wake:
		return i, true, nil
	}
}
