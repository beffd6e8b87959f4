package delivery_test

import (
	"flag"
	"strings"
	"testing"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/delivery"
	"github.com/peltonhq/pelton/delivery/lot"
	"github.com/peltonhq/pelton/store"
)

var (
	seeds = flag.Int("seeds", 60, "how many random worlds TestModel runs")
	seed  = flag.Uint64("seed", 0, "run this world alone")
)

// TestModel crashes a lane at random steps, over and over, with plugins that answer differently each time they see a
// message, and then lets it come to rest. Plugins have a state of
// their own, in which they note what they acked. What must hold (E1, E2, D1–D3, S2, S4) is checked at every step and at the
// end. A failure names its seed: go test ./delivery -run TestModel -seed N.
func TestModel(t *testing.T) {
	first, last := uint64(1), uint64(*seeds)
	if *seed != 0 {
		first, last = *seed, *seed
	}
	crashes, runs, shelved := 0, 0, 0
	for s := first; s <= last && !t.Failed(); s++ {
		w := newWorld(t, s)
		func() {
			defer func() {
				if t.Failed() {
					t.Logf("seed %d, %d crashes", s, w.crashes)
				}
			}()
			w.live()
		}()
		crashes += w.crashes
		runs += w.runs
		shelved += w.shelved
	}
	if t.Logf("%d worlds, %d crashes, %d plain runs, %d shelved", last-first+1, crashes, runs, shelved); (runs == 0 || shelved == 0) && *seed == 0 {
		t.Error("a path was not walked: no run came back plain, or nothing was shelved")
	}
}

func (w *world) live() {
	every := 5 + w.rng.IntN(200)
	for range 600 + w.rng.IntN(1500) {
		w.step()
		if w.rng.IntN(every) == 0 && w.crashes < 20 {
			w.crash()
		}
	}
	w.calm = true
	for n := 0; !w.resting(); n++ {
		if n > 100_000 {
			w.t.Fatalf("does not come to rest: %d turns, %s", len(w.turns), delivery.Describe(w.ledger))
		}
		w.step()
		w.now = w.now.Add(time.Second)
	}
	w.audit()
}

func (w *world) resting() bool {
	if w.admitted < w.n || len(w.asked) > 0 || !w.ledger.Idle() || w.queued() || len(w.turns) > 0 {
		return false
	}
	for range lot.All(w.disk) {
		return false
	}
	for range lot.Owed(w.disk, w.lane.Source, w.lane.Lane) {
		return false
	}
	for e := range lot.Letters(w.disk) {
		if e.State == lot.StateReplaying || e.State == lot.StateDead && e.Kind != delivery.KindFrame {
			return false
		}
	}
	return true
}

// audit checks the world at rest.
func (w *world) audit() {
	if got, want := w.settled, uint64(w.n*10); got != want {
		w.t.Errorf("D2: the source was told %d of %d", got, want)
	}
	if len(w.lent) != 0 {
		w.t.Errorf("A3: %d references are still lent", len(w.lent))
	}
	made := w.auditSnapshots()
	w.auditDeliveries(made)
	w.auditStates()
	dead := map[uint64]bool{} // positions whose marks are kept
	for e := range lot.Letters(w.disk) {
		dead[e.ID.Message.Position] = true
	}
	for e, err := range w.disk.Scan([]byte{store.SpaceMark}, []byte{store.SpaceMark + 1}, store.ScanOptions{}) {
		if err != nil {
			w.t.Fatal(err)
		}
		if kind, _, _ := store.CutString(e.Key[1:]); kind == "lane" || !dead[markAt(w.t, e.Key)] {
			w.t.Errorf("a mark of the %s was left behind: %q", kind, e.Key)
		}
	}
}

// markAt is the position of a mark's message.
func markAt(t *testing.T, key []byte) uint64 {
	t.Helper()
	rest := key[1:]
	for range 4 {
		var err error
		if _, rest, err = store.CutString(rest); err != nil {
			t.Fatal(err)
		}
	}
	at, _, err := store.CutUint64(rest)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// auditSnapshots checks ids, marks and contents: S1, S2, E1.
func (w *world) auditSnapshots() map[string]bool {
	made := map[string]bool{}
	next := map[string]uint64{}
	for e, err := range w.disk.Scan([]byte{store.SpaceSnapshot}, []byte{store.SpaceSnapshot + 1}, store.ScanOptions{}) {
		if err != nil {
			w.t.Fatal(err)
		}
		session, rest, _ := store.CutString(e.Key[1:])
		id, _, _ := store.CutUint64(rest)
		next[session]++
		if id != next[session] {
			w.t.Errorf("S1: session %s has id %d where %d comes next", session, id, next[session])
		}
		effect, payload, _ := strings.Cut(string(e.Value), "\n")
		if made[effect] {
			w.t.Errorf("S2: %s became two snapshots", effect)
		}
		made[effect] = true
		if !strings.HasPrefix(session, "raw/") && !w.said[payload] {
			w.t.Errorf("E1: %s is in a session and its delivery was not acked", payload)
		}
	}
	return made
}

// auditDeliveries checks that every delivery ended once, with all its effects: D1, E2.
func (w *world) auditDeliveries(made map[string]bool) {
	dead := map[pelton.EffectID]lot.State{}
	for e, err := range lot.Letters(w.disk) {
		if err != nil {
			w.t.Fatal(err)
		}
		dead[e.ID] = e.State
	}
	ended := func(id pelton.EffectID) bool {
		_, acked := w.acks[id]
		return acked || dead[id] == lot.StateSettled || made[id.String()] || w.sink[id] > 0
	}
	for at := uint64(0); at < uint64(w.n*10); at += 10 {
		id := pelton.MessageID{Lane: w.lane, Position: at}
		wanted := []pelton.Target{{Kind: pelton.TargetPlugin, Name: "a"}, {Kind: pelton.TargetPlugin, Name: "b"}}
		for _, t := range w.graph.Source.Targets {
			wanted = append(wanted, graph.Targets[t])
		}
		for _, target := range wanted {
			if at != 130 && !ended(id.To(target)) {
				w.t.Errorf("D1: %v never ended", id.To(target))
			}
		}
	}
	for id := range w.acks {
		if id.Message.Path == "" {
			w.auditEffects(id, ended)
		}
	}
}

// auditEffects follows a delivery's last ack down to what its emits became. A child of an ack that a crash undid and
// that was answered otherwise afterwards is nobody's effect.
func (w *world) auditEffects(id pelton.EffectID, ended func(pelton.EffectID) bool) {
	for _, effect := range w.acks[id] {
		if !ended(effect) {
			w.t.Errorf("E2: %v was acked and its effect %v never happened", id, effect)
		}
		w.auditEffects(effect, ended)
	}
}
