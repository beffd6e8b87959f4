package place

import "github.com/peltonhq/pelton"

// Mark is the newest durable place that a feed knows. The zero Mark: never born. An ID of 0: born without a snapshot.
type Mark struct {
	Epoch, ID uint64
	End       End
}

// End says whether something may follow a mark in its epoch.
type End uint8

// The ends, in the order in which they may come.
const (
	Open   End = iota
	Closed     // nothing follows, by a client's word; what was written stays
	Gone       // deleted
)

// Behind reports whether o is newer. Epochs only grow, ids grow within one, and an end only moves forward after the
// last id, so marks that arrive from the store and from the committer in any order end in the same one.
func (m Mark) Behind(o Mark) bool {
	if m.Epoch != o.Epoch {
		return m.Epoch < o.Epoch
	}
	if m.ID != o.ID {
		return m.ID < o.ID
	}
	return m.End < o.End
}

// Position is a follower's place: the next number it has not been given.
type Position struct {
	Log   bool
	Epoch uint64 // 0: waits for the key to be born
	Next  uint64
	Floor uint64 // with Epoch 0: lives up to this epoch had ended before it came
	Ended bool   // it was told of the deletion
}

// Cursor is the exclusive place after what was given.
func (p Position) Cursor() pelton.Cursor {
	if p.Epoch == 0 {
		return pelton.Cursor{}
	}
	return pelton.Cursor{Epoch: p.Epoch, ID: p.Next - 1, Log: p.Log}
}

// Step is what a follower does next.
type Step uint8

// The steps.
const (
	Wait   Step = iota // nothing new
	Begin              // the key was born: take its epoch
	Reset              // the key has another epoch
	Read               // Next … mark.ID are there or were trimmed
	Ended              // it was deleted, and has not been told
	Finish             // it was closed: nothing follows
)

// Step is what a follower at p does next when it looks at m.
func (p Position) Step(m Mark) Step {
	switch {
	case m.Epoch == 0:
		return Wait
	case p.Epoch == 0:
		if m.Epoch <= p.Floor {
			return Wait
		}
		return Begin
	case p.Epoch != m.Epoch:
		return Reset
	case p.Next <= m.ID:
		return Read
	case m.End == Gone && !p.Ended:
		return Ended
	case m.End == Closed:
		return Finish
	}
	return Wait
}

// Lacks is how many numbers up to m a follower at p was not given. What was deleted nobody lacks.
func (p Position) Lacks(m Mark) uint64 {
	step := p.Step(m)
	switch {
	case m.End == Gone:
		return 0
	case step == Read:
		return m.ID + 1 - p.Next
	case step == Begin || step == Reset:
		return m.ID
	}
	return 0
}

// gap declares that what lies between p and to, inclusive, is not given.
func (p Position) gap(to pelton.Cursor, why Reason) Event {
	return Event{Kind: KindGap, Gap: Gap{From: p.Cursor(), To: to, Reason: why}, Cursor: to}
}

// Skip moves p behind number n and declares the gap.
func (p *Position) Skip(n uint64, why Reason) Event {
	e := p.gap(pelton.Cursor{Epoch: p.Epoch, ID: n, Log: p.Log}, why)
	p.Next = n + 1
	return e
}

// Restart moves p to the beginning of another epoch and declares the gap.
func (p *Position) Restart(epoch uint64) Event {
	e := p.gap(pelton.Cursor{Epoch: epoch, Log: p.Log}, Epoch)
	p.Epoch, p.Next, p.Ended = epoch, 1, false
	return e
}

// Tile turns entries, ascending from p.Next on, into events without a hole (S1): where a number is missing, a gap is.
// upTo is the last number the entries could have had. With declare false it stops before the first gap and says so.
func (p *Position) Tile(entries []Entry, upTo uint64, declare bool) (events []Event, stopped bool) {
	events = make([]Event, 0, len(entries)+1)
	for i := range entries {
		e := &entries[i]
		if e.N > p.Next {
			if !declare {
				return events, true
			}
			events = append(events, p.Skip(e.N-1, Trimmed))
		}
		p.Next = e.N + 1
		events = append(events, e.Event(p.Epoch, p.Log))
	}
	if p.Next <= upTo {
		if !declare {
			return events, true
		}
		events = append(events, p.Skip(upTo, Trimmed))
	}
	return events, false
}
