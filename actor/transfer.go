package actor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/peltonhq/pelton/actor/handover"
	"github.com/peltonhq/pelton/actor/rollout"
)

// transfer hands the state of one seat over to another, between two turns. On an error the seat to has an instance without
// it, or none. The seat from loses its own only if saving broke it.
func (a *actor) transfer(from, to *seat) error {
	p, o := a.slot.plugin, a.slot.plugin.terms.Load().handover
	if !o.On || from.instance == nil || from.version.reducer {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), o.Timeout)
	defer cancel()
	result, gone := make(chan handover.Result), make(chan struct{})
	old, next := from.instance, to.instance
	p.group.Go(func() {
		m := handover.Move(ctx, old, next, o.MaxSize)
		select {
		case result <- m:
		case <-gone: // a native plugin can't be stopped
			p.dispose(from.version, old)
			p.dispose(to.version, next)
		}
	})
	late := time.NewTimer(o.Timeout + patienceOfSave)
	defer late.Stop()
	var m handover.Result
	select {
	case m = <-result:
	case <-late.C:
		close(gone)
		from.fail()
		to.fail()
		return fmt.Errorf("it took longer than state.timeout of %v", o.Timeout)
	}
	if f, ok := errors.AsType[*Fault](m.Saved); ok && f.Broken {
		p.dispose(from.version, old)
		from.fail()
	}
	if m.Loaded != nil && !errors.Is(m.Loaded, handover.ErrNoLoad) {
		p.dispose(to.version, next) // half of it may be there
		to.instance = nil
	}
	return m.Err()
}

const patienceOfSave = 100 * time.Millisecond // for a runtime that ends a plugin which is over time

// fallback does what is configured for a state that could not be handed over.
func (p *Plugin) fallback(probe *probe, instance int, err error) {
	reason := fmt.Sprintf("the state of revision %d could not be handed over: %v", probe.old.Revision, err)
	if !p.terms.Load().handover.Abort {
		p.tell(StateFresh, probe.version, instance, reason)
	} else if probe.Decide(rollout.Revoked, reason) {
		p.callAll()
	}
}
