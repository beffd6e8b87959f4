package health

import (
	"math/bits"
	"time"
)

// Sample is what one version did. The zero Sample is empty.
type Sample struct {
	Deliveries, Errors uint64
	Traps, Timeouts    uint64 // of the errors
	Memory             int64  // bytes, over all instances
	Largest            int64  // bytes, of one instance
	Instances          int    // that Memory is of
	turns              uint64
	latency            [buckets]uint32 // turns by their time per delivery
}

// The buckets of latency are an eighth of an octave wide, from 1 µs to beyond a minute: no figure is off by more than 12 %.
const (
	least   = 10 // the first octave ends at 2^least ns
	octaves = 27
	eighths = 8
	buckets = octaves * eighths
)

func bucket(d time.Duration) int {
	n := uint64(max(d, 0))
	octave := bits.Len64(n) - least
	if octave < 0 {
		return 0
	}
	// The three bits below the leading one.
	return min(octave*eighths+int(n>>(octave+least-4)&(eighths-1)), buckets-1)
}

// ceiling is the least duration above a bucket.
func ceiling(b int) time.Duration {
	octave, part := b/eighths, b%eighths
	return time.Duration(uint64(eighths+part+1) << (octave + least - 4))
}

// Add notes a turn of n deliveries, of which errors were errors, that took some time.
func (s *Sample) Add(n, errors int, took time.Duration) {
	if n == 0 {
		return
	}
	s.Deliveries += uint64(n)
	s.Errors += uint64(errors)
	s.turns++
	s.latency[bucket(took/time.Duration(n))]++
}

// Merge adds another sample's figures, but for its memory.
func (s *Sample) Merge(o *Sample) {
	s.Deliveries += o.Deliveries
	s.Errors += o.Errors
	s.Traps += o.Traps
	s.Timeouts += o.Timeouts
	s.turns += o.turns
	for i, n := range &o.latency {
		s.latency[i] += n
	}
}

// ErrorRate is errors per delivery.
func (s *Sample) ErrorRate() float64 {
	if s.Deliveries == 0 {
		return 0
	}
	return float64(s.Errors) / float64(s.Deliveries)
}

// Quantile is the time per delivery that a share q of the turns did not exceed.
func (s *Sample) Quantile(q float64) time.Duration {
	if s.turns == 0 {
		return 0
	}
	left := int64(q * float64(s.turns))
	for b, n := range &s.latency {
		if left -= int64(n); left < 0 {
			return ceiling(b)
		}
	}
	return ceiling(buckets - 1)
}

// above counts the turns whose time per delivery was over d for sure.
func (s *Sample) above(d time.Duration) (n uint64) {
	for b := bucket(d) + 1; b < buckets; b++ {
		n += uint64(s.latency[b])
	}
	return n
}

// Recent is the sample of the last while: between one and two spans of it. The zero Recent is empty.
type Recent struct {
	now, before Sample
	since       time.Duration
}

// Add is Sample.Add at a time, given as a distance from any moment that stays the same.
func (r *Recent) Add(at, span time.Duration, n, errors int, took time.Duration) {
	if age := at - r.since; age >= span || age < 0 {
		r.before, r.now, r.since = r.now, Sample{}, at
	}
	r.now.Add(n, errors, took)
}

// Wrong notes n errors among the deliveries of turns that were added.
func (r *Recent) Wrong(n int) { r.now.Errors += uint64(n) }

// Fault notes a trap or timeout among the errors.
func (r *Recent) Fault(timeout bool) { r.now.Fault(timeout) }

// Sample is all of it.
func (r *Recent) Sample() Sample {
	s := r.now
	s.Merge(&r.before)
	return s
}

// Fault notes what an error was.
func (s *Sample) Fault(timeout bool) {
	if timeout {
		s.Timeouts++
	} else {
		s.Traps++
	}
}
