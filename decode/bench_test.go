package decode

import (
	"bufio"
	"bytes"
	"testing"

	"github.com/peltonhq/pelton/internal/invariants"
)

// three is what the benchmark locates: a key and three fields.
var three = Config{Format: JSON, Key: "origin", Fields: []string{"origin", "delay", "destination"}}

// Steady state: the flights decode without an allocation per message.
func TestNoAllocations(t *testing.T) {
	if invariants.Enabled {
		return // the arena notes where each message is released
	}
	timed := three
	timed.Time = TimeConfig{Field: "date", Layout: "2006/01/02 15:04"}
	data := flights(2000)
	for name, c := range map[string]Config{"json": three, "json with time": timed, "raw": {}} {
		d, out := decoder(t, c)
		out.discard = true
		r := bytes.NewReader(data)
		allocs := testing.AllocsPerRun(20, func() {
			r.Reset(data)
			if err := d.Stream(t.Context(), r, 0); err != nil {
				t.Fatal(err)
			}
		})
		if perMessage := allocs / 2000; perMessage > 0.01 {
			t.Errorf("%s: %.3f allocations a message", name, perMessage)
		}
	}
}

func BenchmarkStream(b *testing.B) {
	data := flights(20000)
	timed := three
	timed.Time = TimeConfig{Field: "date", Layout: "2006/01/02 15:04"}
	for name, c := range map[string]Config{"raw": {}, "json": three, "json+time": timed} {
		b.Run(name, func(b *testing.B) {
			d, out := decoder(b, c)
			out.discard = true
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if err := d.Stream(b.Context(), bytes.NewReader(data), 0); err != nil {
					b.Fatal(err)
				}
			}
			if s := d.Stats(); s.Frames == 0 || s.Bad.Total() > 0 {
				b.Fatalf("%+v", s)
			}
		})
	}
	b.Run("csv", func(b *testing.B) {
		d, out := decoder(b, Config{Format: CSV, Key: "a", Fields: []string{"a", "c"}})
		out.discard = true
		csv := append([]byte("a,b,c,d,e\n"), bytes.Repeat([]byte("2001/01/01 00:47,66,1750,DTW,LAS\n"), 20000)...)
		b.SetBytes(int64(len(csv)))
		for b.Loop() {
			if err := d.Stream(b.Context(), bytes.NewReader(csv), 0); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// The yardstick: bufio.Scanner alone, and with a copy of each line, as a program that keeps messages must make.
func BenchmarkScanner(b *testing.B) {
	data := flights(20000)
	for _, own := range []bool{false, true} {
		b.Run(map[bool]string{false: "borrow", true: "own"}[own], func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				for s := bufio.NewScanner(bytes.NewReader(data)); s.Scan(); {
					line := s.Bytes()
					if own {
						line = bytes.Clone(line)
					}
					n += len(line)
				}
			}
			if n == 0 {
				b.Fatal("nothing read")
			}
		})
	}
}
