package feed

import (
	"context"
	"errors"

	"github.com/peltonhq/pelton/delivery/lot"
	"github.com/peltonhq/pelton/engine/config"
)

// Drain ends the lanes, so that nothing of them is under way: everything that they handed over is settled, or waits in the
// store. The source stays open, and takes in what it is sent. [Feed.Resume] must follow, whatever the error: that only
// says what could not be finished in time, and is handled again.
func (f *Feed) Drain(ctx context.Context) error {
	f.turn.Lock()
	return drain(ctx, f.Loops())
}

// Resume begins the lanes again after [Feed.Drain], where they ended.
func (f *Feed) Resume(ctx context.Context, c config.Source, w *Wiring) error {
	defer f.turn.Unlock()
	f.Use(c, w)
	var errs []error
	for _, r := range f.Loops() {
		if err := f.openLane(ctx, r.Lane, r.Loop); err != nil && !errors.Is(err, errEnding) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Use is what lanes that begin from now on are run with.
func (f *Feed) Use(c config.Source, w *Wiring) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.c, f.wiring = c, w
}

// Config is that of the source.
func (f *Feed) Config() config.Source {
	c, _ := f.now()
	return c
}

// Waiting reports whether something of its lanes is parked: it comes back to a plugin that the source may not reach.
func (f *Feed) Waiting() (bool, error) {
	for _, r := range f.Loops() {
		id := r.Lane.ID()
		if held, err := lot.Holds(f.wheel.Store, id.Source, id.Lane); held || err != nil {
			return held, err
		}
	}
	return false, nil
}
