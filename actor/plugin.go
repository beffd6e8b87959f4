package actor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor/launch"
)

// Plugin is the supervised group of instances of one plugin. Its methods are safe for use by several goroutines.
type Plugin struct {
	options Options
	slots   []*slot
	folds   chan *fold // nil unless the plugin is a reducer
	live    atomic.Pointer[version]
	terms   atomic.Pointer[terms]
	state   atomic.Pointer[State]
	closing atomic.Bool // as closed, for Offer
	group   sync.WaitGroup
	ctx     context.Context //nolint:containedctx // of the plugin's life: Close cancels it
	cancel  context.CancelFunc
	gone    chan struct{} // closed when Close is over

	mu     sync.Mutex // off the path of turns
	closed bool
	busy   *busy  // a swap under way; nil: another may begin
	probe  *probe // the last swap's, until it ended
	idle   bool   // it is paused
}

// Open starts the instances of version v. Its error carries the plugin's words. The Plugin owns v.Module from now on,
// also when Open fails: it is closed after its last instance.
func Open(ctx context.Context, o Options, v Version) (*Plugin, error) {
	o.defaults()
	p := &Plugin{options: o, gone: make(chan struct{})}
	p.Adjust(o.Health, o.Handover)
	p.ctx, p.cancel = context.WithCancel(context.Background())
	v.defaults(&p.options)
	first := adopt(v, nil)
	instances, err := p.load(ctx, first, nil, &p.options.Env)
	if err != nil {
		first.lease.Release()
		p.cancel()
		return nil, fmt.Errorf("plugin %s: %w", o.Env.Plugin, err)
	}
	if first.reducer {
		p.folds = make(chan *fold)
	}
	p.live.Store(first)
	p.tell(StateLive, first, -1, "")
	p.become(StateLive)
	for i, instance := range instances {
		s := p.newSlot(i, o.Mailbox, &p.options.Env)
		s.folds = p.folds
		s.counters.memory.Store(instance.Memory())
		p.slots = append(p.slots, s)
		a := newActor(s)
		a.current = newSeat(first, instance)
		p.group.Go(a.serve)
	}
	return p, nil
}

func (p *Plugin) newSlot(index, mailbox int, env *Env) *slot {
	return &slot{plugin: p, index: index, env: env, mailbox: make(chan *Turn, mailbox), wake: make(chan struct{}, 1)}
}

// load starts an instance for each mailbox, or none: on an error those that started are closed again.
func (p *Plugin) load(ctx context.Context, v, old *version, env *Env) (instances []Instance, err error) {
	defer func() {
		if err != nil {
			for _, i := range instances {
				p.dispose(v, i)
			}
			instances = nil
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, p.options.SwapTimeout)
	defer cancel()
	for range p.options.Instances {
		began := time.Now()
		i, _, err := p.begin(ctx, v, env).Wait(nil)
		if err != nil {
			return instances, err
		}
		v.took = max(v.took, time.Since(began))
		instances = append(instances, i)
	}
	v.outputs, v.reducer = slices.Clone(instances[0].Outputs()), instances[0].Reducer()
	if old != nil && v.reducer != old.reducer {
		return instances, errors.New("a reducer can't take the place of a plugin that handles messages, nor the other way round")
	}
	for _, name := range p.required() {
		if !launch.Declares(v.outputs, name) {
			return instances, &UndeclaredError{Output: name, Declared: slices.Clone(v.outputs)}
		}
	}
	return instances, nil
}

// Outputs are what the version that does the work declared.
func (p *Plugin) Outputs() []pelton.Output { return slices.Clone(p.live.Load().outputs) }

// Instances is the number of mailboxes.
func (p *Plugin) Instances() int { return len(p.slots) }

// Offer puts a turn into the mailbox of an instance, 0 … Instances-1, without blocking. False means that the mailbox is
// full or the plugin is closed: the turn is still the caller's. Else it is lent, and t.Reply gives it back exactly once,
// on an actor's goroutine.
func (p *Plugin) Offer(instance int, t *Turn) bool {
	s := p.slots[instance]
	s.offering.Add(1)
	defer s.offering.Add(-1)
	if p.closing.Load() {
		return false
	}
	select {
	case s.mailbox <- t:
		return true
	default:
		return false
	}
}

// Reduce folds each call by one of the instances. It blocks until one is free and done. A call's own failure is in
// calls[i].Err: a *Fault if it made the plugin fail, another error if the plugin refused it. The error of Reduce says
// that nothing was folded. The bytes of the calls must never be changed, even after Reduce gave up.
func (p *Plugin) Reduce(ctx context.Context, calls []Call) error {
	if p.folds == nil {
		return ErrReducer
	}
	if len(calls) == 0 {
		return nil
	}
	f := &fold{calls: slices.Clone(calls), revisions: make([]int, len(calls)), done: make(chan struct{})}
	select {
	case p.folds <- f:
	case <-ctx.Done():
		return ctx.Err()
	case <-p.ctx.Done():
		return ErrClosed
	}
	select {
	case <-f.done:
		if f.err == nil {
			copy(calls, f.calls)
			for i, revision := range f.revisions {
				calls[i].Revision = revision
			}
		}
		return f.err
	case <-ctx.Done():
		return ctx.Err()
	case <-p.gone:
		return ErrClosed
	}
}

// Close ends the plugin: each actor finishes the step that it is in, answers what is queued as lost, and closes its
// instances. The error says that an instance could not be stopped in time; its turn is answered when it returns.
func (p *Plugin) Close(ctx context.Context) error {
	if !p.shut() {
		<-p.gone
		return nil
	}
	defer close(p.gone)
	ctx, cancel := context.WithTimeout(ctx, p.options.SwapTimeout)
	defer cancel()
	done := make(chan struct{})
	go func() {
		p.group.Wait()
		close(done)
	}()
	var err error
	select {
	case <-done:
	case <-ctx.Done():
		err = fmt.Errorf("plugin %s: an instance is still in its turn and can't be stopped: %w", p.options.Env.Plugin, ctx.Err())
	}
	live := p.live.Load()
	p.tell(StateClosed, live, -1, "")
	live.lease.Release()
	return err
}

// shut marks the plugin as closed; false if it was already.
func (p *Plugin) shut() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.closed = true
	p.closing.Store(true)
	p.state.Store(new(StateClosed))
	p.cancel()
	p.callAll() // BEFORE a vacant actor starts: it must see the end, not take a turn
	for _, s := range p.slots {
		if next := s.vacant; next != nil {
			s.vacant = nil
			p.group.Go(next.serve)
		}
	}
	return true
}

// callAll makes every actor look at what changed.
func (p *Plugin) callAll() {
	for _, s := range p.slots {
		s.call()
	}
}

// become shows s in Stats; a closed plugin stays closed.
func (p *Plugin) become(s State) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.state.Store(&s)
	}
}

func (p *Plugin) tell(s State, v *version, instance int, reason string) {
	p.report(s, v, instance, reason, nil)
}

func (p *Plugin) report(s State, v *version, instance int, reason string, f *Figures) {
	e := Event{Time: p.options.Now(), State: s, Revision: v.Revision, Digest: v.Digest, Instance: instance, Reason: reason, Figures: f}
	if s == StateSuperseded {
		e.By = p.live.Load().Revision
	}
	p.options.OnChange(e)
}
