package session

import "github.com/peltonhq/pelton"

// Where a follower stands and what it must do next: pure, so that every order of births, trims, deletions and reads
// is tested without a goroutine.

// mark is the newest durable place that a feed knows. The zero mark: never born.
type mark struct {
	epoch, id uint64
	gone      bool // deleted after id
}

// behind reports whether o is newer. Epochs only grow, ids grow within one, and a deletion is the last of its epoch,
// so marks that arrive from the store and from the committer in any order end in the same one.
func (m mark) behind(o mark) bool {
	if m.epoch != o.epoch {
		return m.epoch < o.epoch
	}
	if m.id != o.id {
		return m.id < o.id
	}
	return !m.gone && o.gone
}

// position is a follower's place: the next number it has not been given.
type position struct {
	log   bool
	epoch uint64 // 0: waits for the key to be born
	next  uint64
	floor uint64 // with epoch 0: lives up to this epoch had ended before it came
	ended bool   // it was told of the deletion
}

// cursor is the exclusive place after what was given.
func (p position) cursor() pelton.Cursor {
	if p.epoch == 0 {
		return pelton.Cursor{}
	}
	return pelton.Cursor{Epoch: p.epoch, ID: p.next - 1, Log: p.log}
}

// step is what a follower does next.
type step uint8

const (
	stepWait  step = iota // nothing new
	stepBegin             // the key was born: take its epoch
	stepReset             // the key has another epoch
	stepRead              // next … mark.id are there or were trimmed
	stepEnded             // it was deleted, and has not been told
)

func (p position) step(m mark) step {
	switch {
	case m.epoch == 0:
		return stepWait
	case p.epoch == 0:
		if m.epoch <= p.floor {
			return stepWait
		}
		return stepBegin
	case p.epoch != m.epoch:
		return stepReset
	case p.next <= m.id:
		return stepRead
	case m.gone && !p.ended:
		return stepEnded
	}
	return stepWait
}

// gap declares that what lies between p and to, inclusive, is not given.
func (p position) gap(to pelton.Cursor, why Reason) Event {
	return Event{Kind: KindGap, Gap: Gap{From: p.cursor(), To: to, Reason: why}, Cursor: to}
}

// skip moves p behind number n and declares the gap.
func (p *position) skip(n uint64, why Reason) Event {
	e := p.gap(pelton.Cursor{Epoch: p.epoch, ID: n, Log: p.log}, why)
	p.next = n + 1
	return e
}

// reset moves p to the beginning of another epoch and declares the gap.
func (p *position) reset(epoch uint64) Event {
	e := p.gap(pelton.Cursor{Epoch: epoch, Log: p.log}, Epoch)
	p.epoch, p.next, p.ended = epoch, 1, false
	return e
}

// tile turns entries, ascending from p.next on, into events without a hole (S1): where a number is missing, a gap is.
// upTo is the last number the entries could have had. With declare false it stops before the first gap and says so.
func (p *position) tile(entries []entry, upTo uint64, declare bool) (events []Event, stopped bool) {
	events = make([]Event, 0, len(entries)+1)
	for i := range entries {
		e := &entries[i]
		if e.n > p.next {
			if !declare {
				return events, true
			}
			events = append(events, p.skip(e.n-1, Trimmed))
		}
		p.next = e.n + 1
		events = append(events, p.event(e))
	}
	if p.next <= upTo {
		if !declare {
			return events, true
		}
		events = append(events, p.skip(upTo, Trimmed))
	}
	return events, false
}

func (p *position) event(e *entry) Event {
	if e.snap == nil {
		return Event{Kind: KindDeleted, Key: e.deleted, Cursor: p.cursor()}
	}
	return Event{Kind: KindSnapshot, Snapshot: e.snap, Key: e.snap.Key, Cursor: p.cursor()}
}
