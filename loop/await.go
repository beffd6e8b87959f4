package loop

import (
	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/delivery"
)

// Fetcher makes a plugin's requests.
type Fetcher interface {
	// Fetch makes a request, some time, without blocking the caller. done is called once, from any goroutine, unless the
	// fetcher is closed before; release is to be called when the response is not needed any more: it holds its place
	// among those that may be made at once, so that responses are bounded (A2).
	Fetch(r *pelton.Request, done func(r *pelton.Response, release func()))
}

// ask has the requests made that deliveries await the responses of.
func (l *Loop) ask() {
	l.asks = l.ledger.Asks(l.asks[:0])
	for i := range l.asks {
		token := l.asks[i].Token
		l.o.Grants[l.asks[i].Plugin].Fetcher.Fetch(l.asks[i].Request, func(r *pelton.Response, release func()) {
			if !l.Do(func() { l.ledger.Answer(token, r, release) }) {
				release()
			}
		})
	}
	clear(l.asks)
}

// heard gives up the responses of the deliveries that were decided.
func (t *turn) heard() {
	for i := range t.items {
		o := &t.Outcomes[i]
		if a := t.items[i].Answer; a != nil && (t.Plain || o.Fault != nil || o.Verdict.Decision != pelton.DecisionNone) {
			t.Deliveries[i].Response = nil
			a.Done()
		}
	}
}

// requests gives the decisions of a turn what their deliveries await the responses of.
func (t *turn) requests(decisions []delivery.Decision) {
	for i := range t.Requests {
		r := &t.Requests[i]
		decisions[r.Delivery].Request = &pelton.Request{Method: r.Method, URL: r.URL, Headers: r.Headers, Body: r.Body}
	}
}
