package ingest

import (
	"slices"
	"sort"
	"time"
)

// run is a stretch of sequence numbers that are not all settled.
type run struct {
	start, end uint64 // its first number, and behind its last
	bytes      int64
	first      time.Time // when its first message came
}

// runLength is the most numbers of a run.
const runLength = 64

// backlog counts the bytes and the age of what is not settled. It is exact to a run, not to a message, which takes
// less memory; it never counts too little.
type backlog struct {
	runs  []run
	bytes int64
}

// add counts a message; a run that has piece bytes is not made longer.
func (b *backlog) add(seq uint64, size int64, now time.Time, piece int64) {
	n := len(b.runs)
	if n == 0 || b.runs[n-1].bytes >= piece || seq-b.runs[n-1].start >= runLength {
		b.runs = append(b.runs, run{start: seq, first: now})
		n++
	}
	r := &b.runs[n-1]
	r.end = seq + 1
	r.bytes += size
	b.bytes += size
}

// cancel takes back one that was added and did not become durable.
func (b *backlog) cancel(seq uint64, size int64) {
	i := sort.Search(len(b.runs), func(i int) bool { return b.runs[i].end > seq })
	if i == len(b.runs) || b.runs[i].start > seq {
		return
	}
	b.bytes -= size
	if b.runs[i].bytes -= size; b.runs[i].bytes == 0 {
		b.runs = slices.Delete(b.runs, i, i+1)
	}
}

// settle forgets the runs that end at or before watermark.
func (b *backlog) settle(watermark uint64) {
	n := 0
	for n < len(b.runs) && b.runs[n].end <= watermark {
		b.bytes -= b.runs[n].bytes
		n++
	}
	b.runs = slices.Delete(b.runs, 0, n)
}

// oldest is when the oldest message came that may not be settled.
func (b *backlog) oldest() (time.Time, bool) {
	if len(b.runs) == 0 {
		return time.Time{}, false
	}
	return b.runs[0].first, true
}
