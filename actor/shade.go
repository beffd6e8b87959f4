package actor

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor/rollout"
	"github.com/peltonhq/pelton/actor/shadow"
)

// shade is a version that sees copies of what a mailbox gets, after the answer of the version that does the work. It has a
// mailbox and an actor of its own; what that has no room for is skipped, so that it never slows the lane.
type shade struct {
	probe   *probe
	slot    *slot
	seat    *seat // until its actor begins
	overlay *shadow.Overlay
	limit   int64 // bytes in the mailbox
	used    atomic.Int64
}

const shadeMailbox = 64 // turns

// follow begins a shadow, with the state of the version that does the work.
func (a *actor) follow(h *shade) {
	p := a.slot.plugin
	a.shade = h
	if err := a.transfer(a.current, h.seat); err != nil {
		p.fallback(h.probe, a.slot.index, err)
	}
	next := newActor(h.slot)
	next.current = h.seat
	p.group.Go(next.serve)
}

// take copies an answered turn for the shadow, if there is room.
func (h *shade) take(t *Turn) {
	if h.probe.Decision() != rollout.Undecided {
		return
	}
	if h.overlay != nil {
		for i := range t.Changes {
			h.overlay.Keep(t.Changes[i].Key)
		}
	}
	size := int64(0)
	for i := range t.Deliveries {
		size += int64(len(t.Deliveries[i].View.Payload()) + len(t.Deliveries[i].View.Key()) + emitCost)
	}
	for i := range t.Emits {
		size += int64(len(t.Emits[i].Payload) + len(t.Emits[i].Key) + emitCost)
	}
	if h.used.Load()+size > h.limit || len(h.slot.mailbox) == cap(h.slot.mailbox) {
		h.skip(len(t.Deliveries))
		return
	}
	c := &Turn{Deliveries: make([]Delivery, len(t.Deliveries))}
	for i := range c.Deliveries {
		d := &t.Deliveries[i]
		c.Deliveries[i] = Delivery{View: d.View.Clone(), After: d.After, Token: d.Token, Response: d.Response, Asker: h.probe.version.Revision}
	}
	live := t.answers()
	c.Reply = func(c *Turn) {
		h.used.Add(-size)
		h.compare(live, c)
	}
	h.used.Add(size)
	h.slot.mailbox <- c // it has room, and nobody else sends
}

// skip counts deliveries that it is not shown, or did not come to.
func (h *shade) skip(n int) {
	h.probe.Recorder.Skip(n)
	h.slot.plugin.slots[h.slot.index].counters.skipped.Add(uint64(n))
}

func (h *shade) compare(live []shadow.Answer, c *Turn) {
	if c.Lost {
		h.skip(len(live))
		return
	}
	own := c.answers()
	for i := range live {
		v := &c.Deliveries[i].View
		m := v.Meta()
		h.probe.Recorder.Compare(v.Key(), m.MessageID(), &live[i], &own[i])
	}
}

// answers are what was made of each delivery, owned. What a delivery asks for counts as an emit.
func (t *Turn) answers() []shadow.Answer {
	answers := make([]shadow.Answer, len(t.Deliveries))
	for i := range answers {
		switch {
		case t.blank:
			answers[i].Verdict = pelton.Ack()
		case t.Outcomes[i].Fault != nil:
			answers[i].Fault = t.Outcomes[i].Fault.Error()
		default:
			answers[i].Verdict = t.Outcomes[i].Verdict
		}
	}
	for i := range t.Emits {
		a := &answers[t.Emits[i].Delivery]
		a.Emits = append(a.Emits, t.Emits[i].Emit)
	}
	for i := range t.Requests {
		r := &t.Requests[i]
		a := &answers[r.Delivery]
		a.Emits = append(a.Emits, pelton.Emit{Output: "http", Key: []byte(r.Method + " " + r.URL), Payload: r.Body})
	}
	return answers
}

// shadow runs a version beside the one that does the work, for as long as the strategy says. The error is why it does not come
// in then; nil: it may.
func (p *Plugin) shadow(ctx context.Context, v, old *version, s *Strategy) (*Figures, error) {
	env := p.options.Env
	env.Window = nil // what it is shown is no arena's
	var overlay *shadow.Overlay
	if env.KV != nil {
		overlay = shadow.NewOverlay(env.KV, s.Buffer)
		env.KV = overlay
	}
	instances, err := p.load(ctx, v, old, &env)
	if err != nil {
		return nil, err
	}
	probe := p.newProbe(v, old, s, StateShadow)
	shades := make([]*shade, len(instances))
	for i, instance := range instances {
		shades[i] = &shade{
			probe: probe, seat: newSeat(v, instance), overlay: overlay, slot: p.newSlot(i, shadeMailbox, &env), limit: s.Buffer / int64(len(instances)),
		}
		shades[i].slot.of = shades[i]
	}
	if !p.cast(probe, shades) {
		return nil, ErrClosed
	}
	p.become(StateShadow)
	p.tell(StateShadow, v, -1, probe.Words())
	p.compare(ctx, probe)
	p.lift(shades)
	figures := probe.Figures()
	return figures, probe.Passed(figures.Shadow)
}

// cast has the actors begin the shadow; false if the plugin was closed meanwhile.
func (p *Plugin) cast(probe *probe, shades []*shade) bool {
	p.mu.Lock()
	if !p.closed {
		p.probe, p.busy.state = probe, StateShadow
		for i, h := range shades {
			p.slots[i].cast = h
		}
		p.mu.Unlock()
		p.callAll()
		return true
	}
	p.mu.Unlock()
	for _, h := range shades {
		p.dispose(h.seat.version, h.seat.instance)
	}
	return false
}

// compare waits for the end of a shadow.
func (p *Plugin) compare(ctx context.Context, probe *probe) {
	end, look := time.NewTimer(probe.Span()), time.NewTicker(lookEvery)
	defer end.Stop()
	defer look.Stop()
	for {
		select {
		case <-look.C:
			probe.Look(false)
		case <-end.C:
			probe.Look(true)
			probe.Decide(rollout.Upheld, "")
		case <-ctx.Done():
			probe.Decide(rollout.Revoked, "nobody waits for it any more")
		case <-p.ctx.Done():
			probe.Decide(rollout.Revoked, "the plugin is closed")
		case <-probe.Decided:
			return
		}
	}
}

// lift ends a shadow: its actors answer what waits and close its instances.
func (p *Plugin) lift(shades []*shade) {
	p.mu.Lock()
	p.probe = nil
	var idle []*shade
	for i, h := range shades {
		h.slot.over = true
		if s := p.slots[i]; s.cast == h {
			s.cast = nil
			idle = append(idle, h)
		}
		if next := h.slot.vacant; next != nil {
			h.slot.vacant = nil
			p.group.Go(next.serve)
		}
		p.slots[i].lift = true
	}
	p.mu.Unlock()
	p.callAll()
	for _, h := range shades {
		h.slot.call()
	}
	for _, h := range idle { // no actor began it
		p.dispose(h.seat.version, h.seat.instance)
	}
}
