package delivery_test

import (
	"slices"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/delivery"
)

func (w *world) offer() {
	p := w.rng.IntN(len(graph.Plugins))
	w.pause(p)
	for i := range graph.Plugins[p].Instances {
		busy := false
		for _, t := range w.turns {
			busy = busy || delivery.PluginOf(t.items[0]) == p && delivery.InstanceOf(w.ledger, t.items[0]) == i
		}
		if busy {
			continue
		}
		t := w.next(p, i, 1+w.rng.IntN(4))
		for _, item := range t.items {
			if a := item.Answer; a != nil && a.Response.Reason != delivery.IDOf(w.ledger, item).String() {
				w.t.Fatalf("%v is offered with the response of %s", delivery.IDOf(w.ledger, item), a.Response.Reason)
			}
			if !w.lent[item.Ref.Index] {
				w.t.Fatalf("A1: offered %v, which is released", delivery.IDOf(w.ledger, item))
			}
		}
		if len(t.items) > 0 && w.ledger.Parks(p) {
			w.ledger.Shelve(t.items)
			w.shelved += len(t.items)
		} else if len(t.items) > 0 {
			w.turns = append(w.turns, t)
		}
	}
}

// pause is an operator who pauses a plugin now and then, or has its deliveries parked, and lets it go on.
func (w *world) pause(p int) {
	switch {
	case w.calm:
		w.ledger.Pause(p, delivery.Flowing)
	case w.rng.IntN(12) == 0:
		w.ledger.Pause(p, []delivery.Pause{delivery.Flowing, delivery.Paused, delivery.Parking}[w.rng.IntN(3)])
	}
}

// turn is what an instance has. One of first offers may have been handed out as a run.
type turn struct {
	items []delivery.Item
	run   []delivery.Fresh
}

// next is the next turn of an instance, as a run where that is possible, or not.
func (w *world) next(p, i, n int) turn {
	run := slices.Clone(w.ledger.Fresh(p, i, n))
	if len(run) == 0 || w.rng.IntN(4) == 0 {
		return turn{items: w.ledger.Next(p, i, w.now, make([]delivery.Item, 0, n))}
	}
	starts := w.ledger.Starts(run, w.ledger.ByKey(p), nil)
	w.ledger.Offered(p, i, len(run))
	t := turn{items: w.ledger.Items(p, run, w.now, nil), run: run}
	for k, start := range starts {
		if t.items[k].Ref != start.Ref {
			w.t.Fatalf("A1: a run has %v where its item has %v", start.Ref, t.items[k].Ref)
		}
		t.items[k].After = start.After
	}
	return t
}

// answer decides one turn, with the D3 rule that a plugin follows within it.
func (w *world) answer() {
	if len(w.turns) == 0 {
		return
	}
	n := w.rng.IntN(len(w.turns))
	t := w.turns[n]
	w.turns = append(w.turns[:n], w.turns[n+1:]...)
	if w.rng.IntN(12) == 0 && !w.calm {
		w.ledger.Undecided(t.items)
		return
	}
	decisions, plain := make([]delivery.Decision, len(t.items)), true
	w.plugins.begun = false
	for i, item := range t.items {
		if item.After >= 0 && !passed(&decisions[item.After]) {
			plain = false
			continue
		}
		w.check(item)
		decisions[i] = w.decision(item)
		w.change(item, &decisions[i])
		w.note(item, &decisions[i])
		plain = plain && decisions[i].Verdict.Decision == pelton.DecisionAck && decisions[i].Fault == "" && len(decisions[i].Emits) == 0 && decisions[i].State == 0
	}
	switch {
	case plain && t.run != nil:
		w.runs++
		w.ledger.AckedFresh(delivery.PluginOf(t.items[0]), t.run)
	case plain:
		w.ledger.Acked(t.items)
	default:
		w.ledger.Decide(t.items, decisions, w.now)
	}
}
