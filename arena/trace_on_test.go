//go:build invariants

package arena_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/arena"
)

// TestNeverCommitted: a reference to a slot that the writer may still fill names nothing.
func TestNeverCommitted(t *testing.T) {
	a := open(t, mib, 64*kib)
	l := lane(t, a, "lane")
	b := acquire(t, l, 1)
	ref := commit(t, l, b, arena.Frame{})
	next := pelton.Ref{Index: ref.Index + 1, Generation: ref.Generation}
	_, err := a.View(next)
	wantError(t, err, arena.ErrForeign, "view", next)
	wantError(t, a.Release(next), arena.ErrForeign, "release", next)
	l.Done(b)
	release(t, a, ref)
}

// TestPoison: released bytes are overwritten, and a stale use says where they were released.
func TestPoison(t *testing.T) {
	a := open(t, mib, 64*kib)
	l := lane(t, a, "lane")
	for _, move := range []bool{false, true} {
		b := acquire(t, l, 64*kib)
		copy(b.Bytes(), "payload+key+more")
		ref := commit(t, l, b, arena.Frame{Length: 7, KeyOffset: 8, KeyLength: 3, HasKey: true})
		if move {
			if err := a.Move(ref); err != nil {
				t.Fatal(err)
			}
		}
		v, err := a.View(ref)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Release(ref); err != nil {
			t.Fatal(err)
		}
		for _, got := range [][]byte{v.Payload(), v.Key()} {
			if len(bytes.Trim(got, "\xDB")) > 0 {
				t.Errorf("%q is left of a released message", got)
			}
		}
		if string(b.Bytes()[11:16]) != "+more" || b.Bytes()[7] != '+' && !move {
			t.Errorf("%q: other bytes were overwritten", b.Bytes()[:16])
		}
		_, err = a.View(ref)
		for _, err := range []error{err, a.Move(ref), a.Release(ref)} {
			if err == nil || !strings.Contains(err.Error(), "released at ") || !strings.Contains(err.Error(), "trace_on_test.go:") {
				t.Errorf("%v does not say where", err)
			}
		}
		l.Done(b)
	}
}
