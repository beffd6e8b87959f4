package sourcetest

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/peltonhq/pelton/arena"
	"github.com/peltonhq/pelton/decode"
	"github.com/peltonhq/pelton/source"
)

// run is a source that is open, with an arena for its one lane.
type run struct {
	source source.Source
	lane   source.Lane
	config decode.Config
	arena  *arena.Arena
	space  *arena.Lane
	closed bool
}

// start opens the source. A finite or endless read is bounded by the frames that the kit wants.
func (k Kit) start(t *testing.T) *run {
	t.Helper()
	r := &run{source: k.Open(t), config: k.Decode}
	t.Cleanup(func() { r.close(t) })
	lanes, err := r.source.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(lanes) != 1 {
		t.Fatalf("%d lanes, the kit is for one", len(lanes))
	}
	r.lane = lanes[0]
	limit := max(k.Decode.MaxMessage, 1<<20)
	r.arena, err = arena.New(arena.Options{Name: "kit", Size: 8 * limit, MaxMessage: 2 * limit})
	if err != nil {
		t.Fatal(err)
	}
	if r.space, err = r.arena.Lane(r.lane.ID().Lane); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *run) close(t *testing.T) {
	t.Helper()
	if r.closed {
		return
	}
	r.closed = true
	if err := r.source.Close(); err != nil {
		t.Error(err)
	}
	if r.arena == nil {
		return
	}
	if err := r.arena.Close(); err != nil {
		t.Error(err)
	}
}

// idle fails the test if the arena is not empty (A3).
func (r *run) idle(t *testing.T) {
	t.Helper()
	if s := r.arena.Stats(); s.Slots != 0 || s.BytesUsed != 0 {
		t.Errorf("the arena is not empty: %+v", s)
	}
}

// read starts a Read whose loop takes n frames; more are allowed later.
func (r *run) read(ctx context.Context, t *testing.T, from uint64, n int) (*out, <-chan error) {
	t.Helper()
	id := r.lane.ID()
	o := &out{arena: r.arena, lane: r.space, credits: make(chan struct{}, 2*plenty)}
	o.allow(n)
	d, err := decode.New(r.config, r.space, &id, o, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- r.lane.Read(ctx, from, d) }()
	return o, done
}

// all reads every frame.
func (r *run) all(t *testing.T, from uint64) *out {
	t.Helper()
	return r.some(t, from, -1)
}

// some reads n frames, and to the end if the lane has one; -1 is as many as come before the lane waits.
func (r *run) some(t *testing.T, from uint64, n int) *out {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	o, done := r.read(ctx, t, from, plenty)
	if r.lane.Endless() {
		synctest.Wait()
		cancel()
	}
	err := <-done
	if r.lane.Endless() && !errors.Is(err, context.Canceled) || !r.lane.Endless() && err != nil {
		t.Fatalf("read from %d: %v", from, err)
	}
	if n >= 0 && o.len() != n {
		t.Errorf("read from %d: %d frames, want %d", from, o.len(), n)
	}
	r.idle(t)
	return o
}

// plenty is more frames than any kit wants.
const plenty = 1 << 15

// Drain reads a finite lane to its end, releases what comes, and returns Read's error. It runs outside of bubbles too.
func Drain(t *testing.T, l source.Lane, c decode.Config) error {
	t.Helper()
	limit := max(c.MaxMessage, 1<<20)
	a, err := arena.New(arena.Options{Name: "drain", Size: 8 * limit, MaxMessage: 2 * limit})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}()
	space, err := a.Lane(l.ID().Lane)
	if err != nil {
		t.Fatal(err)
	}
	id := l.ID()
	o := &out{arena: a, lane: space, credits: make(chan struct{}, plenty)}
	o.allow(plenty)
	d, err := decode.New(c, space, &id, o, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return l.Read(t.Context(), 0, d)
}
