package place

import (
	"cmp"
	"slices"
)

// Limits of one scroll and of its pieces.
const (
	scrollBytes = 1 << 20 // unless it says otherwise
	pieceLeast  = 4 << 10
	pieceMost   = 64 << 10
)

// Scroll holds entries of one epoch in one encoding, consecutive, written one behind the other, so that many who stand at
// different places are given the same bytes and each what it lacks as one slice. Bytes that are there are never changed or
// moved: whoever was given a run may keep it. A scroll is bounded in bytes; at least its newest piece stays.
type Scroll struct {
	Most int64 // bytes; 0: 1 MiB

	epoch  uint64
	next   uint64 // the number behind its last entry
	pieces []piece
	bytes  int64
}

// piece is a part of a scroll in one block of memory.
type piece struct {
	first uint64
	text  []byte // filled up to its capacity, never beyond
	ends  []end
}

// end is where an entry ends in its piece, and the Sum of the entry.
type end struct {
	at  int
	sum uint64
}

// Bytes is the memory of the text.
func (s *Scroll) Bytes() int64 { return s.bytes }

// Lacks is the first entry to add for somebody who stands at a number; false when the scroll has left that behind.
func (s *Scroll) Lacks(epoch, at uint64) (n uint64, ok bool) {
	switch {
	case epoch < s.epoch || epoch == s.epoch && len(s.pieces) > 0 && at < s.pieces[0].first:
		return 0, false
	case epoch != s.epoch || at > s.next || len(s.pieces) == 0: // nobody stands between
		*s = Scroll{Most: s.Most, epoch: epoch, next: at}
	}
	return s.next, true
}

// Add writes the text of the entry that is next.
func (s *Scroll) Add(e *Entry, text []byte) {
	last := len(s.pieces) - 1
	if last < 0 || cap(s.pieces[last].text)-len(s.pieces[last].text) < len(text) {
		size := pieceLeast
		if last >= 0 {
			size = min(2*cap(s.pieces[last].text), pieceMost)
		}
		s.open(max(size, len(text)))
		last = len(s.pieces) - 1
	}
	p := &s.pieces[last]
	p.text = append(p.text, text...)
	p.ends = append(p.ends, end{len(p.text), e.Sum})
	s.next = e.N + 1
}

// open begins another piece and lets go of old ones.
func (s *Scroll) open(size int) {
	s.pieces = append(s.pieces, piece{first: s.next, text: make([]byte, 0, size)})
	s.bytes += int64(size)
	for s.bytes > cmp.Or(s.Most, scrollBytes) && len(s.pieces) > 1 {
		s.bytes -= int64(cap(s.pieces[0].text))
		s.pieces = slices.Delete(s.pieces, 0, 1)
	}
}

// Run is what somebody who stands at a number lacks, as far as it lies in one piece; next is the number behind it, and
// sum that of its last entry. It is empty at the end of the scroll.
func (s *Scroll) Run(at uint64) (run []byte, next, sum uint64) {
	for i := len(s.pieces) - 1; i >= 0 && at < s.next; i-- {
		p := &s.pieces[i]
		if at < p.first {
			continue
		}
		from := 0
		if at > p.first {
			from = p.ends[at-p.first-1].at
		}
		last := len(p.ends) - 1
		return p.text[from:len(p.text):len(p.text)], p.first + uint64(last) + 1, p.ends[last].sum
	}
	return nil, at, 0
}
