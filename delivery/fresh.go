package delivery

import (
	"time"

	"github.com/peltonhq/pelton"
)

// Fresh is a message that waits for its first offer to an instance. Nearly all deliveries are such, of messages that every
// plugin gets, and are acked; so they go to the actors and back as runs of four bytes each, and become [Item] only if
// something else than an ack comes back.
type Fresh int32

// Fresh is what is to be offered to one instance, at most n from the front; none when something else has to be offered
// before, or may have to wait, which is for [Ledger.Next]. It is valid until the next call of the ledger.
func (l *Ledger) Fresh(plugin, instance, n int) []Fresh {
	s := &l.plugins[plugin]
	q := &s.pending[instance]
	if !s.open() || s.pause != Flowing || s.crowded() || s.blocked.len()+s.back[instance].len()+q.again.len() > 0 {
		return nil
	}
	return q.fresh.run(n)
}

// Start is a first offer.
type Start struct {
	Ref   pelton.Ref
	After int32 // as Item.After
}

// Starts describes a run of at most MaxTurn messages, for plugins whose order is by key or not.
func (l *Ledger) Starts(run []Fresh, byKey bool, dst []Start) []Start {
	var last keys
	for i, f := range run {
		m := l.messages.at(int32(f))
		after := int32(-1)
		if byKey && m.hash != 0 {
			after = last.put(m.hash, int32(i))
		}
		dst = append(dst, Start{Ref: m.ref, After: after})
	}
	return dst
}

// Position is the message's position.
func (l *Ledger) Position(f Fresh) uint64 { return l.messages.at(int32(f)).position }

// ByKey reports whether the order of a plugin is by key.
func (l *Ledger) ByKey(plugin int) bool { return l.plugins[plugin].spec.Policy.ByKey }

// Offered notes that the first n of what Fresh gave are with the instance. As after [Ledger.Next], the loop asks for no
// more for it until they are decided.
func (l *Ledger) Offered(plugin, instance, n int) {
	q := &l.plugins[plugin].pending[instance].fresh
	for _, f := range q.run(n) {
		l.messages.at(int32(f)).flight++
	}
	q.drop(n)
	l.Counts.Plugins[plugin].Offered += uint64(n)
}

// AckedFresh is [Ledger.Acked] for a run.
func (l *Ledger) AckedFresh(plugin int, run []Fresh) {
	settled, others := false, 0
	for _, f := range run {
		m := l.messages.at(int32(f))
		m.flight--
		if !m.source {
			others++
			l.ack(&Item{message: int32(f), plugin: int32(plugin)}, &Decision{})
			continue
		}
		if m.lent--; m.lent == 0 && m.ref.Valid() {
			l.release = append(l.release, m.ref)
			m.ref = pelton.Ref{}
		}
		m.open--
		settled = settled || m.open == 0
	}
	l.Counts.Plugins[plugin].Acked += uint64(len(run) - others)
	if settled {
		l.advance()
	}
}

// Items makes a run, offered at a time, what [Ledger.Decide] and [Ledger.Undecided] take.
func (l *Ledger) Items(plugin int, run []Fresh, at time.Time, dst []Item) []Item {
	for _, f := range run {
		m := l.messages.at(int32(f))
		dst = append(dst, Item{Ref: m.ref, First: at.UnixNano(), Attempt: 1, After: -1, message: int32(f), plugin: int32(plugin), hash: m.hash})
	}
	return dst
}
