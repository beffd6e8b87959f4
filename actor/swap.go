package actor

import (
	"context"
	"fmt"
	"time"

	"github.com/peltonhq/pelton/actor/rollout"
)

// probe is the account of a version that comes in, and of the one that goes.
type probe struct {
	*rollout.Probe

	version  *version
	old      *version
	answered chan struct{} // closed when a caller of Swap may be answered
	ended    chan struct{} // closed when everything that follows from the decision is done
}

func (p *Plugin) newProbe(v, old *version, s *Strategy, state State) *probe {
	b := &probe{
		Probe: rollout.New(v.Revision, *s, p.terms.Load().health, state), version: v, old: old,
		answered: make(chan struct{}), ended: make(chan struct{}),
	}
	b.Until(p.options.Now().Add(b.Span()))
	return b
}

// busy is a swap that is not answered yet.
type busy struct {
	kind     rollout.Kind
	state    State
	revision int
}

func (b *busy) String() string { return fmt.Sprintf("revision %d is %s", b.revision, b.state) }

// Swap puts version v in the place of the one that runs, as the strategy says. It starts v's instances first; if one fails,
// the old version is untouched (W2). Then each actor changes over between two turns (W1): for all messages, or in a canary
// for its share. The old instances stay, with their state, until the health window is over.
//
// Swap answers within its bounds (W3): live, as soon as Health.MinSamples deliveries went well within the rate or the
// window passed without a breach, and in a canary after its last step; or rolled back, with the reason. After an early live
// answer the window goes on and may still end in a rollback, told by Options.OnChange and Stats; the next Swap ends it.
//
// The Plugin owns v.Module from now on, whatever the answer. Errors: ErrSwapping, ErrClosed, ErrPaused (of a canary or shadow),
// or that of ctx; if ctx ends during the probe, the probe goes on, but a shadow ends.
func (p *Plugin) Swap(ctx context.Context, v Version, s Strategy) (Result, error) {
	s.Defaults()
	v.defaults(&p.options)
	next := adopt(v, p.live.Load())
	last, err := p.reserve(v.Revision, s.Kind)
	if err != nil {
		next.lease.Release()
		return Result{}, err
	}
	defer p.group.Done()
	if last != nil {
		last.Decide(rollout.Upheld, "")
		<-last.ended
	}
	old := p.live.Load()
	p.become(StateLoading)
	p.tell(StateLoading, next, -1, "")
	var figures *Figures
	if s.Kind == Shadow {
		if figures, err = p.shadow(ctx, next, old, &s); err != nil {
			return p.refuse(ctx, next, err, figures)
		}
	}
	probe, err := p.introduce(ctx, next, old, &s)
	if err != nil {
		return p.refuse(ctx, next, err, figures)
	}
	select {
	case <-probe.answered:
	case <-ctx.Done():
		return Result{State: probe.State()}, ctx.Err()
	}
	r := Result{State: StateLive, Figures: probe.Figures()}
	if figures != nil {
		r.Figures.Shadow = figures.Shadow
	}
	if probe.Decision() == rollout.Revoked {
		<-probe.ended
		r.State, r.Reason = StateRolledBack, probe.Reason()
	}
	return r, nil
}

// reserve admits one swap at a time, and gives the probe of the last one if its window is still open. The caller holds
// the plugin's group until it is done.
func (p *Plugin) reserve(revision int, kind rollout.Kind) (*probe, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		return nil, ErrClosed
	case p.busy != nil:
		return nil, fmt.Errorf("%w: %v; try again when it is answered", ErrSwapping, p.busy)
	case p.idle && kind != Immediate:
		return nil, fmt.Errorf("%w: nothing flows that a %s could be judged by; resume it, or swap it at once", ErrPaused, kind)
	}
	p.busy = &busy{kind: kind, state: StateLoading, revision: revision}
	p.group.Add(1)
	return p.probe, nil
}

// release lets the next swap begin.
func (p *Plugin) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.busy = nil
}

// refuse answers a swap whose version did not come in.
func (p *Plugin) refuse(ctx context.Context, v *version, cause error, f *Figures) (Result, error) {
	v.lease.Release()
	p.become(StateLive)
	p.release()
	p.report(StateRolledBack, v, -1, cause.Error(), f)
	if p.ctx.Err() != nil {
		return Result{}, ErrClosed
	}
	return Result{State: StateRolledBack, Reason: cause.Error(), Figures: f}, ctx.Err()
}

// introduce starts v's instances and hands them to the actors.
func (p *Plugin) introduce(ctx context.Context, v, old *version, s *Strategy) (*probe, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(p.ctx, cancel)() //nolint:contextcheck // it joins the caller's and the plugin's
	instances, err := p.load(ctx, v, old, &p.options.Env)
	if err != nil {
		return nil, err
	}
	probe := p.newProbe(v, old, s, StateProbing)
	if !p.promote(probe, instances) {
		for _, i := range instances {
			p.dispose(v, i)
		}
		return nil, ErrClosed
	}
	p.become(probe.State())
	p.tell(probe.State(), v, -1, probe.Words())
	p.callAll()
	p.group.Go(func() { p.watch(probe) })
	return probe, nil
}

// promote hands v's instances to the actors, which but for a canary do the work with it; false if the plugin was closed.
func (p *Plugin) promote(probe *probe, instances []Instance) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.busy.state = probe.State()
	p.probe = probe
	for i, s := range p.slots {
		s.arrivals = append(s.arrivals, arrival{seat: newSeat(probe.version, instances[i]), probe: probe})
		s.attention.Store(true)
	}
	if probe.Route == nil {
		p.live.Store(probe.version) // last: a turn offered by who reads it is run by the new version
	}
	return true
}

const lookEvery = 100 * time.Millisecond // at the figures of both versions

// watch ends a probe: at the end of the window, when it is decided, or when the plugin closes.
func (p *Plugin) watch(probe *probe) {
	end, look := time.NewTimer(probe.Span()), time.NewTicker(lookEvery)
	defer end.Stop()
	defer look.Stop()
	early, answered := probe.Early, false
	if probe.Comparing() {
		early = nil
	}
	for {
		select {
		case <-early:
			early, answered = nil, true
			p.welcome(probe)
		case <-look.C:
			probe.Look(false)
		case <-end.C:
			if probe.Pending(int(p.options.SwapTimeout / lookEvery)) {
				end.Reset(lookEvery)
				continue
			}
			probe.Look(true)
			switch {
			case probe.Decision() != rollout.Undecided: // at that look
			case !probe.Comparing():
				probe.Decide(rollout.Upheld, "")
			case probe.Next():
				p.tell(StateCanary, probe.version, -1, probe.Words())
				p.extend(probe, end)
			default:
				answered = true
				p.live.Store(probe.version)
				p.welcome(probe)
				p.extend(probe, end)
			}
		case <-p.ctx.Done():
			if probe.Comparing() {
				probe.Decide(rollout.Revoked, "the plugin is closed")
			}
			probe.Decide(rollout.Upheld, "")
		case <-probe.Decided:
			p.conclude(probe, answered)
			return
		}
	}
}

// extend begins the time of a step.
func (p *Plugin) extend(probe *probe, end *time.Timer) {
	probe.Until(p.options.Now().Add(probe.Span()))
	end.Reset(probe.Span())
}

// welcome answers the swap while the health window goes on.
func (p *Plugin) welcome(probe *probe) {
	p.become(StateLive)
	p.report(StateLive, probe.version, -1, "", probe.Figures())
	p.release()
	close(probe.answered)
}

// conclude does what follows from the decision; answered says that the caller of Swap was told live already.
func (p *Plugin) conclude(probe *probe, answered bool) {
	gone := probe.old
	if probe.Decision() == rollout.Revoked {
		gone = probe.version
		p.live.Store(probe.old)
		p.report(StateRolledBack, probe.version, -1, probe.Reason(), probe.Figures())
	} else {
		if !answered {
			p.report(StateLive, probe.version, -1, "", probe.Figures())
		}
		p.report(StateSuperseded, probe.old, -1, "", probe.Figures())
	}
	p.callAll()
	gone.lease.Release()
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
