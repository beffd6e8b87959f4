package delivery_test

import (
	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/delivery"
)

// note remembers what the outside may expect of a decision.
func (w *world) note(item delivery.Item, d *delivery.Decision) {
	id := delivery.IDOf(w.ledger, item)
	v := d.Verdict
	w.sayf("answer %v attempt %d: %v pass %v fault %q", id, item.Attempt, v, v.Pass, d.Fault)
	failed := d.Fault != "" || v.Decision == pelton.DecisionRetry
	if v.Decision == pelton.DecisionAwait && item.Answer != nil && item.Answer.Asked >= 2 { // one too many
		failed = true
	}
	if id.Target.Name == "a" {
		over := failed && item.Attempt >= 4 || v.Decision == pelton.DecisionDefer && (v.Pass || item.Defers >= 3)
		w.done[id.Message.Position] = passed(d) || over || delivery.Replayed(w.ledger, item)
	}
	if !passed(d) || v.Decision != pelton.DecisionAck {
		return
	}
	plugin := graph.Plugins[delivery.PluginOf(item)]
	var effects []pelton.EffectID
	for n, e := range d.Emits {
		w.said[string(e.Payload)] = true
		routes := plugin.Outputs[e.Output]
		for _, t := range routes.Targets {
			effects = append(effects, id.Message.Emitted(plugin.Name, n).To(graph.Targets[t]))
		}
		for _, p := range routes.Plugins {
			effects = append(effects, id.Message.Emitted(plugin.Name, n).To(pelton.Target{Kind: pelton.TargetPlugin, Name: graph.Plugins[p].Name}))
		}
	}
	w.acks[id] = effects
}

// check holds D3 for plugin a: whatever came before in the key was acked, dead or let it pass, in this life or a former.
func (w *world) check(item delivery.Item) {
	id := delivery.IDOf(w.ledger, item)
	at := id.Message.Position
	key := w.key(at)
	if id.Target.Name != "a" || key == "" || delivery.Replayed(w.ledger, item) {
		return
	}
	for before := at % 50; before < at; before += 50 {
		if w.key(before) != key || before == 130 {
			continue
		}
		if !w.done[before] {
			w.t.Fatalf("D3: %v offered while %d of its key %s is open", id, before, key)
		}
	}
}
