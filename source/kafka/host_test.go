package kafka

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/arena"
	"github.com/peltonhq/pelton/decode"
	"github.com/peltonhq/pelton/source"
)

// wheel is a process with one source: it reads each lane that it is given, and settles at once unless it is told not to.
type wheel struct {
	t      *testing.T
	source *Source
	arena  *arena.Arena

	mu      sync.Mutex
	lanes   map[string]*reading
	ended   []*reading
	stored  map[string]uint64 // the store's checkpoints
	tags    map[string]string // and their incarnations
	got     []pelton.Message
	warned  []string
	holds   bool          // nothing is settled
	stuck   chan struct{} // lane flights/0 takes nothing until it is closed; nil if it does
	refused error         // of Begin
}

// reading is a lane that is being read.
type reading struct {
	w    *wheel
	lane source.Lane
	id   pelton.LaneID
	from uint64
	room *arena.Lane
	stop context.CancelFunc
	done chan struct{}
}

// join starts a wheel.
func join(t *testing.T, s *Source) *wheel {
	t.Helper()
	w := prepare(t, s)
	w.start()
	return w
}

// prepare makes a wheel that is still to be started.
func prepare(t *testing.T, s *Source) *wheel {
	t.Helper()
	a, err := arena.New(arena.Options{Name: "test", Size: 64 << 20, MaxMessage: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	w := &wheel{t: t, source: s, arena: a, lanes: map[string]*reading{}, stored: map[string]uint64{}, tags: map[string]string{}}
	t.Cleanup(w.close)
	return w
}

func (w *wheel) start() {
	w.t.Helper()
	if _, err := w.source.Open(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	if err := w.source.Join(w.t.Context(), w); err != nil {
		w.t.Fatal(err)
	}
}

func (w *wheel) end() {
	for _, r := range w.running() {
		w.End(context.Background(), r.lane)
	}
	if err := w.source.Close(); err != nil {
		w.t.Error(err)
	}
}

func (w *wheel) close() {
	w.end()
	if err := w.arena.Close(); err != nil {
		w.t.Error(err)
	}
}

// Begin implements [source.Host].
func (w *wheel) Begin(_ context.Context, l source.Lane) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.refused != nil {
		return w.refused
	}
	name := l.ID().Lane
	if w.lanes[name] != nil {
		w.t.Errorf("lane %s began twice", name)
	}
	id, from := source.Resume(l, w.tags[name], w.stored[name])
	w.tags[name], w.stored[name] = id.Incarnation, from
	room, err := w.arena.Lane(name)
	if err != nil {
		w.t.Error(err)
		return err
	}
	r := &reading{w: w, lane: l, id: id, from: from, room: room, done: make(chan struct{})}
	d, err := decode.New(decode.Config{}, room, &r.id, r, time.Now)
	if err != nil {
		w.t.Error(err)
		return err
	}
	var ctx context.Context
	ctx, r.stop = context.WithCancel(context.Background())
	w.lanes[name] = r
	go func() {
		defer close(r.done)
		if err := l.Read(ctx, from, d); !errors.Is(err, context.Canceled) {
			w.t.Errorf("read %s: %v", name, err)
		}
	}()
	return nil
}

// End implements [source.Host].
func (w *wheel) End(_ context.Context, l source.Lane) {
	w.mu.Lock()
	r := w.lanes[l.ID().Lane]
	delete(w.lanes, l.ID().Lane)
	w.mu.Unlock()
	if r == nil {
		return
	}
	r.stop()
	<-r.done
	r.room.Close()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = append(w.ended, r)
}

// Warn implements [source.Host].
func (w *wheel) Warn(err error) {
	w.t.Logf("warning: %v", err)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.warned = append(w.warned, err.Error())
}

// Frame implements [decode.Out].
func (r *reading) Frame(ctx context.Context, f decode.Frame) error {
	v, err := r.w.arena.View(f.Ref)
	if err != nil {
		return err
	}
	m := v.Own()
	if stuck := r.w.stuck; stuck != nil && r.id.Lane == topic+"/0" {
		select {
		case <-stuck:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if err := r.room.Release(f.Ref); err != nil {
		return err
	}
	r.w.mu.Lock()
	r.w.got = append(r.w.got, m)
	holds := r.w.holds
	if !holds {
		r.w.stored[r.id.Lane] = f.Next
	}
	r.w.mu.Unlock()
	if !holds {
		r.lane.Settled(f.Next)
	}
	return nil
}

// Flush implements [decode.Out].
func (r *reading) Flush(ctx context.Context) error { return ctx.Err() }

func (w *wheel) running() []*reading {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []*reading
	for _, r := range w.lanes {
		all = append(all, r)
	}
	return all
}

func (w *wheel) names() []string {
	var all []string
	for _, r := range w.running() {
		all = append(all, r.id.Lane)
	}
	slices.Sort(all)
	return all
}

// payloads are those of a lane, or of all, in the order of their coming.
func (w *wheel) payloads(lane string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for _, m := range w.got {
		if lane == "" || m.Meta.Lane.Lane == lane {
			all = append(all, string(m.Payload))
		}
	}
	return all
}

// former is the last lane of that name that was ended.
func (w *wheel) former(name string) source.Lane {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range slices.Backward(w.ended) {
		if r.id.Lane == name {
			return r.lane
		}
	}
	w.t.Fatalf("lane %s was not ended", name)
	return nil
}

func (w *wheel) warnings() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.warned)
}

func (w *wheel) hold(yes bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.holds = yes
}
