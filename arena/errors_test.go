package arena_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/arena"
)

func TestReferenceErrors(t *testing.T) {
	a, other := open(t, mib, 64*kib), open(t, mib, 64*kib)
	l, foreign := lane(t, a, "lane"), lane(t, other, "lane")
	b, fb := acquire(t, l, 10), acquire(t, foreign, 10)
	elsewhere := commit(t, foreign, fb, arena.Frame{})
	reused := commit(t, l, b, arena.Frame{})
	release(t, a, reused)
	l.Done(b)
	b = acquire(t, l, 10)
	next := commit(t, l, b, arena.Frame{})
	if next.Index != reused.Index {
		t.Fatalf("the free list is not used: %s after %s", next, reused)
	}
	released := commit(t, l, b, arena.Frame{})
	release(t, a, released)
	tests := []struct {
		name    string
		ref     pelton.Ref
		release error
		rest    error // of View and Move
	}{
		{"zero", pelton.Ref{}, arena.ErrZero, arena.ErrZero},
		{"generation zero", pelton.Ref{Index: next.Index}, arena.ErrZero, arena.ErrZero},
		{"another arena's", elsewhere, arena.ErrForeign, arena.ErrForeign},
		{"slot that does not exist", pelton.Ref{Index: next.Index | 1<<23, Generation: 1}, arena.ErrForeign, arena.ErrForeign},
		{"generation to come", pelton.Ref{Index: next.Index, Generation: next.Generation + 1}, arena.ErrForeign, arena.ErrForeign},
		{"last generation", pelton.Ref{Index: next.Index, Generation: math.MaxUint32}, arena.ErrForeign, arena.ErrForeign},
		{"released", released, arena.ErrReleased, arena.ErrStale},
		{"released and lent again", reused, arena.ErrReleased, arena.ErrStale},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, view := a.View(test.ref)
			for op, err := range map[string]error{"view": view, "move": a.Move(test.ref)} {
				wantError(t, err, test.rest, op, test.ref)
			}
			wantError(t, a.Release(test.ref), test.release, "release", test.ref)
		})
	}
	l.Done(b)
	foreign.Done(fb)
	release(t, a, next)
	release(t, other, elsewhere)
}

// wantError checks class and text: arena, operation and reference are named.
func wantError(t *testing.T, err, want error, op string, ref pelton.Ref) {
	t.Helper()
	var typed *arena.Error
	if !errors.Is(err, want) || !errors.As(err, &typed) {
		t.Fatalf("%s: error %v, want %v", op, err, want)
	}
	if typed.Op != op || typed.Ref != ref || typed.Arena != "test" {
		t.Errorf("%s: error has %+v", op, typed)
	}
	for _, word := range []string{"arena test", op, want.Error()} {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%s: %q does not name %q", op, err, word)
		}
	}
	if ref.Valid() && !strings.Contains(err.Error(), ref.String()) {
		t.Errorf("%s: %q does not name %s", op, err, ref)
	}
}

func TestCommitErrors(t *testing.T) {
	a := open(t, mib, 64*kib)
	l, other := lane(t, a, "lane"), lane(t, a, "other")
	b := acquire(t, l, 64*kib)
	size := len(b.Bytes())
	roomy := open(t, 16*mib, 4*kib)
	small := lane(t, roomy, "lane")
	big := acquire(t, small, 1)
	defer small.Done(big)
	done := acquire(t, l, 1)
	l.Done(done)
	tests := []struct {
		name  string
		lane  *arena.Lane
		block *arena.Block
		frame arena.Frame
		want  error
	}{
		{"too large", l, b, arena.Frame{Length: size + 1}, arena.ErrMisuse},
		{"over max_message", small, big, arena.Frame{Length: 5000}, arena.ErrTooLarge},
		{"negative offset", l, b, arena.Frame{Offset: -1}, arena.ErrMisuse},
		{"negative length", l, b, arena.Frame{Length: -1}, arena.ErrMisuse},
		{"end outside", l, b, arena.Frame{Offset: size - 1, Length: 2}, arena.ErrMisuse},
		{"overflow", l, b, arena.Frame{Offset: math.MaxInt, Length: math.MaxInt}, arena.ErrMisuse},
		{"key outside", l, b, arena.Frame{KeyOffset: size, KeyLength: 1, HasKey: true}, arena.ErrMisuse},
		{"another lane's block", other, b, arena.Frame{}, arena.ErrMisuse},
		{"block given back", l, done, arena.Frame{}, arena.ErrMisuse},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := test.lane.Commit(test.block, &test.frame)
			wantError(t, err, test.want, "commit", pelton.Ref{})
		})
	}
	l.Done(b)
	l.Done(b)
	if s := a.Stats(); s.Slots != 0 {
		t.Errorf("a failed commit lent %d messages", s.Slots)
	}
}

func TestOptions(t *testing.T) {
	tests := []struct {
		name    string
		options arena.Options
		want    string // in the error; empty: valid
	}{
		{"smallest", arena.Options{Name: "n", Size: 16 * kib, MaxMessage: 4 * kib}, ""},
		{"odd", arena.Options{Name: "n", Size: 260 * kib, MaxMessage: 65 * kib}, ""},
		{"zero", arena.Options{}, "name is empty"},
		{"no size", arena.Options{Name: "n", MaxMessage: 1}, "quarter"},
		{"no message", arena.Options{Name: "n", Size: mib}, "max_message is 0"},
		{"negative", arena.Options{Name: "n", Size: -1, MaxMessage: -1}, "max_message is -1"},
		{"over a quarter", arena.Options{Name: "n", Size: mib, MaxMessage: 256*kib + 1}, "quarter"},
		{"no page left", arena.Options{Name: "n", Size: 17000, MaxMessage: 4250}, "raise size to 32768"},
		{"tiny", arena.Options{Name: "n", Size: 16*kib - 1, MaxMessage: 1}, "raise size to 16384"},
		{"huge", arena.Options{Name: "n", Size: math.MaxInt64, MaxMessage: 1}, "are possible"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := test.options.Validate()
			switch {
			case test.want == "" && err != nil:
				t.Error(err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("error %v, want %q", err, test.want)
			}
			a, err := arena.New(test.options)
			if (err == nil) != (test.want == "") {
				t.Fatal(err)
			}
			if err == nil {
				if err := a.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestLeak: A3, what is still lent is an error with its figures, and nothing is unmapped under it.
func TestLeak(t *testing.T) {
	a := open(t, mib, 64*kib)
	l := lane(t, a, "lane")
	b := acquire(t, l, 5)
	copy(b.Bytes(), "bytes")
	ref := commit(t, l, b, arena.Frame{Length: 5})
	l.Done(b)
	err := a.Close()
	if !errors.Is(err, arena.ErrLent) || !strings.Contains(err.Error(), "1 messages and 1 blocks") {
		t.Errorf("close: %v", err)
	}
	if v, err := a.View(ref); err != nil || string(v.Payload()) != "bytes" {
		t.Errorf("view after a refused close: %q, %v", v.Payload(), err)
	}
	release(t, a, ref)
	b = acquire(t, l, 1)
	if err := a.Close(); !errors.Is(err, arena.ErrLent) {
		t.Errorf("close with a writer: %v", err)
	}
	l.Done(b)
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	_, view := a.View(ref)
	_, open := a.Lane("late")
	_, acquired := l.Acquire(t.Context(), 1)
	_, _, tried := l.TryAcquire(1)
	for _, err := range []error{a.Close(), view, a.Release(ref), a.Move(ref), open, acquired, tried} {
		if !errors.Is(err, arena.ErrClosed) {
			t.Errorf("after close: %v", err)
		}
	}
}

// TestManyArenas: a number comes back, and an old reference does not mean the new arena's message (A1).
func TestManyArenas(t *testing.T) {
	seen := map[pelton.Ref]bool{}
	for range 600 {
		a := open(t, 16*kib, 4*kib)
		l := lane(t, a, "lane")
		b := acquire(t, l, 1)
		for range 3 {
			ref := commit(t, l, b, arena.Frame{})
			if seen[ref] {
				t.Fatalf("A1: %s was issued twice", ref)
			}
			seen[ref] = true
			release(t, a, ref)
		}
		l.Done(b)
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTooManyArenas(t *testing.T) {
	var arenas []*arena.Arena
	for len(arenas) < 300 {
		a, err := arena.New(arena.Options{Name: "test", Size: 16 * kib, MaxMessage: 4 * kib})
		if err != nil {
			wantError(t, err, arena.ErrFull, "new", pelton.Ref{})
			break
		}
		arenas = append(arenas, a)
	}
	if len(arenas) != 256 {
		t.Errorf("%d arenas are open at once", len(arenas))
	}
	for _, a := range arenas {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}
}
