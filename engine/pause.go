package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/delivery"
	"github.com/peltonhq/pelton/engine/revision"
	"github.com/peltonhq/pelton/engine/tail"
	"github.com/peltonhq/pelton/loop"
	"github.com/peltonhq/pelton/store"
)

// held is how an operator holds a plugin back, and what it logged: both outlive a box that another takes the place of.
type held struct {
	log   *tail.Log[api.LogLine]
	marks sync.Mutex    // a mark is being changed
	pause atomic.Uint32 // a delivery.Pause
	stop  func()        // ends the release of what a pause parked
}

// keep gives a box what is kept for its name; at first it is held back as it was when the wheel stopped.
func (w *wheel) keep(b *box, d *revision.Plugin) {
	b.held = w.held[b.name]
	if b.held == nil {
		b.held = &held{log: tail.Lines(int64(w.c.Limits.Logs)), stop: func() {}}
		b.pause.Store(uint32(pauseOf(d.Paused)))
		w.held[b.name] = b.held
	}
}

func pauseOf(m *api.Mark) delivery.Pause {
	switch {
	case m == nil:
		return delivery.Flowing
	case m.Park:
		return delivery.Parking
	}
	return delivery.Paused
}

// paused is how the plugins of the plan are held back.
func (s *world) paused() []delivery.Pause {
	all := make([]delivery.Pause, len(s.plan.Plugins))
	for i := range all {
		all[i] = delivery.Pause(s.boxes[i].pause.Load())
	}
	return all
}

// Pin implements [api.Operators].
func (p plugins) Pin(ctx context.Context, name string, on bool, by api.By) (api.Plugin, error) {
	b, err := p.find(name)
	if err != nil {
		return api.Plugin{}, err
	}
	if on && b.kind == "native" {
		return api.Plugin{}, api.Errorf(api.FailedPrecondition, "plugin %s is native Go code of this program: only another program changes it", name)
	}
	if !b.mu.TryLock() { // what would be pinned is undecided
		return api.Plugin{}, b.swapping()
	}
	defer b.mu.Unlock()
	var mark *api.Mark
	kind := "unpinned"
	if on {
		mark, kind = markOf(by), "pinned"
	}
	err = p.book.Commit(ctx, revision.Change{Plugin: name, Set: func(d *revision.Plugin) { d.Pinned = mark }})
	if err != nil {
		return api.Plugin{}, err
	}
	p.event(Event{Event: kind, Plugin: name, Revision: b.current.Revision, Reason: revision.By(markOf(by))})
	return p.row(b), nil
}

func markOf(by api.By) *api.Mark {
	return &api.Mark{Who: by.Who, Why: by.Why, At: time.Now().UTC()}
}

// Pause implements [api.Operators].
func (p plugins) Pause(ctx context.Context, name string, park bool, by api.By) (api.Plugin, error) {
	b, err := p.find(name)
	if err != nil {
		return api.Plugin{}, err
	}
	if b.reduces() {
		return api.Plugin{}, api.Errorf(api.FailedPrecondition, "plugin %s is a reducer, which is offered no messages: pause the plugins that emit into its session", name)
	}
	mark := markOf(by)
	mark.Park = park
	if err := p.mark(ctx, b, mark); err != nil {
		return api.Plugin{}, err
	}
	p.event(Event{Event: "paused", Plugin: name, Reason: revision.By(mark)})
	return p.row(b), nil
}

// Resume implements [api.Operators].
func (p plugins) Resume(ctx context.Context, name string, by api.By) (api.Plugin, error) {
	b, err := p.find(name)
	if err != nil {
		return api.Plugin{}, err
	}
	if err := p.mark(ctx, b, nil); err != nil {
		return api.Plugin{}, err
	}
	p.unstop(b) // also one that its last attempt stopped
	p.event(Event{Event: "resumed", Plugin: name, Reason: revision.By(markOf(by))})
	return p.row(b), nil
}

// mark pauses a plugin or, without a mark, lets it go on: in the store first, so that a restart does not undo it.
func (p plugins) mark(ctx context.Context, b *box, m *api.Mark) error {
	b.marks.Lock()
	defer b.marks.Unlock()
	b.stop()
	pause, parked := pauseOf(m), false
	err := p.book.Commit(ctx, revision.Change{Plugin: b.name, Set: func(d *revision.Plugin) {
		d.Paused = m
		d.Parked = d.Parked || pause == delivery.Parking
		parked = d.Parked
	}})
	if err != nil {
		return err
	}
	b.pause.Store(uint32(pause)) // for lanes that open
	b.plugin.Pause(pause == delivery.Paused)
	for _, f := range p.now().feeds {
		f.Pause(b.name, pause)
	}
	if parked && m == nil {
		p.release(b)
	}
	return nil
}

// openPaused goes on with what a resume before the restart did not finish.
func (w *wheel) openPaused(context.Context) error {
	w.later(func(context.Context) error {
		w.tasks.Wait()
		return nil
	})
	for _, b := range w.now().boxes {
		if d := w.book.Plugin(b.name); d.Parked && d.Paused == nil {
			b.marks.Lock()
			w.release(b)
			b.marks.Unlock()
		}
	}
	return nil
}

// release lets deliveries come back that were parked since their plugin was paused, in the background: there may be many.
// b.marks is locked.
func (w *wheel) release(b *box) {
	ctx, over := w.ending(context.Background(), true)
	ctx, cancel := context.WithCancel(ctx)
	b.stop = cancel
	w.tasks.Go(func() {
		defer over()
		defer cancel()
		err := w.letGo(ctx, b.name)
		if ctx.Err() != nil {
			return // paused again, or the wheel stops: the store knows that something is left
		}
		b.marks.Lock()
		defer b.marks.Unlock()
		if err == nil && ctx.Err() == nil {
			err = w.book.Commit(ctx, revision.Change{Plugin: b.name, Set: func(d *revision.Plugin) { d.Parked = false }})
		}
		if err != nil && ctx.Err() == nil {
			w.event(Event{Event: "warning", Plugin: b.name, Reason: fmt.Sprintf("plugin %s: releasing what its pause parked: %v; `pelton parked release --plugin %s --kind pause` does it", b.name, err, b.name)})
		}
	})
}

// letGo makes what a pause parked due.
func (w *wheel) letGo(ctx context.Context, plugin string) error {
	// What a lane parked last is durable before it is looked for: an append of it goes the same way.
	marker := []store.Record{{Op: store.Delete, Key: store.Key(store.SpaceMeta, "resumed", plugin)}}
	for _, l := range w.loops() {
		err := l.Act(ctx, func(func(pelton.EffectID) bool) ([]store.Record, error) { return marker, nil })
		if err != nil && !errors.Is(err, loop.ErrClosed) { // one that is over appended it before it was
			return err
		}
	}
	_, err := w.letters.Release(ctx, nil, api.ParkedQuery{Plugin: plugin, Kind: api.ParkedPause}, false)
	return err
}
