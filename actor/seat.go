package actor

import (
	"context"
	"reflect"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor/health"
	"github.com/peltonhq/pelton/actor/launch"
)

// version is a Version with what its first instance told of it.
type version struct {
	Version

	lease   *launch.Lease
	outputs []pelton.Output
	reducer bool
	took    time.Duration // the longest start of its first instances
}

// adopt makes a version of v; old is the one whose module may be the same.
func adopt(v Version, old *version) *version {
	if old != nil && reflect.TypeOf(v.Module).Comparable() && v.Module == old.Module && old.lease.Take() {
		return &version{Version: v, lease: old.lease}
	}
	return &version{Version: v, lease: launch.NewLease(v.Module.Close)}
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
	recent   health.Recent
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

// memory is what the instance holds.
func (s *seat) memory() int64 {
	if s.instance == nil {
		return 0
	}
	return s.instance.Memory()
}

// mark is the memory above which the instance is recycled. One that begins near it or above may hold twice what it began
// with, or half of what is left, so that it is not recycled after every turn.
func (s *seat) mark(l *Limits) int64 {
	return max(l.Recycle, min(2*s.least, s.least+(l.Memory-s.least)/2))
}

const (
	firstPause = 10 * time.Millisecond
	lastPause  = 5 * time.Second
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

// begin starts an instance.
func (p *Plugin) begin(ctx context.Context, v *version, env *Env) *launch.Launch[Instance] {
	start := func(ctx context.Context) (Instance, error) { return v.Module.Start(ctx, p.options.env(v, env)) }
	return launch.Begin(ctx, p.options.SwapTimeout, p.group.Go, v.lease, start)
}

// dispose closes the instance of a seat and waits for it, though not for ever: a close that hangs goes on by itself.
//
//nolint:contextcheck,nolintlint // as release
func (p *Plugin) dispose(v *version, i Instance) {
	if i == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), launch.CloseTimeout)
	done := make(chan struct{})
	p.group.Go(func() {
		defer cancel()
		_ = i.Close(ctx) // it is not used again, whatever it answers
		v.lease.Release()
		close(done)
	})
	select {
	case <-done:
	case <-ctx.Done():
	}
}
