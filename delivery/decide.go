package delivery

import (
	"fmt"
	"time"

	"github.com/peltonhq/pelton"
)

// Decision is what came back for one item of a turn.
type Decision struct {
	Verdict  pelton.Verdict
	Fault    string        // the plugin failed on this very delivery: why; the verdict is then ignored
	Emits    []pelton.Emit // owned, in order; they take effect only with Ack (E1)
	Revision int           // the version that answered
	// State is the ticket of the changes of the plugin's state that this delivery, if it is acked, is part of; 0 for none.
	// StateSize is the bytes of its own.
	State     uint64
	StateSize int64
	Request   *pelton.Request // of a delivery that awaits its response
	Time      time.Time       // of the message, for its effects
	Trace     string          // of the message, for its effects
}

// Decide takes the decisions of one turn: decisions[i] belongs to items[i]. An item whose verdict is DecisionNone
// was not offered, or the turn was lost: it comes back to be offered again, in its order and without an attempt
// spent.
func (l *Ledger) Decide(items []Item, decisions []Decision, now time.Time) {
	undecided := items[:0:0]
	for i := range items {
		item, d := &items[i], &decisions[i]
		m := l.messages.at(item.message)
		m.flight--
		if d.Fault == "" && d.Verdict.Decision == pelton.DecisionNone {
			l.Counts.Plugins[item.plugin].Offered--
			if !l.fallBehind(item) {
				undecided = append(undecided, *item)
			}
			continue
		}
		l.decide(item, d, now)
	}
	l.requeue(undecided)
}

// Undecided is Decide for a turn that was lost as a whole.
func (l *Ledger) Undecided(items []Item) {
	for i := range items {
		l.messages.at(items[i].message).flight--
		l.Counts.Plugins[items[i].plugin].Offered--
	}
	l.requeue(items)
}

// Acked is Decide for a turn in which every delivery was acked without an emit: the common case of a filter. The
// watermark moves once, behind all of them.
func (l *Ledger) Acked(items []Item) {
	settled := false
	for i := range items {
		item := &items[i]
		m := l.messages.at(item.message)
		m.flight--
		if m.lot != nil || item.head || !m.source {
			l.ack(item, &Decision{})
			continue
		}
		l.Counts.Plugins[item.plugin].Acked++
		if m.lent--; m.lent == 0 && m.ref.Valid() {
			l.release = append(l.release, m.ref)
			m.ref = pelton.Ref{}
		}
		m.open--
		settled = settled || m.open == 0
	}
	if settled {
		l.advance()
	}
}

// fallBehind puts an item that was held back by its predecessor in the turn behind its key's head.
func (l *Ledger) fallBehind(item *Item) bool {
	s := &l.plugins[item.plugin]
	b := s.blocked.at(l.messages.at(item.message).hash)
	if b == nil || l.pass(s, item) {
		return false
	}
	if b.lot {
		l.parkBehind(int(item.plugin), s, b, *item)
	} else {
		b.behind.pushBack(*item)
	}
	return true
}

func (l *Ledger) decide(item *Item, d *Decision, now time.Time) {
	c := &l.Counts.Plugins[item.plugin]
	asked := 1
	if item.Answer != nil {
		asked += item.Answer.Asked
		item.Answer = nil // whatever comes next starts over
	}
	if d.Verdict.Decision != pelton.DecisionAck || d.Fault != "" {
		c.Discarded += uint64(len(d.Emits))
	}
	switch {
	case d.Fault != "":
		c.Faults++
		l.retry(item, d, d.Fault, 0, now)
	case d.Verdict.Decision == pelton.DecisionAck:
		l.ack(item, d)
	case d.Verdict.Decision == pelton.DecisionRetry:
		c.Retried++
		l.retry(item, d, reason(d.Verdict.Reason, "retry asked for by the plugin"), d.Verdict.After, now)
	case d.Verdict.Decision == pelton.DecisionDefer:
		l.postpone(item, d, now)
	case d.Verdict.Decision == pelton.DecisionHold:
		c.Held++
		r := l.record(item, d, KindHold)
		r.Due = now.Add(max(d.Verdict.After, MinDefer))
		l.park(item, r)
	case d.Verdict.Decision == pelton.DecisionAwait:
		l.await(item, d, asked, now)
	case d.Verdict.Decision == pelton.DecisionDead:
		l.dead(item, d, reason(d.Verdict.Reason, "given up by the plugin"), now)
	default:
		c.Faults++
		l.retry(item, d, fmt.Sprintf("malformed: verdict %d is unknown", d.Verdict.Decision), 0, now)
	}
}

func reason(given, otherwise string) string {
	if given == "" {
		return otherwise
	}
	return given
}

// retry spends an attempt: the delivery waits by the policy's back-off or the plugin's own delay, or is exhausted.
func (l *Ledger) retry(item *Item, d *Decision, why string, after time.Duration, now time.Time) {
	policy := &l.plugins[item.plugin].spec.Policy
	if int(item.Attempt) >= policy.Attempts {
		l.exhausted(item, d, why, now)
		return
	}
	wait := after
	if wait <= 0 {
		wait = policy.backoff(item.Attempt, l.jitter())
	}
	next := *item
	next.Attempt++
	if wait < Short && l.displaced(item) == nil {
		l.block(&next)
		l.wait(next, now.Add(wait))
		return
	}
	r := l.record(item, d, KindRetry)
	r.Due, r.Reason, r.Failed = now.Add(wait), why, now
	l.park(item, r)
}

func (l *Ledger) exhausted(item *Item, d *Decision, why string, now time.Time) {
	switch l.plugins[item.plugin].spec.Policy.Exhausted {
	case ExhaustedDrop:
		l.Counts.Plugins[item.plugin].Dropped++
		l.settled(item)
	case ExhaustedStop:
		l.plugins[item.plugin].stopped = fmt.Sprintf("stopped after %d attempts: %s", item.Attempt, why)
		l.requeue([]Item{*item})
	default:
		l.dead(item, d, fmt.Sprintf("after %d attempts: %s", item.Attempt, why), now)
	}
}

// postpone carries out a Defer: in memory when it is short, else parked; it spends no attempt.
func (l *Ledger) postpone(item *Item, d *Decision, now time.Time) {
	l.Counts.Plugins[item.plugin].Deferred++
	policy := &l.plugins[item.plugin].spec.Policy
	if int(item.Defers) >= policy.MaxDefers {
		l.dead(item, d, fmt.Sprintf("deferred %d times (max_defers)", item.Defers), now)
		return
	}
	until := d.Verdict.Until
	if earliest := now.Add(MinDefer); until.Before(earliest) {
		until = earliest.Round(0) // a time of the wall's clock, as every other: it moves with it
	}
	lot := l.messages.at(item.message).lot
	if until.Sub(now) < Short && l.displaced(item) == nil && (lot == nil || lot.Hash == 0 || !d.Verdict.Pass) {
		next := *item
		next.Defers++
		if d.Verdict.Pass {
			l.overtake(&next)
		} else {
			l.block(&next)
		}
		l.wait(next, until)
		return
	}
	r := l.record(item, d, KindDefer)
	r.Due = until
	r.Defers++
	if d.Verdict.Pass {
		r.Hash = 0
		if lot == nil { // else its place in the key's line is given up with the write
			l.overtake(item)
		}
	}
	l.park(item, r)
}

// block makes the item the head of its key: later messages of the key stay behind it.
func (l *Ledger) block(item *Item) *block {
	s := &l.plugins[item.plugin]
	hash := l.messages.at(item.message).hash
	if hash == 0 || !s.spec.Policy.ByKey || item.free {
		return nil
	}
	b := s.blocked.at(hash)
	if b == nil {
		b = s.blocked.make(hash, &block{})
	}
	id := l.id(item.message)
	if b.head != id {
		if b.head.Lane.Valid() && b.lot { // id was before the head in line: the head is behind it now
			b.parked++
			s.behind++
			if b.out {
				b.hold(b.head)
			} else {
				b.durable++
			}
		}
		b.head, b.out = id, false
	}
	item.head = true
	return b
}

// displaced is the block of the item's key if another message, which is before the item in line, has become its head
// while the item was out of the lot; else nil.
func (l *Ledger) displaced(item *Item) *block {
	m := l.messages.at(item.message)
	if m.lot == nil || m.lot.Hash == 0 {
		return nil
	}
	b := l.plugins[item.plugin].blocked.at(m.lot.Hash)
	if b != nil && b.head.Lane.Valid() && b.head.Before(l.id(item.message)) {
		return b
	}
	return nil
}

// overtake lets the item's key go on without it.
func (l *Ledger) overtake(item *Item) {
	item.free = true
	if item.head {
		item.head = false
		l.unblock(int(item.plugin), l.messages.at(item.message).hash)
	}
}

// ack settles the delivery once its emits have taken effect.
func (l *Ledger) ack(item *Item, d *Decision) {
	c := &l.Counts.Plugins[item.plugin]
	c.Acked++
	if d.State != 0 {
		l.commit(item, d)
		return
	}
	i := item.message
	lot := l.messages.at(i).lot != nil
	if !lot && len(d.Emits) == 0 {
		l.unlend(i)
		l.settle(i)
		l.unblockItem(item)
		return
	}
	k := l.acks.take(acked{message: i, plugin: item.plugin, left: 1})
	s := &l.plugins[item.plugin]
	waits := s.held.len() > 0 && len(d.Emits) > 0
	if waits {
		l.queueUp(s, k, d, true)
	} else {
		l.emit(k, d)
	}
	l.unlend(i)
	if !lot {
		l.unblockItem(item)
	}
	if !waits {
		l.finished(k)
	}
}

// settled ends a delivery that needs nothing durable of its own.
func (l *Ledger) settled(item *Item) {
	i := item.message
	l.unlend(i)
	if l.messages.at(i).lot != nil {
		l.remove(i)
		return
	}
	l.settle(i)
	l.unblockItem(item)
}

func (l *Ledger) unblockItem(item *Item) {
	if item.head {
		l.unblock(int(item.plugin), item.hash)
	}
}
