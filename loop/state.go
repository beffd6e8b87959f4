package loop

import (
	"errors"
	"time"

	"github.com/peltonhq/pelton/delivery"
	"github.com/peltonhq/pelton/delivery/lot"
	"github.com/peltonhq/pelton/store"
)

// State makes the changes of one plugin's own state durable, in the order of their tickets.
type State interface {
	// Commit makes a ticket's changes durable together with records. done is called once, from any goroutine.
	Commit(ticket uint64, records []store.Record, done func(error))
	// Abandon tells that a ticket will never be committed.
	Abandon(ticket uint64, why error)
}

// change is one ticket on its way to a plugin's state, with the writes of the ledger that go with it.
type change struct {
	plugin  int
	ticket  uint64
	records []store.Record
	tokens  []uint64
	behind  bool // it must not overtake what is with the journal
}

// gather puts a write of the ledger to those of the same ticket.
func (l *Loop) gather(w *delivery.Write, records []store.Record) {
	n := len(l.changes) - 1
	if n < 0 || l.changes[n].plugin != w.Plugin || l.changes[n].ticket != w.State {
		l.changes = append(l.changes, change{plugin: w.Plugin, ticket: w.State})
		n++
	}
	c := &l.changes[n]
	c.records, c.tokens, c.behind = append(c.records, records...), append(c.tokens, w.Token), c.behind || w.Behind
}

// carryChanges hands the gathered tickets to the states of their plugins.
func (l *Loop) carryChanges() {
	for i := range l.changes {
		c := l.changes[i]
		if c.behind {
			l.journal.after(func() { l.commit(&c) })
		} else {
			l.commit(&c)
		}
	}
	clear(l.changes)
	l.changes = l.changes[:0]
}

func (l *Loop) commit(c *change) {
	tokens := c.tokens
	l.o.Grants[c.plugin].State.Commit(c.ticket, c.records, func(err error) {
		l.box.tell(note{kind: noteRun, run: func() {
			if err != nil {
				l.fail(err)
				return
			}
			for _, token := range tokens {
				l.ledger.Written(token)
			}
		}})
	})
}

// stateOf gives the decisions of a turn their part in its ticket.
func (t *turn) stateOf(decisions []delivery.Decision) {
	for i := range t.Changes {
		c := &t.Changes[i]
		d := &decisions[c.Delivery]
		d.State = t.Ticket
		d.StateSize += int64(len(c.Key) + len(c.Value))
	}
}

// abandon tells the states of what a loop that failed will not commit.
func (l *Loop) abandon() {
	l.writes = l.ledger.Writes(l.writes[:0])
	for i := range l.writes {
		if w := &l.writes[i]; w.Kind == delivery.WriteState {
			l.o.Grants[w.Plugin].State.Abandon(w.State, errAbandoned)
		}
	}
	clear(l.writes)
}

var errAbandoned = errors.New("the lane failed before it could make it durable")

// resume hands the ledger what acked deliveries owe since before a restart, before anything new is admitted: it stays in
// its order.
func (l *Loop) resume() error {
	for e, err := range lot.Owed(l.o.Store, l.o.ID.Source, l.o.ID.Lane) {
		if err != nil {
			return err
		}
		known, err := lot.Known(l.o.Store, e.ID)
		if err != nil {
			return err
		}
		l.ledger.Arrive(delivery.Arrival{Record: &e.Record, Known: known, Now: time.Now()})
	}
	return nil
}
