package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// A mark is a key in [SpaceMark] that says by being there that something happened. Marks of a lane begin with [LaneMarks],
// source, lane, incarnation and position, and go by ranges of positions from below. So those that become durable in one append
// may be one record, under the key of the highest of them, which is the last that a range reaches.
//
// The value of a record of several marks are all of them, each as what differs from the one before: the length of what is
// the same at the front, and at the end, then how many bytes are between, and these. Numbers are unsigned varints. The value
// of a record of one mark is empty.

// LaneMarks begins the keys of marks that may share a record.
var LaneMarks = Key(SpaceMark, "lane")

// laneParts are the texts behind LaneMarks that marks of one record have in common.
const laneParts = 3

// Marks gathers the marks of one append. The zero Marks is empty.
type Marks struct {
	lanes []marks
	alone [][]byte // each is a record of its own
}

// marks are those of one lane.
type marks struct {
	prefix, top, last []byte // of the keys; highest, latest mark
	text              []byte // the value
	count             int
}

// Add adds a mark, which is not changed afterwards.
func (m *Marks) Add(mark []byte) {
	for i := range m.lanes {
		if bytes.HasPrefix(mark, m.lanes[i].prefix) {
			m.lanes[i].add(mark)
			return
		}
	}
	n, ok := lanePrefix(mark)
	if !ok {
		m.alone = append(m.alone, mark)
		return
	}
	lane := marks{prefix: mark[:n]}
	lane.add(mark)
	m.lanes = append(m.lanes, lane)
}

// Records appends the records of the marks, and empties them.
func (m *Marks) Records(to []Record) []Record {
	for _, mark := range m.alone {
		to = append(to, Record{Op: Put, Key: mark})
	}
	for i := range m.lanes {
		r := Record{Op: Put, Key: m.lanes[i].top}
		if m.lanes[i].count > 1 {
			r.Value = m.lanes[i].text
		}
		to = append(to, r)
	}
	*m = Marks{}
	return to
}

func (m *marks) add(mark []byte) {
	front := same(m.last, mark)
	last, rest := m.last[front:], mark[front:]
	end := 0
	for end < min(len(last), len(rest)) && last[len(last)-1-end] == rest[len(rest)-1-end] {
		end++
	}
	rest = rest[:len(rest)-end]
	m.text = binary.AppendUvarint(m.text, uint64(front))
	m.text = binary.AppendUvarint(m.text, uint64(end))
	m.text = append(binary.AppendUvarint(m.text, uint64(len(rest))), rest...)
	if bytes.Compare(mark, m.top) > 0 {
		m.top = mark
	}
	m.last = mark
	m.count++
}

// same is the length of what a and b begin with.
func same(a, b []byte) (n int) {
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

// lanePrefix is the length of what the marks of a mark's lane begin with.
func lanePrefix(mark []byte) (n int, ok bool) {
	rest, ok := bytes.CutPrefix(mark, LaneMarks)
	if !ok {
		return 0, false
	}
	for range laneParts {
		var err error
		if _, rest, err = CutBytes(rest); err != nil {
			return 0, false
		}
	}
	return len(mark) - len(rest), true
}

// MarksOf are the marks of one record.
func MarksOf(e Entry) (all [][]byte, err error) {
	if len(e.Value) == 0 {
		return [][]byte{e.Key}, nil
	}
	var last []byte
	for rest := e.Value; len(rest) > 0; {
		var front, end, n uint64
		for _, to := range []*uint64{&front, &end, &n} {
			size := 0
			if *to, size = binary.Uvarint(rest); size <= 0 {
				return nil, badMarks(e)
			}
			rest = rest[size:]
		}
		if have := uint64(len(last)); front > have || end > have-front || n > uint64(len(rest)) {
			return nil, badMarks(e)
		}
		mark := append(append([]byte(nil), last[:front]...), rest[:n]...)
		mark = append(mark, last[uint64(len(last))-end:]...)
		all, last, rest = append(all, mark), mark, rest[n:]
	}
	return all, nil
}

func badMarks(e Entry) error {
	return fmt.Errorf("marks under key %x cannot be read: %w", e.Key, ErrCorrupt)
}
