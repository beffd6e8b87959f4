package delivery

import (
	"fmt"
	"time"

	"github.com/peltonhq/pelton"
)

// Ask is a request that a delivery awaits the response of. The loop has it made, and tells by [Ledger.Answer].
type Ask struct {
	Token   uint64
	Plugin  int
	Request *pelton.Request
}

// Answer is what a delivery is offered again with. It belongs to the loop; the ledger only keeps it with the delivery until
// that is decided.
type Answer struct {
	Response *pelton.Response
	Revision int    // of the version that asked: another starts over
	Asked    int    // requests of the delivery so far
	Done     func() // called by the loop when the delivery was decided: the response is not needed any more
}

// awaiting is a delivery whose response is on its way.
type awaiting struct {
	item     Item
	revision int
	asked    int
	size     int64 // charged to the plugin's outbox
}

// await keeps a delivery until its response is there. It waits in memory, holds its key's place, and spends no attempt;
// after a restart it starts over.
func (l *Ledger) await(item *Item, d *Decision, asked int, now time.Time) {
	s := &l.plugins[item.plugin]
	c := &l.Counts.Plugins[item.plugin]
	switch {
	case d.Request == nil:
		c.Faults++
		l.retry(item, d, "malformed: it awaits a response and made no request", 0, now)
		return
	case asked > s.spec.Policy.MaxRequests:
		c.Faults++
		l.retry(item, d, fmt.Sprintf("it made more than %d requests (capabilities.http.max_requests)", s.spec.Policy.MaxRequests), 0, now)
		return
	case l.displaced(item) != nil: // it starts over behind the one that came before it in its key's line
		r := l.record(item, d, KindBehind)
		r.Due = time.Time{}
		l.park(item, r)
		return
	}
	c.Awaited++
	next := *item
	l.block(&next)
	a := awaiting{item: next, revision: d.Revision, asked: asked, size: int64(len(d.Request.URL)+len(d.Request.Body)) + emitCost}
	s.waiting += a.size
	s.awaits++
	l.asks = append(l.asks, Ask{Token: uint64(l.awaits.take(a)), Plugin: int(item.plugin), Request: d.Request})
	if m := l.messages.at(item.message); m.flight == 0 && m.ref.Valid() {
		l.moves = append(l.moves, m.ref)
	}
}

// Asks gives out, once, the requests that are to be made.
func (l *Ledger) Asks(dst []Ask) []Ask {
	dst = append(dst, l.asks...)
	clear(l.asks)
	l.asks = l.asks[:0]
	return dst
}

// Answer takes the response to a request: its delivery is offered again, before others. done is given back in the item's
// Answer.
func (l *Ledger) Answer(token uint64, r *pelton.Response, done func()) {
	a := *l.awaits.at(int32(token))
	l.awaits.give(int32(token))
	s := &l.plugins[a.item.plugin]
	s.waiting -= a.size
	s.awaits--
	a.item.Answer = &Answer{Response: r, Revision: a.revision, Asked: a.asked, Done: done}
	l.requeue([]Item{a.item})
}

// crowded reports whether a plugin has so many requests on their way that only deliveries with an answer are offered.
func (s *subscriber) crowded() bool { return s.awaits > 0 && s.awaits >= s.spec.Policy.Requests }
