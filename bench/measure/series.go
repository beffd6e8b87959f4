package measure

import (
	"fmt"
	"math"
	"slices"
)

// Series is one figure over all rounds.
type Series []float64

// Median is the middle one; NaN of none.
func (s Series) Median() float64 { return s.quantile(0.5) }

func (s Series) quantile(q float64) float64 {
	if len(s) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(s))
	return sorted[int(q*float64(len(sorted)-1)+0.5)]
}

// String is the median with the lowest and the highest, or just the value where all are the same.
func (s Series) String() string {
	if len(s) == 0 {
		return "–"
	}
	low, mid, high := Number(slices.Min(s)), Number(s.Median()), Number(slices.Max(s))
	if low == high {
		return mid
	}
	return fmt.Sprintf("%s (%s–%s)", mid, low, high)
}

// Number has three digits that count, with a suffix from ten thousand on.
func Number(f float64) string {
	switch a := math.Abs(f); {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return "–"
	case a >= 1e6:
		return Number(f/1e6) + " M"
	case a >= 1e4:
		return Number(f/1e3) + " k"
	case a >= 100 || f == math.Trunc(f):
		return fmt.Sprintf("%.0f", f)
	case a >= 10:
		return fmt.Sprintf("%.1f", f)
	case a >= 0.095:
		return fmt.Sprintf("%.2f", f)
	}
	return fmt.Sprintf("%.3f", f)
}

// Ratio says how many times as large a is as b.
func Ratio(a, b Series) string {
	r := a.Median() / b.Median()
	if math.IsNaN(r) || math.IsInf(r, 0) {
		return "–"
	}
	return Number(r) + "x"
}

// Percentile gives the value below which the share q of the sorted values lies.
func Percentile[T any](sorted []T, q float64) T {
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

// Bytes is a size in words: 64 B, 16 KiB, 1 MiB.
func Bytes(n int) string {
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d B", n)
}
