package feed

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/delivery/lot"
	"github.com/peltonhq/pelton/engine/class"
	"github.com/peltonhq/pelton/loop"
	"github.com/peltonhq/pelton/source"
	"github.com/peltonhq/pelton/store"
)

// sharing is what a feed has whose lanes come and go.
type sharing struct {
	rests sync.Mutex // a lane begins, or begins to rest: one name has one loop
}

// host runs the lanes of one shared source.
type host struct{ f *Feed }

var _ source.Host = host{}

var errEnding = errors.New("the wheel is ending")

// join opens what rests here, then lets the source take part. All its lanes must have room at once: when the other
// members are gone, this wheel has them all.
func (f *Feed) join(ctx context.Context, s source.Shared, all []source.Lane) error {
	size, largest := f.wheel.ArenaSize()
	if need := int64(len(all)) * laneShare(largest); need > size {
		return class.Usage(fmt.Errorf("%d lanes need %d bytes of its arena, each four times arena.max_message, and arena.size is %d; raise arena.size or lower arena.max_message",
			len(all), need, size))
	}
	h := host{f}
	for _, lane := range all {
		if err := h.rest(ctx, lane.ID()); err != nil {
			return err
		}
	}
	if err := s.Join(ctx, h); err != nil {
		return class.Usage(err)
	}
	return nil
}

// laneShare is what a loop's two lanes of an arena have for sure, in whole pages.
func laneShare(largest int64) int64 {
	const page = 4 << 10
	return 4 * ((largest + page - 1) / page * page)
}

// Begin implements [source.Host].
func (h host) Begin(ctx context.Context, l source.Lane) error {
	h.f.rests.Lock()
	defer h.f.rests.Unlock()
	limited, cancel := context.WithTimeout(ctx, h.f.wheel.Drain)
	defer cancel()
	h.end(limited, l.ID().Lane)
	err := h.f.openLane(ctx, l, nil)
	if err != nil && !errors.Is(err, errEnding) {
		h.f.wheel.Fail(fmt.Errorf("source %s: %w", h.f.Name, err))
	}
	return err
}

// End implements [source.Host].
func (h host) End(ctx context.Context, l source.Lane) {
	h.end(ctx, l.ID().Lane)
	h.f.rests.Lock()
	defer h.f.rests.Unlock()
	if err := h.rest(ctx, l.ID()); err != nil && !errors.Is(err, errEnding) {
		h.f.wheel.Fail(fmt.Errorf("source %s: %w", h.f.Name, err))
	}
}

// Warn implements [source.Host].
func (h host) Warn(err error) {
	h.f.warn(err.Error())
}

// end closes the loop of a lane, if there is one. It stays on the list until then, so that no other takes its name.
func (h host) end(ctx context.Context, name string) {
	r, ok := h.f.lane(name)
	if !ok {
		return
	}
	if err := r.Loop.Close(ctx); err != nil { // what it did not finish is its next owner's
		h.Warn(err)
	}
	h.f.remove(r)
}

// rest lets what is parked of a lane come back while another wheel reads it.
func (h host) rest(ctx context.Context, id pelton.LaneID) error {
	parked, err := lot.Holds(h.f.wheel.Store, id.Source, id.Lane)
	if err != nil || !parked {
		return err
	}
	return h.f.openLane(ctx, source.Rest(id), nil)
}

// RestAgain is for a record that came into the lot of a lane that has no loop.
func (f *Feed) RestAgain(ctx context.Context, id pelton.LaneID) error {
	if !f.Shared() {
		return nil
	}
	f.rests.Lock()
	defer f.rests.Unlock()
	if _, open := f.lane(id.Lane); open {
		return nil
	}
	if err := (host{f}).rest(ctx, id); !errors.Is(err, errEnding) {
		return err
	}
	return nil
}

// Shared reports whether the lanes come and go as the source says.
func (f *Feed) Shared() bool {
	_, ok := f.source.(source.Shared)
	return ok
}

func (f *Feed) lane(name string) (Running, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.lanes, func(r Running) bool { return r.Lane.ID().Lane == name })
	if i < 0 {
		return Running{}, false
	}
	return f.lanes[i], true
}

// remove takes a lane whose loop is closed off the list, and keeps its counts, so that the source's go on.
func (f *Feed) remove(r Running) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.strike(r.Loop)
}

// strike is remove with the mutex held.
func (f *Feed) strike(l *loop.Loop) {
	i := slices.IndexFunc(f.lanes, func(r Running) bool { return r.Loop == l })
	if i < 0 {
		return
	}
	f.past.add(&f.lanes[i])
	f.lanes = slices.Delete(slices.Clone(f.lanes), i, i+1)
}

// add puts a lane on the list, in the place of one that is over, unless the feed is being closed.
func (f *Feed) add(r Running, before *loop.Loop) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return errEnding
	}
	f.strike(before)
	f.lanes = append(f.lanes, r)
	return nil
}

// shut lets no lane begin any more, and returns those that run.
func (f *Feed) shut() []Running {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	return append([]Running(nil), f.lanes...)
}

// instance is the random name of this wheel, which is kept in its store.
func (w *Wheel) instance(ctx context.Context) (string, error) {
	made := rand.Text()
	if w.Store == nil { // a check
		return made, nil
	}
	key := store.Key(store.SpaceMeta, "wheel")
	value, err := w.Store.Get(key)
	if err == nil {
		return string(value), nil
	}
	if !errors.Is(err, store.ErrNotFound) {
		return "", err
	}
	token, err := w.Store.Claim(ctx, "wheel")
	if err != nil {
		return "", err
	}
	_, err = w.Store.Append(ctx, token, []store.Record{{Op: store.Put, Key: key, Value: []byte(made)}})
	return made, err
}
