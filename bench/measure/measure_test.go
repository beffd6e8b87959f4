package measure

import (
	"strings"
	"testing"
	"time"
)

func TestSeries(t *testing.T) {
	for want, s := range map[string]Series{
		"–":       nil,
		"2 (1–3)": {3, 1, 2},
		"7":       {7, 7},
	} {
		if got := s.String(); got != want {
			t.Errorf("%v: got %q, want %q", []float64(s), got, want)
		}
	}
	for want, f := range map[string]float64{"12.3": 12.34, "1.20 M": 1.2e6, "805 k": 804684, "0.012": 0.0123, "456": 456.4, "4.20": 4.2, "350 M": 350e6} {
		if got := Number(f); got != want {
			t.Errorf("%v: got %q, want %q", f, got, want)
		}
	}
	if got := Ratio(Series{6, 6, 9}, Series{2}); got != "3x" {
		t.Errorf("ratio %q", got)
	}
	if got := Percentile([]int{1, 2, 3, 4}, 1); got != 4 {
		t.Errorf("the whole is %d", got)
	}
}

var kept [][]byte

func TestUsage(t *testing.T) {
	m := Start()
	for range 1000 {
		kept = append(kept, make([]byte, 100))
	}
	for begin := processor(); processor()-begin < 5*time.Millisecond; {
	}
	if u := m.Stop(); u.Allocs < 1000 || u.CPU < 5*time.Millisecond || u.Wall <= 0 {
		t.Errorf("%+v", u)
	}
}

func TestTable(t *testing.T) {
	var out strings.Builder
	table := NewTable("a", "b")
	table.Row("1", "2")
	table.Write(&out)
	if want := "\n| a | b |\n|---|---|\n| 1 | 2 |\n"; out.String() != want {
		t.Errorf("got %q", out.String())
	}
}
