package delivery_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/delivery"
	"github.com/peltonhq/pelton/delivery/lot"
	"github.com/peltonhq/pelton/store"
)

// states are the plugins' own states: by plugin and key of a message, the deliveries that were acked with a change, one
// after the other. So a change that is lost, made twice or made from what a crash took back shows.
type states struct {
	ticket  uint64                            // of the turn that was answered last
	begun   bool                              // the turn that is being answered has a ticket
	staged  map[string]string                 // by key in the store: the newest value, durable or not
	open    map[pelton.EffectID][]pelton.Emit // of deliveries whose change is not durable
	commits []*commit
}

// commit is one ticket on its way to the store.
type commit struct {
	ticket  uint64
	changes []store.Record
	records []store.Record
	tokens  []uint64
	ids     []pelton.EffectID
	after   int // appends that it must not overtake
}

func stateKey(plugin, key string) []byte { return store.Key(store.SpaceKV, plugin, key) }

// change lets an acked delivery change its plugin's state, now and then.
func (w *world) change(item delivery.Item, d *delivery.Decision) {
	id := delivery.IDOf(w.ledger, item)
	if d.Fault != "" || d.Verdict.Decision != pelton.DecisionAck {
		return
	}
	w.noted[id] = w.rng.IntN(3) == 0
	s := &w.plugins
	if !w.noted[id] {
		for other := range s.open { // it may have read what that one changed
			if other.Target == id.Target {
				s.open[other] = append(slices.Clip(s.open[other]), d.Emits...)
			}
		}
		return
	}
	if s.staged == nil {
		s.staged, s.open = map[string]string{}, map[pelton.EffectID][]pelton.Emit{}
	}
	key := stateKey(id.Target.Name, w.key(id.Message.Position))
	value, there := s.staged[string(key)]
	if !there {
		stored, err := w.disk.Get(key)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			w.t.Fatal(err)
		}
		value = string(stored)
	}
	value += id.String() + "\n"
	s.staged[string(key)], s.open[id] = value, d.Emits
	if !s.begun {
		s.begun = true
		s.ticket++
		s.commits = append(s.commits, &commit{ticket: s.ticket})
	}
	c := s.commits[len(s.commits)-1]
	c.changes = append(c.changes, store.Record{Op: store.Put, Key: key, Value: []byte(value)})
	d.State, d.StateSize = s.ticket, int64(len(value))
}

// undone forgets the acks that a crash takes back: those deliveries must be acked again.
func (w *world) undone() {
	for id := range w.plugins.open {
		delete(w.noted, id)
		delete(w.acks, id)
	}
}

// commit takes what the ledger wants in one append with the changes of a ticket.
func (w *world) commit(out delivery.Write) {
	i := slices.IndexFunc(w.plugins.commits, func(c *commit) bool { return c.ticket == out.State })
	c := w.plugins.commits[i]
	records, err := lot.Records(w.disk, &out)
	if err != nil {
		w.t.Fatal(err)
	}
	c.records, c.tokens, c.ids = append(c.records, records...), append(c.tokens, out.Token), append(c.ids, out.Record.ID)
	if out.Behind {
		c.after = len(w.queue)
	}
}

// overtake notes that the oldest of the other appends is durable.
func (s *states) overtake() {
	for _, c := range s.commits {
		c.after = max(0, c.after-1)
	}
}

// changed makes the oldest ticket durable.
func (w *world) changed() {
	s := &w.plugins
	if len(s.commits) == 0 || s.commits[0].after > 0 {
		return
	}
	c := s.commits[0]
	s.commits = s.commits[1:]
	if _, err := w.disk.Append(context.Background(), w.tok, append(c.changes, c.records...)); err != nil {
		w.t.Fatal(err)
	}
	for i, token := range c.tokens {
		w.sayf("durable change %d of %v", c.ticket, c.ids[i])
		delete(s.open, c.ids[i])
		w.ledger.Written(token)
	}
}

// seen checks that what goes on shows no change that a crash could take back.
func (s *states) seen(t *testing.T, e *pelton.Effect) {
	t.Helper()
	for id, emits := range s.open {
		for i := range emits {
			if string(emits[i].Payload) == string(e.Payload) {
				t.Fatalf("E1: %v goes on, and the change of %v is not durable", e.ID, id)
			}
		}
	}
}

// owed hands the ledger what acked deliveries owe since before a crash.
func (w *world) owed() {
	for e, err := range lot.Owed(w.disk, w.lane.Source, w.lane.Lane) {
		if err != nil {
			w.t.Fatal(err)
		}
		known, err := lot.Known(w.disk, e.ID)
		if err != nil {
			w.t.Fatal(err)
		}
		w.sayf("owed by %v", e.ID)
		w.ledger.Arrive(delivery.Arrival{Record: &e.Record, Known: known, Now: w.now})
	}
}

// auditStates checks E1 for the states: each change of the last ack of a delivery is there once, and no other.
func (w *world) auditStates() {
	times := map[string]int{}
	for e, err := range w.disk.Scan([]byte{store.SpaceKV}, []byte{store.SpaceKV + 1}, store.ScanOptions{}) {
		if err != nil {
			w.t.Fatal(err)
		}
		for id := range strings.Lines(string(e.Value)) {
			times[strings.TrimSuffix(id, "\n")]++
		}
	}
	for id, changed := range w.noted {
		n := times[id.String()]
		delete(times, id.String())
		if n > 1 || changed != (n == 1) {
			w.t.Errorf("E1: %v is noted %d times in its plugin's state; its last ack changed it: %v", id, n, changed)
		}
	}
	for id := range times {
		w.t.Errorf("E1: %s is noted in its plugin's state and was never acked", id)
	}
}
