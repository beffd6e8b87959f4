package sourcetest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/peltonhq/pelton/decode"
	"github.com/peltonhq/pelton/source"
)

// Bad stands in Kit.Want for a frame that is no message.
const Bad = "\x00bad"

// Kit says how a source is opened and what it gives.
type Kit struct {
	// Open gives the source over the content of this test: called again with the same t, it opens the same content
	// again, as after a restart, or, if it is shared, as another process does. It leaves closing to the kit.
	Open func(t *testing.T) source.Source
	// Decode configures the decoder of the one lane.
	Decode decode.Config
	// Want are the payloads in order, at least three, with Bad for each bad frame.
	Want []string
	// Real says that the source waits on more than timers and channels: its tests run outside of bubbles, and take time.
	Real bool
	// Break, of a real source, breaks the upstream of this test off, and has it back when it returns: a restart, a cut
	// connection. nil: there is no such test.
	Break func(t *testing.T)

	open *run // of this test, the last one that was started
}

// Run checks one source. The tests run in synctest bubbles, so a source must wait on timers and channels only.
func Run(t *testing.T, k Kit) {
	if len(k.Want) < 3 {
		t.Fatalf("the kit needs three frames, not %d", len(k.Want))
	}
	for _, c := range []struct {
		name string
		run  func(*testing.T, *Kit)
	}{
		{"identity", identity},
		{"everything in order", everything},
		{"resume at every frame", resume},
		{"again until settled", again},
		{"settled", settled},
		{"cancel while the loop takes nothing", cancelBlocked},
		{"cancel while there is nothing", cancelIdle},
		{"wait for the loop", pressure},
		{"another process takes over", takeover},
		{"broken off", broken},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := k
			if k.Real {
				c.run(t, &k)
				return
			}
			synctest.Test(t, func(t *testing.T) { c.run(t, &k) })
		})
	}
}

func identity(t *testing.T, k *Kit) {
	first := k.start(t)
	id := first.lane.ID()
	if !id.Valid() {
		t.Errorf("identity %+v is not valid", id)
	}
	if resumed, from := source.Resume(first.lane, id.Incarnation, 0); resumed != id || from != 0 {
		t.Errorf("resumed at 0: %s at %d", resumed, from)
	}
	if again := k.start(t).lane.ID(); again != id {
		t.Errorf("opened again, %s is %s", id, again)
	}
}

func everything(t *testing.T, k *Kit) {
	r := k.start(t)
	out := r.all(t, 0)
	if got := out.payloads(); !slices.Equal(got, k.Want) {
		t.Fatalf("got %q\nwant %q", got, k.Want)
	}
	for i, f := range out.got {
		if f.Next <= f.Position {
			t.Errorf("frame %d: next %d is not behind position %d", i, f.Next, f.Position)
		}
		if i > 0 && f.Position < out.got[i-1].Next {
			t.Errorf("frame %d: position %d is inside the frame before it, which ends at %d", i, f.Position, out.got[i-1].Next)
		}
		if f.message == nil {
			continue
		}
		if m := f.message.Meta; m.Position != f.Position || m.Next != f.Next || *m.Lane != r.lane.ID() || m.Time.IsZero() {
			t.Errorf("frame %d: meta %+v", i, m)
		}
	}
	if s, ok := r.lane.(source.Sized); ok && s.Size() > 0 && s.Size() < out.got[len(out.got)-1].Next {
		t.Errorf("size %d is less than the last position %d", s.Size(), out.got[len(out.got)-1].Next)
	}
}

func resume(t *testing.T, k *Kit) {
	r := k.start(t)
	for i, f := range r.all(t, 0).got {
		if i == len(k.Want)-1 && r.lane.Endless() {
			break // nothing would ever end the read
		}
		if got := k.start(t).some(t, f.Next, len(k.Want)-i-1).payloads(); !slices.Equal(got, k.Want[i+1:]) {
			t.Fatalf("behind frame %d, from %d: got %q\nwant %q", i, f.Next, got, k.Want[i+1:])
		}
	}
}

// again: what was read but not settled comes again from another opening (at least once).
func again(t *testing.T, k *Kit) {
	for range 2 {
		r := k.start(t)
		if got := r.all(t, 0).payloads(); !slices.Equal(got, k.Want) {
			t.Fatalf("got %q\nwant %q", got, k.Want)
		}
		r.close(t)
	}
}

// settled: what was settled may be gone, what was not is there, under the same positions.
func settled(t *testing.T, k *Kit) {
	r := k.start(t)
	out := r.all(t, 0)
	half := len(out.got) / 2
	watermark := out.got[half].Next
	for _, f := range out.got[:half+1] {
		r.lane.Settled(f.Next)
	}
	r.rest(t)
	r.close(t)
	rest := k.start(t).some(t, watermark, len(k.Want)-half-1)
	if got := rest.payloads(); !slices.Equal(got, k.Want[half+1:]) {
		t.Fatalf("got %q\nwant %q", got, k.Want[half+1:])
	}
	for i, f := range rest.got {
		if f.Position != out.got[half+1+i].Position {
			t.Errorf("frame %d has position %d, before it was %d", half+1+i, f.Position, out.got[half+1+i].Position)
		}
	}
}

func cancelBlocked(t *testing.T, k *Kit) {
	r := k.start(t)
	ctx, cancel := context.WithCancel(t.Context())
	out, done := r.read(ctx, t, 0, 1)
	r.until(t, out, 1)
	if n := out.len(); n != 1 {
		t.Errorf("%d frames were handed over, the loop took 1", n)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	r.idle(t)
}

func cancelIdle(t *testing.T, k *Kit) {
	r := k.start(t)
	if !r.lane.Endless() {
		return
	}
	ctx, cancel := context.WithCancel(t.Context())
	out, done := r.read(ctx, t, 0, len(k.Want))
	r.until(t, out, len(k.Want))
	if n := out.len(); n != len(k.Want) {
		t.Errorf("%d frames, want %d", n, len(k.Want))
	}
	r.idle(t) // also while it waits (A3)
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

// pressure: the lane waits for the loop however long that takes, and loses nothing.
func pressure(t *testing.T, k *Kit) {
	r := k.start(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, done := r.read(ctx, t, 0, 0)
	for n := 1; n <= len(k.Want); n++ {
		out.allow(1)
		r.until(t, out, n)
		if got := out.len(); got != n {
			t.Fatalf("%d frames were handed over, the loop took %d", got, n)
		}
	}
	cancel()
	if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if got := out.payloads(); !slices.Equal(got, k.Want) {
		t.Errorf("got %q\nwant %q", got, k.Want)
	}
}

// takeover: of a lane that goes to another process, that one gets what is not settled. What the first one settles later
// than that changes nothing: it comes again to a third (K2 of a shared source).
func takeover(t *testing.T, k *Kit) {
	first := k.start(t)
	if first.host == nil {
		return // nobody shares it
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, done := first.read(ctx, t, 0, plenty)
	first.until(t, out, len(k.Want))
	half := len(k.Want) / 2
	first.lane.Settled(out.got[half-1].Next)
	second := k.beside(t)
	first.rest(t)
	first.close(t)
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("the lane was taken away: Read returned %v", err)
	}
	second.await(t)
	if got := second.some(t, 0, len(k.Want)-half).payloads(); !slices.Equal(got, k.Want[half:]) {
		t.Fatalf("the second got %q\nwant %q", got, k.Want[half:])
	}
	first.lane.Settled(out.got[len(out.got)-1].Next)
	second.rest(t)
	second.close(t)
	if got := k.start(t).some(t, 0, len(k.Want)-half).payloads(); !slices.Equal(got, k.Want[half:]) {
		t.Fatalf("after a late watermark of the first, the third got %q\nwant %q", got, k.Want[half:])
	}
}

// broken: a Read that the upstream breaks off goes on, or ends with an error and is called again; nothing is lost, and
// within one opening nothing is handed over twice.
func broken(t *testing.T, k *Kit) {
	if k.Break == nil {
		return
	}
	r := k.start(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, done := r.read(ctx, t, 0, 1)
	r.until(t, out, 1)
	k.Break(t)
	out.allow(len(k.Want) - 1)
	r.until(t, out, len(k.Want))
	cancel()
	<-done
	if got := out.payloads(); !slices.Equal(got, k.Want) {
		t.Errorf("got %q\nwant %q", got, k.Want)
	}
	r.idle(t)
}
