package engine

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/delivery/lot"
	"github.com/peltonhq/pelton/engine/gauge"
	"github.com/peltonhq/pelton/loop"
	"github.com/peltonhq/pelton/source"
	"github.com/peltonhq/pelton/store"
)

// sharing is what a feed has whose lanes come and go.
type sharing struct {
	rests  sync.Mutex // a lane begins, or begins to rest: one name has one loop
	closed bool       // guarded by the feed's mutex: no lane begins any more
	past   loop.Stats // guarded by the feed's mutex: the counts of lanes that are gone
}

// host runs the lanes of one shared source.
type host struct {
	*wheel
	f *feed
}

var _ source.Host = host{}

var errEnding = errors.New("the wheel is ending")

// join opens what rests here, then lets the source take part. All its lanes must have room at once: when the other
// members are gone, this wheel has them all.
func (w *wheel) join(ctx context.Context, f *feed, s source.Shared, all []source.Lane) error {
	size, largest := w.arenaSize()
	if need := int64(len(all)) * laneShare(largest); need > size {
		return usage(fmt.Errorf("%d lanes need %d bytes of its arena, each four times arena.max_message, and arena.size is %d; raise arena.size or lower arena.max_message",
			len(all), need, size))
	}
	h := host{w, f}
	for _, lane := range all {
		if err := h.rest(ctx, lane.ID()); err != nil {
			return err
		}
	}
	if err := s.Join(ctx, h); err != nil {
		return usage(err)
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
	limited, cancel := context.WithTimeout(ctx, h.c.Shutdown.Timeout.Std())
	defer cancel()
	h.end(limited, l.ID().Lane)
	err := h.openLane(ctx, h.f, l)
	if err != nil && !errors.Is(err, errEnding) {
		h.fail(fmt.Errorf("source %s: %w", h.f.name, err))
	}
	return err
}

// End implements [source.Host].
func (h host) End(ctx context.Context, l source.Lane) {
	h.end(ctx, l.ID().Lane)
	h.f.rests.Lock()
	defer h.f.rests.Unlock()
	if err := h.rest(ctx, l.ID()); err != nil && !errors.Is(err, errEnding) {
		h.fail(fmt.Errorf("source %s: %w", h.f.name, err))
	}
}

// Warn implements [source.Host].
func (h host) Warn(err error) {
	h.event(Event{Event: "warning", Source: h.f.name, Reason: fmt.Sprintf("source %s: %v", h.f.name, err)})
}

// end closes the loop of a lane, if there is one. It stays on the list until then, so that no other takes its name.
func (h host) end(ctx context.Context, name string) {
	r, ok := h.f.running(name)
	if !ok {
		return
	}
	if err := r.loop.Close(ctx); err != nil { // what it did not finish is its next owner's
		h.Warn(err)
	}
	h.f.remove(r)
}

// rest lets what is parked of a lane come back while another wheel reads it.
func (h host) rest(ctx context.Context, id pelton.LaneID) error {
	parked, err := lot.Holds(h.store, id.Source, id.Lane)
	if err != nil || !parked {
		return err
	}
	return h.openLane(ctx, h.f, source.Rest(id))
}

// restAgain is for a record that came into the lot of a lane that has no loop.
func (w *wheel) restAgain(ctx context.Context, id pelton.LaneID) error {
	i := slices.IndexFunc(w.feeds, func(f *feed) bool { return f.name == id.Source })
	if i < 0 {
		return nil
	}
	f := w.feeds[i]
	if _, ok := f.source.(source.Shared); !ok {
		return nil
	}
	f.rests.Lock()
	defer f.rests.Unlock()
	if w.lane(id) != nil {
		return nil
	}
	if err := (host{w, f}).rest(ctx, id); !errors.Is(err, errEnding) {
		return err
	}
	return nil
}

func (f *feed) running(name string) (running, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.lanes, func(r running) bool { return r.lane.ID().Lane == name })
	if i < 0 {
		return running{}, false
	}
	return f.lanes[i], true
}

// remove takes a lane whose loop is closed off the list, and keeps its counts, so that the source's go on.
func (f *feed) remove(r running) {
	s := r.loop.Stats()
	f.mu.Lock()
	defer f.mu.Unlock()
	n := len(f.lanes)
	f.lanes = slices.DeleteFunc(slices.Clone(f.lanes), func(o running) bool { return o.loop == r.loop })
	if len(f.lanes) < n {
		gauge.Sum(&f.past, &s)
	}
}

// add puts a lane on the list, unless the feed is being closed.
func (f *feed) add(r running) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return errEnding
	}
	f.lanes = append(f.lanes, r)
	return nil
}

// shut lets no lane begin any more, and returns those that run.
func (f *feed) shut() []running {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	return append([]running(nil), f.lanes...)
}

// gone are the counts of lanes that are gone.
func (f *feed) gone() loop.Stats {
	f.mu.Lock()
	defer f.mu.Unlock()
	past := f.past
	past.Counts = past.Counts.Copy()
	return past
}

// instance is the random name of this wheel, which is kept in its store.
func (w *wheel) instance(ctx context.Context) (string, error) {
	made := rand.Text()
	if w.store == nil { // a check
		return made, nil
	}
	key := store.Key(store.SpaceMeta, "wheel")
	value, err := w.store.Get(key)
	if err == nil {
		return string(value), nil
	}
	if !errors.Is(err, store.ErrNotFound) {
		return "", err
	}
	token, err := w.store.Claim(ctx, "wheel")
	if err != nil {
		return "", err
	}
	_, err = w.store.Append(ctx, token, []store.Record{{Op: store.Put, Key: key, Value: []byte(made)}})
	return made, err
}
