package actor

import (
	"errors"
	"slices"

	"github.com/peltonhq/pelton"
)

// Asked is one request of a turn.
type Asked struct {
	pelton.Request

	Delivery int // index in Turn.Deliveries
}

// Fetch notes the request of delivery i, whose verdict must be Await then; with any other it is dropped. What it is given is
// copied. granted is Env.HTTP. The error is a *Fault: the outbox is full, the delivery has a request already, or the plugin
// is not granted http.
func (t *Turn) Fetch(granted bool, i int, r pelton.Request) error {
	if !granted {
		return errNoHTTP
	}
	size := emitCost + len(r.Method) + len(r.URL) + len(r.Body)
	for _, h := range r.Headers {
		size += emitCost + len(h.Name) + len(h.Value)
	}
	if err := t.charge(i, size); err != nil {
		return err
	}
	if t.asks(i) != nil {
		return malformed("a message makes two requests at once; make the second when the answer to the first is there")
	}
	r.Headers, r.Body = slices.Clone(r.Headers), t.own(r.Body)
	t.Requests = append(t.Requests, Asked{Delivery: i, Request: r})
	return nil
}

// asks is the request of a delivery; nil when it made none.
func (t *Turn) asks(i int) *Asked {
	for n := range t.Requests {
		if t.Requests[n].Delivery == i {
			return &t.Requests[n]
		}
	}
	return nil
}

// Response is the answer that delivery i awaited; nil when it awaits none, or another version asked, so that it starts over.
func (t *Turn) Response(i int) *pelton.Response {
	d := &t.Deliveries[i]
	if d.Response == nil || d.Asker != t.Revision {
		return nil
	}
	return d.Response //pelton:lends it is owned; only what it answers is lent
}

// ErrNoHTTP says that a plugin makes a request and was not granted http.
var ErrNoHTTP = errors.New(`the plugin uses http, which it is not granted: add capabilities: {http: {allow: ["HOST:PORT"]}} to it in the config`)

var errNoHTTP = &Fault{Kind: FaultMalformed, Err: ErrNoHTTP}

// await drops the requests of deliveries that do not await.
func (t *Turn) await() {
	t.Requests = slices.DeleteFunc(t.Requests, func(a Asked) bool {
		o := &t.Outcomes[a.Delivery]
		return o.Fault != nil || o.Verdict.Decision != pelton.DecisionAwait
	})
}

// checkRequests holds that a delivery awaits only what it asked for.
func (t *Turn) checkRequests() error {
	for i := range t.Requests {
		if d := t.Requests[i].Delivery; d < 0 || d >= len(t.Deliveries) {
			return malformed("a request names delivery %d of %d", d, len(t.Deliveries))
		}
	}
	for i := range t.Outcomes {
		if t.Outcomes[i].Verdict.Decision == pelton.DecisionAwait && t.asks(i) == nil {
			return malformed("a message awaits a response and made no request")
		}
	}
	return nil
}
