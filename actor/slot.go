package actor

import (
	"sync/atomic"
	"time"

	"github.com/peltonhq/pelton/actor/guard"
	"github.com/peltonhq/pelton/actor/rollout"
)

// slot is one mailbox and what is known of the actors that serve it: one that works, and those that are stuck in a
// turn. The fields after mailbox are guarded by Plugin.mu; attention tells the actor to look at them.
type slot struct {
	plugin    *Plugin
	index     int
	env       *Env // of its instances
	mailbox   chan *Turn
	folds     chan *fold    // of all mailboxes of the plugin; nil unless it is a reducer
	wake      chan struct{} // of capacity 1: attention was set
	attention atomic.Bool
	stuck     atomic.Int32
	offering  atomic.Int32 // calls of Offer in progress
	pending   atomic.Int32 // length of returned
	counters  counters

	arrivals []arrival
	returned []*job // from actors that were stuck, to be finished by the one that works
	vacant   *actor // waits until fewer actors are stuck
	shades
}

// shades are the shadows of a mailbox.
type shades struct {
	of   *shade // that it is the mailbox of; nil for one of the plugin's
	cast *shade // to be begun
	lift bool   // the one under way is over
	over bool   // this mailbox is closed though the plugin goes on
}

// arrival gives an actor the instance of a new version.
type arrival struct {
	seat  *seat
	probe *probe
}

// call makes the actor look at the slot before its next turn.
func (s *slot) call() {
	s.attention.Store(true)
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// takeover is called when a turn shows no sign of life: a new actor gets the mailbox, and the old one keeps only its turn and
// its instance until it returns. The compare-and-swap decides against a turn that returns at this moment.
func (a *actor) takeover(turn uint64) {
	if !a.turn.CompareAndSwap(turn, stuck) {
		return
	}
	s, p := a.slot, a.slot.plugin
	s.stuck.Add(1)
	p.tell(StateStuck, a.running.version, s.index, "its turn shows no sign of life and can't be stopped")
	next := newActor(s)
	next.current, next.paused, next.probe, next.shade, next.idle = a.current, a.paused, a.probe, a.shade, a.idle
	empty := newSeat(a.running.version, nil)
	if a.running == a.current {
		next.current = empty
		lasted := guard.Patience(time.Duration(a.running.version.Limits.Time))
		if probe := a.judges(a.running); probe != nil && probe.Record(rollout.NewSide, told(errStuck, s.index, 1, 1, lasted)) {
			p.callAll()
		}
	} else {
		next.paused = empty
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.stuck.Load() > maxStuck && !p.closed && !s.over {
		s.vacant = next
		return
	}
	p.group.Go(next.serve)
}

// surrender ends the actor that was stuck: its instance is closed and its job goes to the actor that has the mailbox
// now.
func (a *actor) surrender(j *job) {
	s, p := a.slot, a.slot.plugin
	s.counters.late.Add(1)
	p.dispose(a.running.version, a.running.instance)
	p.mu.Lock()
	s.stuck.Add(-1)
	if next := s.vacant; next != nil {
		s.vacant = nil
		p.group.Go(next.serve)
	}
	closed := p.closed || s.over
	if !closed {
		s.returned = append(s.returned, j)
		s.pending.Add(1)
	}
	p.mu.Unlock()
	if closed {
		j.abandon(s)
		return
	}
	s.call()
}

// unfinished takes a job that an actor left when it was stuck.
func (s *slot) unfinished() *job {
	if s.pending.Load() == 0 {
		return nil
	}
	p := s.plugin
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(s.returned) == 0 {
		return nil
	}
	j := s.returned[0]
	s.returned = s.returned[1:]
	s.pending.Add(-1)
	return j
}

// lose answers a turn that was not run.
func (s *slot) lose(t *Turn) {
	t.Begin(0)
	t.Lost = true
	s.counters.lost.Add(1)
	t.Reply(t)
}
