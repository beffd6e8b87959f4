package delivery_test

import (
	"context"
	"fmt"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/delivery"
	"github.com/peltonhq/pelton/delivery/lot"
)

// arrivals takes records out of the lot: due ones, and now and then a held one that the outside settles.
func (w *world) arrivals() {
	line, err := lot.Due(w.disk, w.lane.Source, w.lane.Lane, time.Time{}, w.now, 1+w.rng.IntN(3), func(id pelton.EffectID) bool { return w.out[id] })
	if err != nil {
		w.t.Fatal(err)
	}
	for _, id := range line.Due {
		e, err := lot.Get(w.disk, id)
		if err != nil {
			w.t.Fatal(err)
		}
		w.arrive(e, nil)
	}
}

func (w *world) arrive(e *lot.Entry, decided *delivery.Decision) {
	if w.out[e.ID] {
		return
	}
	w.out[e.ID] = true
	known, err := lot.Known(w.disk, e.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	if !e.Due.IsZero() && e.Due.After(w.now) && decided == nil {
		w.t.Fatalf("%v came back early", e.ID)
	}
	if decided != nil || e.Kind == delivery.KindHold && e.Attempt >= 4 {
		w.done[e.ID.Message.Position] = w.done[e.ID.Message.Position] || e.ID.Target.Name == "a"
	}
	a := delivery.Arrival{Record: &e.Record, Known: known, Decided: decided, Now: w.now}
	if e.ID.Target.Kind == pelton.TargetPlugin {
		a.Ref = w.lend()
	}
	w.sayf("arrive %v kind %s hash %d decided %v", e.ID, e.Kind, e.Hash, decided)
	if !w.ledger.Arrive(a) {
		delete(w.lent, a.Ref.Index)
	}
}

// again brings the records that came too early.
func (w *world) again() {
	for _, id := range w.ledger.Again(nil) {
		e, err := lot.Get(w.disk, id)
		if err != nil {
			w.t.Fatal(err)
		}
		w.out[id] = false
		w.arrive(e, nil)
	}
}

// outside replays dead letters and settles held deliveries by their token.
func (w *world) outside() {
	now := w.now
	for e, err := range lot.Letters(w.disk) {
		if err != nil {
			w.t.Fatal(err)
		}
		if w.rng.IntN(4) != 0 || e.State != lot.StateDead || e.Kind == delivery.KindFrame || w.queued() {
			continue
		}
		records, err := lot.Replay(w.disk, e, now, false, 0)
		if err != nil {
			w.t.Fatal(err)
		}
		if _, err := w.disk.Append(context.Background(), w.tok, records); err != nil {
			w.t.Fatal(err)
		}
	}
	for e, err := range lot.All(w.disk) {
		if err != nil {
			w.t.Fatal(err)
		}
		if e.Kind == delivery.KindPause && e.Due.Equal(delivery.Never) && w.rng.IntN(4) == 0 && !w.out[e.ID] && !w.queued() {
			if _, err := w.disk.Append(context.Background(), w.tok, lot.Postpone(e, w.now)); err != nil {
				w.t.Fatal(err)
			}
		}
		if e.Kind == delivery.KindHold && w.rng.IntN(4) == 0 && !w.out[e.ID] {
			d := delivery.Decision{Verdict: pelton.Ack()}
			w.acks[e.ID] = nil
			if p := graph.Plugins[0]; e.ID.Target.Name == p.Name {
				w.serial++
				d.Emits = []pelton.Emit{{Output: "s", Key: []byte("held"), Payload: fmt.Append(nil, w.serial, "/held")}}
				w.said[string(d.Emits[0].Payload)] = true
				w.acks[e.ID] = []pelton.EffectID{e.ID.Message.Emitted("a", 0).To(graph.Targets[0])}
			}
			w.arrive(e, &d)
		}
	}
}
