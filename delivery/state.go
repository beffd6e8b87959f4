package delivery

import (
	"time"

	"github.com/peltonhq/pelton"
)

// held is an ack whose emits go on once what is before it in its plugin's line is durable: its own change of the plugin's
// state, or that of a delivery before it, which it may have read.
type held struct {
	ack   int32
	emits []pelton.Emit
	made  int // revision that emitted them
	time  time.Time
	trace string
	size  int64 // charged to the plugin's outbox meanwhile
	ready bool
}

// commit acks a delivery that changed its plugin's state. The change becomes durable in one append with what makes the
// delivery settled for good: a record of the emits that it owes, or a mark if it owes none. So the plugin is never run again
// for a change that is durable, and a change that is not durable is made again from the state that it was made from (E1).
func (l *Ledger) commit(item *Item, d *Decision) {
	i := item.message
	m, s := l.messages.at(i), &l.plugins[item.plugin]
	id := l.id(i).To(l.target(int(item.plugin)))
	a := acked{message: i, plugin: item.plugin, left: 1}
	w := write{message: i, plugin: item.plugin}
	out := Write{Kind: WriteState, State: d.State, Plugin: int(item.plugin), Record: &Record{ID: id}, InLot: m.parked}
	if place := l.lots[m.position]; place != nil {
		out.Behind = place.hands > 0
	}
	if m.lot != nil || l.owes(item.plugin, d) {
		a.owed = l.owed(item, d)
		w.parks = m.lot == nil
		out.Record, out.Owes, out.Parked, out.Marks = a.owed, true, m.lot != nil, l.marked(id)
	}
	if m.lot != nil { // from now on it is the record that is owed, which still has its place in the key's line
		lot := *a.owed
		lot.Hash = m.lot.Hash
		m.lot = &lot
	}
	w.ack = l.acks.take(a)
	l.write(w, out)
	l.queueUp(s, w.ack, d, false)
	l.unlend(i)
	if m.lot == nil {
		l.unblockItem(item)
	}
}

// queueUp puts an ack into its plugin's line. ready says that it changed no state itself.
func (l *Ledger) queueUp(s *subscriber, k int32, d *Decision, ready bool) {
	h := held{ack: k, emits: d.emits(), made: d.Revision, time: d.Time, trace: d.Trace, size: d.StateSize, ready: ready}
	for i := range d.Emits {
		h.size += int64(len(d.Emits[i].Key)+len(d.Emits[i].Payload)) + emitCost
	}
	s.waiting += h.size
	s.held.pushBack(h)
}

// emitCost is charged to each emit that waits beside its bytes.
const emitCost = 64

// committed notes that the change of an ack is durable, and lets go on what waited for it.
func (l *Ledger) committed(k int32) {
	s := &l.plugins[l.acks.at(k).plugin]
	for i := range s.held.len() {
		if h := s.held.at(i); h.ack == k {
			h.ready = true
			break
		}
	}
	for s.held.len() > 0 && s.held.at(0).ready {
		h := s.held.popFront()
		s.waiting -= h.size
		l.emit(h.ack, &Decision{Emits: h.emits, Revision: h.made, Time: h.time, Trace: h.trace})
		l.finished(h.ack)
	}
}

// discharge takes the record of what a delivery owed out of the store: it is settled.
func (l *Ledger) discharge(message int32, r *Record) {
	m := l.messages.at(message)
	alone, leaving := l.lots[m.position].leave(r.ID)
	l.write(write{message: message, plugin: -1, owed: true, leaves: r.ID}, Write{
		Kind: WriteRemove, Record: r, Parked: true,
		Settle: m.position >= l.passed && *m.lane == l.lane,
		Alone:  alone, Leaving: leaving,
	})
}

// resume takes a record of what a delivery owes since before a restart: its emits go on, and it is not run again.
func (l *Ledger) resume(a Arrival) {
	r := a.Record
	i := l.messages.take(message{lane: &r.ID.Message.Lane, position: r.ID.Message.Position, path: r.ID.Message.Path, lot: r, parked: true, open: 1})
	l.enterLot(r.ID.Message.Position, a.Known)
	p := l.plugin(r.ID.Target)
	if p < 0 { // of a plugin that is no longer configured: it stays
		l.settle(i)
		return
	}
	k := l.acks.take(acked{message: i, plugin: p, left: 1})
	l.emit(k, &Decision{Emits: r.Emits, Revision: r.Revision, Time: r.Time, Trace: r.Trace})
	l.finished(k)
}

// lotted reports whether the marks of an ack's effects are the lot's: its message came out of the parking lot, or there is
// a record of what it owes.
func (l *Ledger) lotted(k int32) bool {
	a := l.acks.at(k)
	return a.owed != nil || l.messages.at(a.message).parked
}

// owes reports whether somebody reads what the delivery emitted.
func (l *Ledger) owes(plugin int32, d *Decision) bool {
	for i := range d.Emits {
		output := d.Emits[i].Output
		if output == "" {
			output = pelton.DefaultOutput
		}
		if _, read := l.graph.Plugins[plugin].Outputs[output]; read {
			return true
		}
	}
	return false
}

// owed is the record of what an acked delivery owes. The message's own bytes are not needed any more.
func (l *Ledger) owed(item *Item, d *Decision) *Record {
	r := l.record(item, d, KindOwed)
	r.Hash, r.Due, r.Emits = 0, time.Time{}, d.emits()
	r.Content = Content{Time: d.Time, Trace: d.Trace}
	return r
}

// emits is a copy of the slice, which its owner uses again.
func (d *Decision) emits() []pelton.Emit { return append([]pelton.Emit(nil), d.Emits...) }
