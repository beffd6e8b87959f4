package actor

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/peltonhq/pelton"
)

// lease counts who uses a module: the plugin, for as long as a version may still run, and each instance. The module
// is closed after the last of them.
type lease struct {
	module Module
	users  atomic.Int64
}

// take adds a user, unless the module is closed already.
func (l *lease) take() bool {
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

// release takes a user away.
//
//nolint:contextcheck,nolintlint // what frees a module must not be cut short by who asked for it; read by its callers
func (l *lease) release() {
	if l.users.Add(-1) == 0 {
		ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
		defer cancel()
		_ = l.module.Close(ctx) // nothing of it is in use: its failure to close harms nobody
	}
}

// version is a Version with what its first instance told of it.
type version struct {
	Version

	lease   *lease
	outputs []pelton.Output
	reducer bool
}

// adopt makes a version of v; old is the one whose module may be the same.
func adopt(v Version, old *version) *version {
	if old != nil && reflect.TypeOf(v.Module).Comparable() && v.Module == old.Module && old.lease.take() {
		return &version{Version: v, lease: old.lease}
	}
	l := &lease{module: v.Module}
	l.users.Store(1)
	return &version{Version: v, lease: l}
}

// seat is the place of one instance of a version at one mailbox. Its actor owns it.
type seat struct {
	version  *version
	instance Instance // nil: it broke and is to be replaced
	broken   bool     // it broke and has done no turn since
	least    int64    // bytes of memory that it held after its start
	full     string   // why it was recycled and is to be replaced; empty: it was not
	backoff  *backoff.ExponentialBackOff
	pause    *time.Timer // before the next try to replace it; nil: at once
}

func newSeat(v *version, i Instance) *seat {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.MaxInterval, b.Multiplier = firstPause, lastPause, 2
	s := &seat{version: v, backoff: b}
	if i != nil {
		s.seat(i)
	}
	return s
}

// seat gives the place to an instance that has just started.
func (s *seat) seat(i Instance) {
	s.instance, s.pause, s.full = i, nil, ""
	s.least = i.Memory()
}

// mark is the memory above which the instance is recycled. One that begins near it or above may hold twice what it began
// with, or half of what is left, so that it is not recycled after every turn.
func (s *seat) mark(l *Limits) int64 {
	return max(l.Recycle, min(2*s.least, s.least+(l.Memory-s.least)/2))
}

const (
	firstPause   = 10 * time.Millisecond
	lastPause    = 5 * time.Second
	closeTimeout = 5 * time.Second
)

// fail notes that the instance is gone. The first time it is replaced at once, after that with back-off.
func (s *seat) fail() {
	s.instance, s.pause = nil, nil
	if s.broken {
		s.pause = time.NewTimer(s.backoff.NextBackOff())
	}
	s.broken = true
}

// succeed notes that the instance did a turn.
func (s *seat) succeed() {
	if s.broken {
		s.broken = false
		s.backoff.Reset()
	}
}

// launch is a start under way. Who waits for it either takes the instance or cancels; an instance that nobody takes is
// closed by the goroutine that started it.
type launch struct {
	ctx    context.Context //nolint:containedctx // lives as long as the launch
	cancel context.CancelFunc
	done   chan started
}

type started struct {
	instance Instance
	err      error
}

// begin starts an instance on a goroutine of its own, since a native Init can't be stopped.
//
//nolint:contextcheck // what nobody took is closed after the context ended
func (p *Plugin) begin(ctx context.Context, v *version) *launch {
	l := &launch{done: make(chan started)}
	l.ctx, l.cancel = context.WithTimeout(ctx, p.options.SwapTimeout)
	p.group.Go(func() {
		if !v.lease.take() {
			l.give(started{err: fmt.Errorf("revision %d is closed", v.Revision)})
			return
		}
		i, err := v.Module.Start(l.ctx, p.options.env(v))
		if !l.give(started{instance: i, err: err}) || err != nil {
			if i != nil {
				_ = i.Close(context.Background()) // nobody took it
			}
			v.lease.release()
		}
	})
	return l
}

func (l *launch) give(s started) bool {
	select {
	case l.done <- s:
		return true
	case <-l.ctx.Done():
		return false
	}
}

// wait gives the instance, or woken if wake came first; then the launch is cancelled.
func (l *launch) wait(wake <-chan struct{}) (i Instance, woken bool, err error) {
	defer l.cancel()
	select {
	case s := <-l.done:
		return s.instance, false, s.err
	case <-l.ctx.Done():
		if errors.Is(l.ctx.Err(), context.DeadlineExceeded) {
			return nil, false, errors.New("start took longer than its limit")
		}
		return nil, false, l.ctx.Err()
	case <-wake:
		return nil, true, nil
	}
}

// dispose closes the instance of a seat and waits for it, though not for ever: a close that hangs goes on by itself.
//
//nolint:contextcheck,nolintlint // as release
func (p *Plugin) dispose(v *version, i Instance) {
	if i == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	done := make(chan struct{})
	p.group.Go(func() {
		defer cancel()
		_ = i.Close(ctx) // it is not used again, whatever it answers
		v.lease.release()
		close(done)
	})
	select {
	case <-done:
	case <-ctx.Done():
	}
}
