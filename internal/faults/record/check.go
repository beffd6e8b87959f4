package record

import (
	"bytes"
	"fmt"
	"slices"
)

// Figures are what a run came to.
type Figures struct {
	Acked      int `json:"acked"`
	Lost       int `json:"lost"`       // acknowledged, and not in the sink's file or not in a session
	Disordered int `json:"disordered"` // acknowledged, and behind a later one of its key, in the sink's file or a session
	Snapshots  int `json:"snapshots"`  // that are there twice
	Lines      int `json:"lines"`      // of the sink's file that are there twice
	Early      int `json:"early"`      // deliveries of a deferred message before its time
	Deferred   int `json:"deferred"`   // deliveries of a deferred message at or after its time
	Again      int `json:"again"`      // deliveries that the plugin had seen already
}

// Faults are those that must not be; empty is well. With lossy, what was acknowledged may be lost.
func (f Figures) Faults(lossy bool) error {
	if f.Lost > 0 && !lossy || f.Disordered+f.Snapshots+f.Lines+f.Early > 0 {
		return fmt.Errorf("of %d acknowledged messages %d are lost, %d out of order, %d snapshots and %d lines twice, %d deferred ones early",
			f.Acked, f.Lost, f.Disordered, f.Snapshots, f.Lines, f.Early)
	}
	return nil
}

// Seen is what one place, the sink's file or the sessions, has of the messages, in its order.
type Seen struct {
	count []uint8
	last  map[string]Message
	twice int
	mixed []Message // behind a later one of their key
}

// Add notes one more message.
func (s *Seen) Add(text []byte) error {
	m, err := Parse(text)
	if err != nil {
		return err
	}
	for uint64(len(s.count)) <= uint64(m) {
		s.count = append(s.count, make([]uint8, 1+uint64(m)-uint64(len(s.count)))...)
	}
	if s.count[m]++; s.count[m] > 1 {
		s.twice++
		s.count[m] = 2
		return nil
	}
	if s.last == nil {
		s.last = map[string]Message{}
	}
	key := m.Key()
	if last, ok := s.last[key]; ok && m < last {
		s.mixed = append(s.mixed, m)
		return nil
	}
	s.last[key] = m
	return nil
}

// Has reports whether a message is there.
func (s *Seen) Has(m Message) bool { return uint64(m) < uint64(len(s.count)) && s.count[m] > 0 }

// AddLines notes the lines of a file.
func (s *Seen) AddLines(text []byte) error {
	if len(text) > 0 && text[len(text)-1] != '\n' {
		return fmt.Errorf("the file ends in the midst of a line: %.100q", text[bytes.LastIndexByte(text, '\n')+1:])
	}
	for line := range bytes.Lines(text) {
		if err := s.Add(line[:len(line)-1]); err != nil {
			return err
		}
	}
	return nil
}

// Check holds the sink's file, the sessions and the plugin's logs against what was sent.
func (l *Ledger) Check(lines, snapshots *Seen, plugin []Delivery) (Figures, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := Figures{Acked: l.acked, Snapshots: snapshots.twice, Lines: lines.twice}
	// Who sends the next one without an answer to the last has given them no order: they may be on two connections.
	for _, m := range slices.Concat(lines.mixed, snapshots.mixed) {
		if uint64(m) < uint64(len(l.state)) && l.state[m]&acknowledged != 0 && (l.Loose == nil || !l.Loose(m)) {
			f.Disordered++
		}
	}
	for i, s := range l.state {
		m := Message(i)
		if s&acknowledged != 0 && (!lines.Has(m) || !snapshots.Has(m)) {
			f.Lost++
		}
		if s&sent == 0 && (lines.Has(m) || snapshots.Has(m)) {
			return f, fmt.Errorf("message %d is there and was never sent", m)
		}
	}
	if n := max(len(lines.count), len(snapshots.count)); n > len(l.state) {
		return f, fmt.Errorf("message %d is there and was never sent", n-1)
	}
	f.Early, f.Deferred, f.Again = deliveries(plugin)
	return f, nil
}
