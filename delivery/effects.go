package delivery

import (
	"fmt"
	"time"

	"github.com/peltonhq/pelton"
)

// acked is a delivery that was acked and whose effects are not all durable yet, or a source message's own effects
// (plugin -1).
type acked struct {
	message int32
	plugin  int32
	left    int32   // effects and children that are not settled, plus one while they are being made
	owed    *Record // of its emits, in the store until they are settled; nil for none
}

// effect is one effect that its target has not completed.
type effect struct {
	ack    int32
	size   int64
	effect pelton.Effect
}

// child is an emit on its way into the output arena of the plugin that made it, for the plugins that read it.
type child struct {
	pelton.Effect

	ack     int32
	path    string
	plugins []int
	parked  bool
	size    int64
}

// Child is an emit that other plugins read: the loop copies it into the emitting plugin's output arena and adopts it.
type Child struct {
	*pelton.Effect

	ID             pelton.MessageID
	Position, Next uint64
}

// emit turns the emits of an acked delivery into effects and children (E1).
func (l *Ledger) emit(k int32, d *Decision) {
	a := l.acks.at(k)
	plugin := a.plugin
	spec := &l.graph.Plugins[plugin]
	c := &l.Counts.Plugins[plugin]
	parent := l.id(a.message)
	for n, e := range d.Emits {
		c.Emits++
		output := e.Output
		if output == "" {
			output = pelton.DefaultOutput
		}
		routes, read := spec.Outputs[output]
		if !read {
			l.Unread++
			continue
		}
		id := l.emitted(&parent, plugin, n)
		f := pelton.Effect{Key: e.Key, Payload: e.Payload, ContentType: e.ContentType, Revision: d.Revision, Time: d.Time, Trace: d.Trace}
		l.fan(k, id, routes.Targets, f)
		if len(routes.Plugins) > 0 {
			l.beget(k, id, routes.Plugins, f)
		}
	}
}

// emitted is parent.Emitted; the edges of messages of the source are made once.
func (l *Ledger) emitted(parent *pelton.MessageID, plugin int32, n int) pelton.MessageID {
	p := &l.plugins[plugin]
	if parent.Path != "" || n >= cap(p.edges) {
		return parent.Emitted(p.spec.Name, n)
	}
	for len(p.edges) <= n {
		p.edges = append(p.edges, pelton.MessageID{}.Emitted(p.spec.Name, len(p.edges)).Path)
	}
	id := *parent
	id.Path = p.edges[n]
	return id
}

// fan makes one effect for each target, but for those that are durable already (S2).
func (l *Ledger) fan(k int32, id pelton.MessageID, targets []int, e pelton.Effect) {
	remembers := l.remembers()
	for _, t := range targets {
		e.ID = id.To(l.graph.Targets[t])
		if remembers && l.isKnown(e.ID) {
			l.Skipped++
			continue
		}
		l.send(k, t, &e)
	}
}

// send puts one effect into its target's outbox; e is copied.
func (l *Ledger) send(k int32, t int, e *pelton.Effect) {
	a := l.acks.at(k)
	a.left++
	i, sent := l.effects.empty()
	sent.ack, sent.effect = k, *e
	f := &sent.effect
	f.Token, f.Mark = uint64(i), l.mark(l.lotted(k), e.ID)
	sent.size = int64(f.Size())
	l.outbox[t].pushBack(i)
	l.owe(a.plugin, sent.size)
}

func (l *Ledger) beget(k int32, id pelton.MessageID, plugins []int, e pelton.Effect) {
	a := l.acks.at(k)
	a.left++
	c := child{ack: k, path: id.Path, plugins: plugins, parked: l.lotted(k), size: int64(e.Size()), Effect: e}
	p := &l.plugins[a.plugin]
	p.child.pushBack(c)
	p.waiting += c.size
}

// finished notes that one of the ack's effects is settled; with the last one the delivery is.
func (l *Ledger) finished(k int32) {
	a := l.acks.at(k)
	a.left--
	if a.left > 0 {
		return
	}
	message, owed := a.message, a.owed
	l.acks.give(k)
	switch {
	case l.messages.at(message).lot != nil:
		l.remove(message)
		return
	case owed != nil:
		l.discharge(message, owed)
		return
	}
	l.settle(message)
}

// Outbox is what waits for a target, in order, at most n effects; they are valid until the next call of the ledger.
// The loop offers them and tells with [Ledger.Taken] how many were taken.
func (l *Ledger) Outbox(target, n int, dst []pelton.Effect) []pelton.Effect {
	q := &l.outbox[target]
	for i := 0; i < min(n, q.len()); i++ {
		dst = append(dst, l.effects.at(*q.at(i)).effect)
	}
	return dst
}

// Queued is the number of effects in a target's outbox.
func (l *Ledger) Queued(target int) int { return l.outbox[target].len() }

// Taken notes that the target took n effects from the front of its outbox.
func (l *Ledger) Taken(target, n int) {
	for range n {
		sent := l.effects.at(l.outbox[target].popFront())
		l.owe(l.acks.at(sent.ack).plugin, -sent.size)
	}
}

// owe adds bytes to what waits for targets, of a plugin's effects or, for -1, of the source's own.
func (l *Ledger) owe(plugin int32, bytes int64) {
	if plugin < 0 {
		l.direct += bytes
		return
	}
	l.plugins[plugin].waiting += bytes
}

// Complete takes the outcome of an effect: durable, or refused for good, which makes it a dead letter of its own; the
// plugin is never run again for it (E2).
func (l *Ledger) Complete(token uint64, refused error, now time.Time) {
	n := int32(token)
	e := l.effects.at(n)
	k := e.ack
	if refused == nil {
		l.effects.give(n)
		l.finished(k)
		return
	}
	f := &e.effect
	r := &Record{
		ID: f.ID, Kind: KindEmit, Reason: refused.Error(), Revision: f.Revision, First: now, Failed: now,
		Content: Content{HasKey: f.Key != nil, Key: f.Key, Payload: f.Payload, ContentType: f.ContentType, Time: f.Time, Trace: f.Trace},
	}
	l.effects.give(n)
	l.write(write{ack: k, plugin: -1}, Write{Kind: WriteDead, Record: r})
}

// NextChild is the next emit of a plugin that has to enter its output arena; false when there is none.
func (l *Ledger) NextChild(plugin int) (Child, bool) {
	p := &l.plugins[plugin]
	if p.child.len() == 0 {
		return Child{}, false
	}
	c := p.child.at(0)
	m := l.messages.at(l.acks.at(c.ack).message)
	id := pelton.MessageID{Lane: *m.lane, Position: m.position, Path: c.path}
	return Child{ID: id, Effect: &c.Effect, Position: m.position, Next: m.next}, true
}

// Adopt opens the child that NextChild gave as a message of its own, lent by ref from the plugin's output arena.
func (l *Ledger) Adopt(plugin int, ref pelton.Ref, hash uint64) {
	p := &l.plugins[plugin]
	c := p.child.popFront()
	p.waiting -= c.size
	parent := l.messages.at(l.acks.at(c.ack).message)
	i := l.messages.take(message{
		lane: parent.lane, ref: ref, position: parent.position, next: parent.next, hash: hash, path: c.path,
		open: 1, lent: 1, parent: c.ack, parked: c.parked,
	})
	l.open(i, c.plugins)
	l.unlend(i)
	l.settle(i)
}

// TooLarge refuses the child that NextChild gave for good: it does not fit the output arena.
func (l *Ledger) TooLarge(plugin int, r Record) {
	p := &l.plugins[plugin]
	c := p.child.popFront()
	p.waiting -= c.size
	m := l.messages.at(l.acks.at(c.ack).message)
	id := pelton.MessageID{Lane: *m.lane, Position: m.position, Path: c.path}
	l.acks.at(c.ack).left += int32(len(c.plugins)) - 1
	for _, q := range c.plugins {
		one := r
		one.ID, one.Kind, one.Revision = id.To(l.target(q)), KindEmit, c.Revision
		one.Reason = fmt.Sprintf("an emit of %d bytes does not fit between plugins: raise limits.queue, or arena.max_message", len(c.Payload))
		one.Content = Content{HasKey: c.Key != nil, Key: c.Key, Payload: c.Payload, ContentType: c.ContentType, Time: c.Time, Trace: c.Trace}
		l.write(write{ack: c.ack, plugin: -1}, Write{Kind: WriteDead, Record: &one})
	}
}
