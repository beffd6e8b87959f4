package arena_test

import (
	"context"
	"errors"
	"testing"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/arena"
)

const (
	kib = 1 << 10
	mib = 1 << 20
)

// open makes an arena that must be empty at the end of the test (A3).
func open(tb testing.TB, size, most int64) *arena.Arena {
	tb.Helper()
	a, err := arena.New(arena.Options{Name: "test", Size: size, MaxMessage: most})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := a.Close(); err != nil && !errors.Is(err, arena.ErrClosed) {
			tb.Error("A3:", err)
		}
	})
	return a
}

func lane(tb testing.TB, a *arena.Arena, name string) *arena.Lane {
	tb.Helper()
	l, err := a.Lane(name)
	if err != nil {
		tb.Fatal(err)
	}
	return l
}

func acquire(tb testing.TB, l *arena.Lane, n int) *arena.Block {
	tb.Helper()
	b, err := l.Acquire(context.Background(), n)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func commit(tb testing.TB, l *arena.Lane, b *arena.Block, f arena.Frame) pelton.Ref {
	tb.Helper()
	ref, err := l.Commit(b, &f)
	if err != nil {
		tb.Fatal(err)
	}
	return ref
}

func release(tb testing.TB, a *arena.Arena, refs ...pelton.Ref) {
	tb.Helper()
	for _, ref := range refs {
		if err := a.Release(ref); err != nil {
			tb.Error(err)
		}
	}
}

func TestLend(t *testing.T) {
	a := open(t, mib, 64*kib)
	l := lane(t, a, "lane")
	b := acquire(t, l, 100)
	copy(b.Bytes(), "  payload key")
	id := &pelton.LaneID{Source: "s", Incarnation: "i", Lane: "l"}
	ref := commit(t, l, b, arena.Frame{
		Offset: 2, Length: 7, KeyOffset: 10, KeyLength: 3, HasKey: true,
		Meta:   pelton.Meta{Lane: id, Position: 7},
		Fields: []pelton.Field{{Offset: 3, Length: 4, Kind: pelton.KindString}}, Names: []string{"load"},
	})
	v, err := a.View(ref)
	if err != nil {
		t.Fatal(err)
	}
	field, ok := v.Field("load")
	if string(v.Payload()) != "payload" || string(v.Key()) != "key" || v.Meta().Position != 7 || !ok || string(field.Raw) != "load" {
		t.Errorf("view %q key %q meta %+v field %q", v.Payload(), v.Key(), v.Meta(), field.Raw)
	}
	l.Done(b)
	if s := a.Stats(); s.Slots != 1 || s.Blocks != 1 {
		t.Errorf("lent: %+v", s)
	}
	release(t, a, ref)
	if s := a.Stats(); s.Slots != 0 || s.Blocks != 0 || s.BytesUsed != 0 {
		t.Errorf("A3: idle: %+v", s)
	}
}
