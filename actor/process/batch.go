package process

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
	pluginv1 "github.com/peltonhq/pelton/api/gen/pelton/plugin/v1"
)

// batchSize is the bytes of messages, keys and states in one request, unless the first alone has more. A request is held in
// memory four times on its way: encoded and decoded, on both sides.
const batchSize = 1 << 20

const noTime = math.MinInt64 // a time that is not known

// batch is a part of a turn that goes into one request. Its messages are used again and again.
type batch struct {
	order      []int32 // turn index of each delivery of the batch
	place      []int32 // batch index of each delivery of the turn, or -1
	names      []string
	deliveries []pluginv1.Delivery
	pointers   []*pluginv1.Delivery
}

// plan chooses what goes into the next batch, from delivery first on, and returns where the one after it begins. A
// delivery whose predecessor is not acked or dead is left out (D3); if the predecessor is in the same batch, the
// plugin decides.
func (b *batch) plan(t *actor.Turn, first int) int {
	b.order = b.order[:0]
	if len(b.place) < len(t.Deliveries) {
		b.place = make([]int32, len(t.Deliveries))
	}
	size := 0
	for i := first; i < len(t.Deliveries); i++ {
		d := &t.Deliveries[i]
		b.place[i] = -1
		together := int(d.After) >= first && b.place[d.After] >= 0
		if !together && !t.Ready(i) {
			continue
		}
		size += len(d.View.Payload()) + len(d.View.Key())
		if len(b.order) > 0 && size > batchSize {
			return i
		}
		b.place[i] = int32(len(b.order))
		b.order = append(b.order, int32(i))
	}
	return len(t.Deliveries)
}

// encode makes the request of the batch. It borrows the turn's bytes: it must be sent before the turn ends.
func (b *batch) encode(t *actor.Turn, plugin string, number uint64) *pluginv1.AttachResponse {
	if len(b.deliveries) < len(b.order) {
		b.deliveries, b.pointers = make([]pluginv1.Delivery, len(b.order)), make([]*pluginv1.Delivery, len(b.order))
		for i := range b.deliveries {
			b.pointers[i] = &b.deliveries[i]
		}
	}
	b.names = b.names[:0]
	for place, i := range b.order {
		b.fill(&b.deliveries[place], &t.Deliveries[i], plugin)
	}
	handle := &pluginv1.Handle{Deliveries: b.pointers[:len(b.order)], Fields: b.names, Batch: number}
	return &pluginv1.AttachResponse{Message: &pluginv1.AttachResponse_Handle{Handle: handle}}
}

// forget drops what the request borrowed.
func (b *batch) forget() {
	for i := range b.order {
		b.deliveries[i].Payload, b.deliveries[i].Key = nil, nil
	}
}

func (b *batch) fill(m *pluginv1.Delivery, d *actor.Delivery, plugin string) {
	v := &d.View
	meta := v.Meta()
	m.Payload, m.Key = v.Payload(), v.Key() //pelton:lends forget drops them
	m.Attempt, m.Defers, m.Position = meta.Attempt, meta.Defers, meta.Position
	m.Time, m.FirstSeen, m.After = nanos(meta.Time), nanos(meta.FirstSeen), b.after(d.After)
	m.HoldToken, m.Id, m.Trace = actor.HoldToken(plugin, v), meta.MessageID().String(), valid(meta.Trace)
	m.Source, m.Lane = "", ""
	if meta.Lane != nil {
		m.Source, m.Lane = valid(meta.Lane.Source), valid(meta.Lane.Lane)
	}
	b.locate(m, v)
	m.Headers = m.GetHeaders()[:0]
	for _, h := range meta.Headers {
		m.Headers = append(m.Headers, &pluginv1.Header{Name: valid(h.Name), Value: valid(h.Value)})
	}
}

// valid is a text as protobuf takes it.
func valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// locate fills in the fields that the message has. The names are those of the first message, as a rule.
func (b *batch) locate(m *pluginv1.Delivery, v *pelton.View) {
	fields, names := v.Fields()
	n := 0
	for i, f := range fields {
		if f.Kind == pelton.KindMissing {
			continue
		}
		if n == len(m.GetFields()) {
			m.Fields = append(m.Fields, new(pluginv1.Location))
		}
		to := m.GetFields()[n]
		to.Field, to.Offset, to.Length, to.Kind = b.name(i, names[i]), f.Offset, f.Length, pluginv1.Kind(f.Kind)
		n++
	}
	m.Fields = m.GetFields()[:n]
}

// name is the index of a field's name in the request; guess is where it probably is.
func (b *batch) name(guess int, name string) uint32 {
	if guess < len(b.names) && b.names[guess] == name {
		return uint32(guess)
	}
	i := slices.Index(b.names, name)
	if i < 0 {
		i = len(b.names)
		b.names = append(b.names, name)
	}
	return uint32(i)
}

// after is the batch's index of a predecessor that the plugin has to look at, or -1.
func (b *batch) after(i int32) int32 {
	if i < 0 || len(b.order) == 0 || i < b.order[0] {
		return -1
	}
	return b.place[i]
}

func nanos(t time.Time) int64 {
	if t.IsZero() {
		return noTime
	}
	return t.UnixNano()
}

// fitting is how many of the calls go into one request.
func fitting(calls []actor.Call) int {
	size := 0
	for i := range calls {
		size += len(calls[i].Key) + len(calls[i].State) + len(calls[i].Emit)
		if i > 0 && size > batchSize {
			return i
		}
	}
	return len(calls)
}

func folds(calls []actor.Call, number uint64) *pluginv1.AttachResponse {
	reduce := &pluginv1.Reduce{Folds: make([]*pluginv1.Fold, len(calls)), Batch: number}
	for i := range calls {
		reduce.Folds[i] = &pluginv1.Fold{Key: calls[i].Key, State: calls[i].State, Emit: calls[i].Emit}
	}
	return &pluginv1.AttachResponse{Message: &pluginv1.AttachResponse_Reduce{Reduce: reduce}}
}
