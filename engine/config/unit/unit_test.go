package unit

import (
	"bytes"
	"encoding"
	"math"
	"strings"
	"testing"
	"testing/quick"
	"time"
)

func TestUnits(t *testing.T) {
	for text, want := range map[string]Size{"0B": 0, "1B": 1, "64MiB": 64 << 20, "1.5KiB": 1536, "500KB": 500_000, "2GB": 2e9, "1GiB": GiB, "3 MiB": 3 * MiB} {
		if got, err := ParseSize(text); err != nil || got != want {
			t.Errorf("size %q: got %d, %v; want %d", text, got, err, want)
		}
	}
	for text, want := range map[string]Duration{"0s": 0, "100ms": 100 * Millisecond, "24h": 24 * Hour, "7d": 7 * Day, "1.5d": 36 * Hour, "1h30m": 90 * Minute} {
		if got, err := ParseDuration(text); err != nil || got != want {
			t.Errorf("duration %q: got %s, %v; want %s", text, got, err, want)
		}
	}
	for text, want := range map[string]Rate{"2000/s": 2000, "30/m": 0.5, "0.5/s": 0.5, "36/h": 0.01} {
		if got, err := ParseRate(text); err != nil || got != want {
			t.Errorf("rate %q: got %g, %v; want %g", text, got, err, want)
		}
	}
}

func TestBadUnits(t *testing.T) {
	size := func(s string) error { _, err := ParseSize(s); return err }
	duration := func(s string) error { _, err := ParseDuration(s); return err }
	rate := func(s string) error { _, err := ParseRate(s); return err }
	for _, c := range []struct {
		parse func(string) error
		text  string
		want  string
	}{
		{size, "", "with a unit"}, {size, "64", "with a unit"}, {size, "64mib", "with a unit"}, {size, "-1MiB", "with a unit"}, {size, "MiB", "with a unit"},
		{size, "1e3MiB", "with a unit"}, {size, "0.3B", "whole number of bytes"}, {size, "9999999999GiB", "too large"}, {size, "0x1MiB", "with a unit"}, {size, "1.MiB", "with a unit"},
		{duration, "", "with a unit"}, {duration, "100", "with a unit"}, {duration, "0", "with a unit"}, {duration, "-1s", "negative"}, {duration, "1 hour", "with a unit"}, {duration, "1000000d", "too long"},
		{rate, "", "a second"}, {rate, "200", "a second"}, {rate, "0/s", "more than 0"}, {rate, "-1/s", "a second"}, {rate, "x/s", "a second"}, {rate, "1e12/s", "a second"}, {rate, "2000000000/s", "at most"}, {rate, "NaN/s", "a second"},
	} {
		if err := c.parse(c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got %v, want … %s", c.text, err, c.want)
		}
	}
}

// Every value survives its own text.
func TestUnitsRoundTrip(t *testing.T) {
	same := func(in encoding.TextMarshaler, out interface {
		encoding.TextUnmarshaler
		encoding.TextMarshaler
	}) bool {
		text, err := in.MarshalText()
		if err != nil || out.UnmarshalText(text) != nil {
			t.Logf("%s can't be read", text)
			return false
		}
		again, err := out.MarshalText()
		return err == nil && bytes.Equal(again, text)
	}
	if err := quick.Check(func(n int64) bool {
		s := Size(n & math.MaxInt64)
		d := Duration(n & math.MaxInt64)
		var s2 Size
		var d2 Duration
		return same(s, &s2) && s2 == s && same(d, &d2) && d2 == d
	}, nil); err != nil {
		t.Error(err)
	}
	if err := quick.Check(func(n uint32, unit uint8) bool {
		r := Rate(float64(n%1_000_000+1) / rates[int(unit)%len(rates)].seconds)
		var r2 Rate
		return same(r, &r2) && r2 == r
	}, nil); err != nil {
		t.Error(err)
	}
	if got := Duration(25*time.Hour + 30*time.Minute).String(); got != "25h30m" {
		t.Error(got)
	}
	if got := Duration(time.Hour + time.Second).String(); got != "1h0m1s" {
		t.Error(got)
	}
}
