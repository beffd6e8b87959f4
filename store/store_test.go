package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/peltonhq/pelton/store"
)

func FuzzPos(f *testing.F) {
	f.Add(uint64(0), "")
	f.Add(uint64(35), "0")
	f.Add(uint64(1)<<63, "Z")
	f.Fuzz(func(t *testing.T, n uint64, s string) {
		if p, err := store.ParsePos(store.At(n).String()); err != nil || p != store.At(n) {
			t.Errorf("position %d came back as %v, %v", n, p, err)
		}
		if p, err := store.ParsePos(s); err == nil && p.String() != s {
			t.Errorf("%q was read as %q", s, p)
		} else if err != nil && !errors.Is(err, store.ErrInvalid) {
			t.Errorf("%q: %v; want ErrInvalid", s, err)
		}
	})
}

func FuzzVector(f *testing.F) {
	f.Add("lane/a b", uint64(1), "&=%", uint64(2), "")
	f.Add("", uint64(0), "x", uint64(7), "a=1&b=2")
	f.Fuzz(func(t *testing.T, p1 string, n1 uint64, p2 string, n2 uint64, s string) {
		v := store.Vector{}.With(p1, store.At(n1)).With(p2, store.At(n2))
		got, err := store.ParseVector(v.String())
		if err != nil || !got.Covers(v) || !v.Covers(got) || len(got) != len(v) {
			t.Errorf("vector %q came back as %q, %v", v, got, err)
		}
		if v, err := store.ParseVector(s); err == nil && v.String() != s {
			t.Errorf("%q was read as %q", s, v)
		} else if err != nil && !errors.Is(err, store.ErrInvalid) {
			t.Errorf("%q: %v; want ErrInvalid", s, err)
		}
	})
}

func TestVector(t *testing.T) {
	a := store.Vector{}.With("p", store.At(1))
	b := a.With("q", store.At(2))
	if len(a) != 1 || !b.Covers(a) || a.Covers(b) || !a.Covers(nil) {
		t.Errorf("a = %q, b = %q: With changed a, or Covers is wrong", a, b)
	}
	if store.At(2).Next() != store.At(3) || store.At(1).Compare(store.At(2)) != -1 || !store.At(0).IsZero() {
		t.Error("positions do not rise")
	}
}

func TestHistogram(t *testing.T) {
	var h store.Histogram
	if h.Mean() != 0 || h.Quantile(0.5) != 0 {
		t.Error("an empty histogram has values")
	}
	for v := range uint64(1000) {
		h.Observe(v)
	}
	h.Observe(1 << 60) // above the last bucket
	for _, c := range []struct {
		q  float64
		lo uint64
	}{{0, 0}, {0.5, 499}, {0.99, 989}} {
		if got := h.Quantile(c.q); got < c.lo || got > 2*c.lo+1 {
			t.Errorf("quantile %v = %d; want %d to %d", c.q, got, c.lo, 2*c.lo+1)
		}
	}
	if h.Count != 1001 || h.Mean() < 499 || h.Duration(0.5) != time.Duration(511) {
		t.Errorf("count %d, mean %v, median %v", h.Count, h.Mean(), h.Duration(0.5))
	}
}

func TestHolder(t *testing.T) {
	err := error(&store.HeldError{Dir: "d", Holder: store.Holder{PID: 7, Addr: "[::1]:1"}})
	if !errors.Is(err, store.ErrHeld) || errors.Is(err, store.ErrFull) {
		t.Errorf("%v: wrong class", err)
	}
	for h, want := range map[store.Holder]string{
		{}: "an unknown process", {PID: 7}: "pid 7", {PID: 7, Addr: "a:1"}: "pid 7 at a:1",
	} {
		if h.String() != want {
			t.Errorf("%+v is %q; want %q", h, h, want)
		}
	}
	for op, want := range map[store.Op]string{0: "invalid", store.Put: "put", store.Delete: "delete", store.DeleteRange: "delete-range"} {
		if op.String() != want {
			t.Errorf("op %d is %q; want %q", op, op, want)
		}
	}
}
