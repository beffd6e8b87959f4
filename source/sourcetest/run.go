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
	host   *host // of a shared source
	lane   source.Lane
	config decode.Config
	arena  *arena.Arena
	space  *arena.Lane
	real   bool
	want   []string
	closed bool
}

// start opens the source, as after a restart.
func (k *Kit) start(t *testing.T) *run {
	t.Helper()
	if k.open != nil {
		k.open.close(t)
	}
	r := k.beside(t)
	r.await(t)
	return r
}

// beside opens the source also where another run has it still. The lane of a shared source may be that one's.
func (k *Kit) beside(t *testing.T) *run {
	t.Helper()
	r := &run{source: k.Open(t), config: k.Decode, real: k.Real, want: k.Want}
	k.open = r
	t.Cleanup(func() { r.close(t) })
	lanes, err := r.source.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(lanes) != 1 {
		t.Fatalf("%d lanes, the kit is for one", len(lanes))
	}
	r.lane = lanes[0]
	if s, ok := r.source.(source.Shared); ok {
		r.host = newHost(t)
		if err := s.Join(t.Context(), r.host); err != nil {
			t.Fatal(err)
		}
	}
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

// await waits until the lane of a shared source is this process's.
func (r *run) await(t *testing.T) {
	t.Helper()
	if r.host == nil {
		return
	}
	if resting := r.lane.ID(); r.lane == nil || !resting.Valid() {
		t.Errorf("the lane rests as %+v", resting)
	}
	select {
	case r.lane = <-r.host.begun:
	case <-time.After(patience):
		t.Fatal("the lane did not begin")
	}
}

// patience is how long something may take that must happen: time in a bubble, else a bound for a hang.
const patience = time.Minute

// until waits for n frames, and in a bubble for as many more as would come.
func (r *run) until(t *testing.T, o *out, n int) {
	t.Helper()
	if !r.real {
		time.Sleep(patience / 6)
		synctest.Wait()
		return
	}
	r.poll(t, func() bool { return o.len() >= n })
}

// rest waits until what was begun is done, in a bubble; a real source does it when it is closed.
func (r *run) rest(t *testing.T) {
	t.Helper()
	if !r.real {
		time.Sleep(patience / 6)
		synctest.Wait()
	}
}

func (r *run) poll(t *testing.T, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(patience)
	for !ok() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatal("nothing more happened")
		}
	}
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
	if r.host != nil {
		r.host.stop()
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
	if r.real { // it may be about to flush
		r.poll(t, func() bool { return r.arena.Stats().BytesUsed == 0 })
	}
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
	if r.host != nil {
		ctx = r.host.reads(ctx)
	}
	lane := r.lane
	go func() { done <- r.again(ctx, t, lane, from, d) }()
	return o, done
}

// again calls Read. That of a real source is called again after an error, behind what was handed over, as a loop does.
func (r *run) again(ctx context.Context, t *testing.T, lane source.Lane, from uint64, d *decode.Decoder) error {
	t.Helper()
	limit := time.After(patience)
	for {
		err := lane.Read(ctx, from, d)
		if !r.real || err == nil || ctx.Err() != nil || errors.Is(err, source.ErrRenewed) {
			return err
		}
		t.Logf("tried again: %v", err)
		from = max(from, d.Position())
		d.Reset()
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
		case <-limit:
			return err
		}
	}
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
	if n < 0 && r.real {
		n = len(r.want)
	}
	if r.lane.Endless() {
		r.until(t, o, max(n, 0))
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
