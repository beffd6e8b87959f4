package store

import (
	"math/bits"
	"time"
)

// Stats are a store's figures. Counters start at 0 when the store is opened.
type Stats struct {
	Bytes    int64 // on disk
	MaxBytes int64 // the limit of Bytes; 0 means none
	Free     int64 // of the file system; 0 when not known
	Reserve  int64 // of Free, not to be used; 0 means none

	Appends   uint64    // appends and claims made durable
	Records   uint64    // records in them
	Commits   uint64    // group commits
	Rejected  uint64    // appends and claims that failed: fenced, full, invalid, closed
	Queued    int       // appends handed over and not yet durable
	QueuedMem int64     // bytes of keys and values in them
	Group     Histogram // records per group commit
	Sync      Histogram // nanoseconds per group commit, write and fsync

	Full string // why the store takes no more data; empty while there is room
	Err  error  // why the store failed for good; nil while it works
}

// Histogram counts values in powers of two: bucket i holds those of i significant bits.
type Histogram struct {
	Count   uint64
	Sum     uint64
	Buckets [48]uint64
}

// Observe counts one value.
func (h *Histogram) Observe(v uint64) {
	h.Count++
	h.Sum += v
	h.Buckets[min(bits.Len64(v), len(h.Buckets)-1)]++
}

// Mean is the mean value, 0 when there is none.
func (h *Histogram) Mean() float64 {
	if h.Count == 0 {
		return 0
	}
	return float64(h.Sum) / float64(h.Count)
}

// Quantile is an upper bound, exact to a factor of two, of the q-th quantile (0 to 1); 0 when there is no value.
func (h *Histogram) Quantile(q float64) uint64 {
	rank := max(1, uint64(q*float64(h.Count)+0.5))
	var seen uint64
	for i, n := range h.Buckets {
		if seen += n; seen >= rank && n > 0 {
			return 1<<i - 1
		}
	}
	return 0
}

// Duration is [Histogram.Quantile] of a histogram of nanoseconds.
func (h *Histogram) Duration(q float64) time.Duration { return time.Duration(h.Quantile(q)) }
