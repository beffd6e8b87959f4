package delivery

import "time"

// Pause says how a plugin is held back from outside.
type Pause uint8

// What an operator may ask for.
const (
	Flowing Pause = iota // it is offered what comes
	Paused               // it is offered nothing: its lanes fill and pause
	Parking              // what it would be offered goes into the parking lot, until it is released from there
)

// Never is when a delivery is due that waits for its plugin to be resumed.
var Never = time.Date(2200, time.January, 1, 0, 0, 0, 0, time.UTC)

// Pause holds a plugin back, or lets it go on. What is with an instance is decided as ever.
func (l *Ledger) Pause(plugin int, p Pause) { l.plugins[plugin].pause = p }

// Parks reports whether what [Ledger.Next] gives for a plugin is to be shelved, not offered.
func (l *Ledger) Parks(plugin int) bool { return l.plugins[plugin].pause == Parking }

// Shelve parks what Next gave. None of it spends an attempt, and a later message of a key stays behind the first (D3).
func (l *Ledger) Shelve(items []Item) {
	for i := range items {
		item := &items[i]
		m := l.messages.at(item.message)
		m.flight--
		l.Counts.Plugins[item.plugin].Offered--
		item.Answer = nil // it starts over
		if l.fallBehind(item) {
			continue
		}
		var d Decision
		if m.lot != nil {
			d.Revision = m.lot.Revision
		}
		r := l.record(item, &d, KindPause)
		r.Due, r.Reason = Never, "its plugin is paused"
		l.park(item, r)
	}
}
