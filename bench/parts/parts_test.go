package parts

import (
	"slices"
	"testing"
)

func TestParse(t *testing.T) {
	text := "goos: linux\npkg: example\nBenchmarkA/x \t 100\t 12.5 ns/op\t 3 allocs/op\nBenchmarkA/x \t 100\t 10.5 ns/op\t 3 allocs/op\nBenchmarkB \t 1\t 7 MB/s\nPASS\n"
	names, values, units, err := parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if len(names) != 2 || len(units) != 3 {
		t.Fatalf("names %q, units %q", names, units)
	}
	if got := values[names[0]]["ns/op"]; !slices.Equal(got, []float64{12.5, 10.5}) {
		t.Errorf("values %v", got)
	}
	if got, want := values[names[0]]["ns/op"].String(), "12.5 (10.5–12.5)"; got != want {
		t.Errorf("cell %q, want %q", got, want)
	}
	if got, want := values[names[0]]["allocs/op"].String(), "3"; got != want {
		t.Errorf("cell %q, want %q", got, want)
	}
}
