package actor

import (
	"context"
	"fmt"
	"time"
)

// Swap puts version v in the place of the one that runs. It starts v's instances first; if one fails, the old version
// is untouched (W2). Then each actor changes over between two turns (W1), and the old instances are paused, with their
// state, until the health window is over.
//
// Swap answers within its bounds (W3): live, as soon as Health.MinSamples deliveries went well within the rate or the
// window passed without a breach; or rolled back, with the reason. After an early live answer the window goes on and may
// still end in a rollback, told by Options.OnChange and Stats; the next Swap ends it.
//
// The Plugin owns v.Module from now on, whatever the answer. Errors: ErrSwapping, ErrClosed, or that of ctx; if ctx
// ends during the probe, the probe goes on.
func (p *Plugin) Swap(ctx context.Context, v Version) (Result, error) {
	v.defaults(&p.options)
	next := adopt(v, p.live.Load())
	last, err := p.reserve(v.Revision)
	if err != nil {
		next.lease.release()
		return Result{}, err
	}
	defer p.group.Done()
	if last != nil {
		last.decide(upheld, "")
		<-last.ended
	}
	old := p.live.Load()
	p.become(StateLoading)
	p.tell(StateLoading, next, -1, "")
	probe, err := p.introduce(ctx, next, old)
	if err != nil {
		return p.refuse(ctx, next, err)
	}
	select {
	case <-probe.answered:
	case <-ctx.Done():
		return Result{State: StateProbing}, ctx.Err()
	}
	if probe.decision.Load() == revoked {
		<-probe.ended
		return Result{State: StateRolledBack, Reason: probe.reason}, nil
	}
	return Result{State: StateLive}, nil
}

// reserve admits one swap at a time, and gives the probe of the last one if its window is still open. The caller holds
// the plugin's group until it is done.
func (p *Plugin) reserve(revision int) (*probe, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, ErrClosed
	}
	if p.busy != "" {
		return nil, fmt.Errorf("%w: %s; try again when it is answered", ErrSwapping, p.busy)
	}
	p.busy = fmt.Sprintf("revision %d is %s", revision, StateLoading)
	p.group.Add(1)
	return p.probe, nil
}

// release lets the next swap begin.
func (p *Plugin) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.busy = ""
}

// refuse answers a swap whose version did not start.
func (p *Plugin) refuse(ctx context.Context, v *version, cause error) (Result, error) {
	v.lease.release()
	p.become(StateLive)
	p.release()
	p.tell(StateRolledBack, v, -1, cause.Error())
	if p.ctx.Err() != nil {
		return Result{}, ErrClosed
	}
	return Result{State: StateRolledBack, Reason: cause.Error()}, ctx.Err()
}

// introduce starts v's instances and hands them to the actors.
func (p *Plugin) introduce(ctx context.Context, v, old *version) (*probe, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(p.ctx, cancel)() //nolint:contextcheck // it joins the caller's and the plugin's
	instances, err := p.load(ctx, v, old)
	if err != nil {
		return nil, err
	}
	probe := newProbe(v, old, p.options.Health)
	if !p.promote(probe, instances) {
		for _, i := range instances {
			p.dispose(v, i)
		}
		return nil, ErrClosed
	}
	p.become(StateProbing)
	p.tell(StateProbing, v, -1, "")
	p.callAll()
	p.group.Go(func() { p.watch(probe) })
	return probe, nil
}

// promote makes v the version that does the work; false if the plugin was closed meanwhile.
func (p *Plugin) promote(probe *probe, instances []Instance) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.busy = fmt.Sprintf("revision %d is %s", probe.version.Revision, StateProbing)
	p.probe = probe
	for i, s := range p.slots {
		s.handovers = append(s.handovers, handover{seat: newSeat(probe.version, instances[i]), probe: probe})
		s.attention.Store(true)
	}
	p.live.Store(probe.version) // last: a turn offered by who reads it is run by the new version
	return true
}

// watch ends a probe: at the end of the window, when it is decided, or when the plugin closes.
func (p *Plugin) watch(probe *probe) {
	window := time.NewTimer(p.options.Health.Window)
	defer window.Stop()
	early := probe.early
	for {
		select {
		case <-early:
			early = nil
			p.become(StateLive)
			p.tell(StateLive, probe.version, -1, "")
			p.release()
			close(probe.answered)
		case <-window.C:
			probe.decide(upheld, "")
		case <-p.ctx.Done():
			probe.decide(upheld, "")
		case <-probe.decided:
			p.conclude(probe, early == nil)
			return
		}
	}
}

// conclude does what follows from the decision; answered says that the caller of Swap was told live already.
func (p *Plugin) conclude(probe *probe, answered bool) {
	gone := probe.old
	if probe.decision.Load() == revoked {
		gone = probe.version
		p.live.Store(probe.old)
		p.tell(StateRolledBack, probe.version, -1, probe.reason)
	} else {
		if !answered {
			p.tell(StateLive, probe.version, -1, "")
		}
		p.tell(StateSuperseded, probe.old, -1, "")
	}
	p.callAll()
	gone.lease.release()
	p.mu.Lock()
	p.probe = nil
	p.mu.Unlock()
	if !answered {
		p.become(StateLive)
		p.release()
		close(probe.answered)
	}
	close(probe.ended)
}
