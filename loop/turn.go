package loop

import (
	"slices"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/decode"
	"github.com/peltonhq/pelton/delivery"
)

// turn is one batch of deliveries on its way to one instance. There is one per instance and lane, so that a key's next
// message is offered only after the previous one was decided (D3).
type turn struct {
	actor.Turn

	plugin, instance int
	sheet            *sheet          // of a turn of first offers; else items are what it offers
	items            []delivery.Item // in room
	room             []delivery.Item
	own              []actor.Delivery //pelton:lends of items, and lent anew for each offer
	decisions        []delivery.Decision
	size             int       // most deliveries
	out              bool      // an actor has it
	brisk            bool      // the last one was back soon
	back             note      // tells the loop that it came back
	at               time.Time // when it was offered
}

func (l *Loop) newTurn(plugin, instance int) *turn {
	t := &turn{plugin: plugin, instance: instance, room: make([]delivery.Item, delivery.MaxTurn), decisions: make([]delivery.Decision, delivery.MaxTurn)}
	t.size = turnSize
	t.Reply = func(*actor.Turn) {
		t.back = note{kind: noteTurn, turn: t}
		l.box.push(&t.back)
	}
	return t
}

// resize makes turns larger as long as they are short, since each costs two switches between goroutines. One that took
// its time, or that put something out, which is bounded per delivery, is followed by one of the least size.
func (t *turn) resize(now time.Time) {
	took := now.Sub(t.at)
	t.brisk = took < shortTurn
	switch {
	case !t.Plain || took > longTurn:
		t.size = turnSize
	case took < shortTurn && len(t.Deliveries) == t.size:
		t.size = min(2*t.size, delivery.MaxTurn)
	}
}

// admit takes one batch from the ring into the account. Usually nobody looks at a message yet: its bytes are in the caches of the
// reader's processor.
func (l *Loop) admit(batch []decode.Frame) {
	looks := l.ledger.Direct() || l.o.Tracer != nil || l.o.Tap.Active()
	run := l.framed[:0]
	for i := range batch {
		f := &batch[i]
		if f.Bad != nil {
			l.ledger.AdmitRun(run)
			run = run[:0]
			l.admitBad(f)
			f.Bad = nil
			continue
		}
		l.owners[f.Ref.Index>>24] = l.o.Arena
		framed := delivery.Framed{Ref: f.Ref, Position: f.Position, Next: f.Next, Hash: f.Hash}
		if looks {
			l.admitSeen(framed)
			continue
		}
		run = append(run, framed)
	}
	l.ledger.AdmitRun(run)
	l.framed = run
	l.ring.back(batch)
}

// admitSeen admits one message that somebody looks at, or that the source feeds to a target itself.
func (l *Loop) admitSeen(f delivery.Framed) {
	loan, err := l.o.Arena.Loan(f.Ref)
	if err != nil {
		l.fail(err)
		return
	}
	if l.o.Tracer != nil {
		l.traceReceived(&loan.Meta)
	}
	if l.o.Tap.Active() {
		l.tapMessage(loan)
	}
	a := delivery.Admission{Framed: f}
	if l.ledger.Direct() {
		m := &loan.Meta
		a.Key, a.Payload, a.Time, a.Trace = slices.Clone(loan.Key), slices.Clone(loan.Payload), m.Time, m.Trace
	}
	l.ledger.Admit(&a)
}

func (l *Loop) admitBad(f *decode.Frame) {
	id := pelton.EffectID{Message: pelton.MessageID{Lane: l.o.ID, Position: f.Position}}
	l.ledger.AdmitBad(delivery.Record{
		ID: id, Kind: delivery.KindFrame, Reason: f.Bad.Reason, First: l.now, Failed: l.now,
		Content: delivery.Content{Payload: f.Bad.Payload, Length: f.Bad.Length, SHA256: f.Bad.SHA256},
	}, f.Next)
}

// dispatch offers what can be offered to every instance that has no turn.
func (l *Loop) dispatch() bool {
	offered := false
	l.retryOffer = false
	if l.closing {
		return false
	}
	for p, seats := range l.seats {
		for i, t := range seats {
			if !t.out && l.ledger.Ready(p, i) {
				offered = l.offer(t) || offered
			}
		}
	}
	return offered
}

func (l *Loop) offer(t *turn) bool {
	if run := l.ledger.Fresh(t.plugin, t.instance, t.size); len(run) > 0 {
		return l.offerRun(t, run)
	}
	t.items = l.ledger.Next(t.plugin, t.instance, l.now, t.room[:0:t.size])
	if len(t.items) == 0 {
		return false
	}
	if l.ledger.Parks(t.plugin) {
		for i := range t.items {
			if a := t.items[i].Answer; a != nil {
				a.Done()
			}
		}
		l.ledger.Shelve(t.items)
		return true
	}
	t.own = slices.Grow(t.own[:0], len(t.items))[:len(t.items)]
	t.Lost, t.Brief, t.at, t.Deliveries = false, true, l.now, t.own
	for i := range t.items {
		item := &t.items[i]
		loan, err := l.owners[item.Ref.Index>>24].Loan(item.Ref)
		if err != nil {
			l.fail(err)
			return false
		}
		d := &t.Deliveries[i]
		d.View.Lend(loan, item.Attempt, item.Defers, item.First)
		d.Token, d.After = uint64(i), item.After
		d.Response, d.Asker = nil, 0
		if item.Answer != nil {
			d.Response, d.Asker = item.Answer.Response, item.Answer.Revision
		}
	}
	if !l.send(t) {
		l.ledger.Undecided(t.items)
	}
	return t.out
}

// send gives the turn to its instance, if that takes it now.
func (l *Loop) send(t *turn) bool {
	t.out = l.o.Plugins[t.plugin].Offer(t.instance, &t.Turn)
	switch {
	case !t.out:
		l.retryOffer = true
	case t.brisk:
		l.brisk++
	}
	return t.out
}

// returned takes a turn back: its verdicts and emits go into the account.
func (l *Loop) returned(t *turn) {
	t.out = false
	if t.brisk {
		l.brisk--
	}
	t.resize(l.now)
	if l.o.Tracer != nil {
		l.traceTurn(t)
	}
	if l.o.Tap.Active() {
		l.tapTurn(t)
	}
	if s := t.sheet; s != nil {
		s.turns--
		t.sheet = nil
		if t.Plain && !t.Lost {
			l.ledger.AckedFresh(t.plugin, s.run)
			return
		}
		t.items = l.ledger.Items(t.plugin, s.run, s.at, t.room[:0])
	} else if !t.Lost {
		t.heard()
	}
	switch {
	case t.Lost:
		l.ledger.Undecided(t.items)
		l.retryOffer = true
	case t.Plain:
		l.ledger.Acked(t.items)
	default:
		l.decide(t)
	}
}

func (l *Loop) decide(t *turn) {
	decisions := t.decisions[:len(t.items)]
	for i := range decisions {
		o := &t.Outcomes[i]
		decisions[i] = delivery.Decision{Verdict: o.Verdict, Revision: o.Revision, Emits: decisions[i].Emits[:0]}
		if o.Revision == 0 {
			decisions[i].Revision = t.Revision
		}
		if o.Revision != 0 {
			decisions[i].Revision = o.Revision
		}
		if o.Fault != nil {
			decisions[i].Fault = o.Fault.Error()
		}
	}
	t.stateOf(decisions)
	t.requests(decisions)
	for i := range t.Emits {
		e := &t.Emits[i]
		d := &decisions[e.Delivery]
		if len(d.Emits) == 0 {
			m := t.Deliveries[e.Delivery].View.Meta()
			d.Time, d.Trace = m.Time, m.Trace
		}
		d.Emits = append(d.Emits, e.Emit)
	}
	l.ledger.Decide(t.items, decisions, l.now)
	for i := range decisions {
		clear(decisions[i].Emits)
	}
	for _, s := range t.Settlements {
		l.settleLater(s.Token, delivery.Decision{Verdict: s.Verdict, Emits: s.Emits, Revision: t.Revision})
	}
}
