package delivery_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/delivery"
	"github.com/peltonhq/pelton/delivery/lot"
	"github.com/peltonhq/pelton/store"
	"github.com/peltonhq/pelton/store/memory"
)

// world is everything around a ledger, driven step by step by one seeded source of chance: a source, an arena, plugins
// that answer as they like, a session, a sink, a store whose appends become durable later and in order, a clock, and a
// power switch. What is in `durable` terms survives the switch; the rest is forgotten.
type world struct {
	graph *delivery.Graph
	t     *testing.T
	rng   *rand.Rand
	now   time.Time
	disk  *memory.Store
	tok   store.Token
	calm  bool // plugins ack, nothing crashes: the end game

	n    int // messages of the source
	lane pelton.LaneID

	// Forgotten by a crash.
	ledger   *delivery.Ledger
	admitted int
	lent     map[uint32]bool
	index    uint32
	queue    []pending
	turns    []turn
	runs     int                      // that came back plain
	out      map[pelton.EffectID]bool // records out of the lot
	ids      map[string]uint64        // session key → newest id handed to the store
	issued   uint64                   // watermark handed to the store
	done     map[uint64]bool          // positions that plugin a acked, gave up or let pass
	plugins  states                   // their own state
	asked    []delivery.Ask           // requests whose response is to come

	// The outside, which remembers.
	sink    map[pelton.EffectID]int
	acks    map[pelton.EffectID][]pelton.EffectID // delivery → effects of its last ack
	said    map[string]bool                       // payloads of acked decisions
	noted   map[pelton.EffectID]bool              // acked deliveries: whether the last ack changed a state
	settled uint64                                // told to the source
	serial  int
	crashes int
	shelved int // of plugins whose deliveries an operator had parked
	swept   int
}

type pending struct {
	records []store.Record
	done    func()
}

// graphOf is the graph of a seed: in every other one the source feeds a session itself.
func graphOf(seed uint64) *delivery.Graph {
	g := *graph
	if seed%2 == 1 {
		g.Source.Targets = nil
	}
	return &g
}

var graph = &delivery.Graph{
	Source: delivery.Routes{Plugins: []int{0, 1}, Targets: []int{2}},
	Plugins: []delivery.Plugin{
		{Name: "a", Instances: 2, Output: 1 << 20, Policy: policy(true), Outputs: map[string]delivery.Routes{"s": {Targets: []int{0}}, "c": {Plugins: []int{2}}}},
		{Name: "b", Instances: 1, Output: 1 << 20, Policy: policy(false), Outputs: map[string]delivery.Routes{"s": {Targets: []int{0, 1}}}},
		{Name: "c", Instances: 1, Output: 1 << 20, Policy: policy(true), Outputs: map[string]delivery.Routes{"s": {Targets: []int{0}}}},
	},
	Targets: []pelton.Target{{Kind: pelton.TargetSession, Name: "s"}, {Kind: pelton.TargetSink, Name: "k"}, {Kind: pelton.TargetSession, Name: "raw"}},
}

func policy(byKey bool) delivery.Policy {
	return delivery.Policy{Attempts: 4, Initial: time.Second, Max: 20 * time.Second, MaxDefers: 3, ByKey: byKey, Behind: 5, Requests: 3, MaxRequests: 2}
}

func newWorld(t *testing.T, seed uint64) *world {
	t.Helper()
	disk, err := memory.NewDisk().Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = disk.Close() })
	w := &world{
		t: t, graph: graphOf(seed), rng: rand.New(rand.NewPCG(seed, 7)), now: time.Unix(1_000_000, 0).UTC(), disk: disk, n: 40,
		lane: pelton.LaneID{Source: "flights", Incarnation: "i1", Lane: "l"},
		sink: map[pelton.EffectID]int{}, acks: map[pelton.EffectID][]pelton.EffectID{}, said: map[string]bool{}, noted: map[pelton.EffectID]bool{},
	}
	if w.tok, err = disk.Claim(context.Background(), "lane"); err != nil {
		t.Fatal(err)
	}
	w.boot()
	return w
}

// boot starts from what is durable, as after a crash.
func (w *world) boot() {
	w.lent, w.out, w.ids = map[uint32]bool{}, map[pelton.EffectID]bool{}, map[string]uint64{}
	w.queue, w.turns, w.plugins, w.asked = nil, nil, states{}, nil
	watermark := uint64(0)
	if v, err := w.disk.Get(store.Key(store.SpaceCheckpoint)); err == nil {
		_, _ = fmt.Sscan(string(v), &watermark)
	}
	if watermark < w.settled {
		w.t.Fatalf("D2: the source was told %d, durable is %d", w.settled, watermark)
	}
	w.sweep(watermark)
	start, err := lot.Load(w.disk, w.lane, watermark)
	if err != nil {
		w.t.Fatal(err)
	}
	w.issued, w.admitted = watermark, int(watermark/10)
	w.ledger = delivery.New(delivery.Options{
		Lane: w.lane, Graph: w.graph, Watermark: watermark, Window: 16, Mark: lot.Mark, Jitter: w.rng.Float64,
		Known: start.Known, Blocked: start.Blocked,
	})
	w.settledBefore(start.Known, watermark)
	w.owed()
	for e, err := range w.disk.Scan([]byte{store.SpaceSnapshot}, []byte{store.SpaceSnapshot + 1}, store.ScanOptions{}) {
		if err != nil {
			w.t.Fatal(err)
		}
		key, rest, _ := store.CutString(e.Key[1:])
		w.ids[key], _, _ = store.CutUint64(rest)
	}
}

// sweep forgets the marks that the crash left behind.
func (w *world) sweep(watermark uint64) {
	left, err := lot.Sweep(w.disk, w.lane, watermark)
	if err == nil && len(left) > 0 {
		_, err = w.disk.Append(context.Background(), w.tok, left)
		w.swept += len(left)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// settledBefore works out what plugin a has behind it, from what is durable alone.
func (w *world) settledBefore(known []pelton.EffectID, watermark uint64) {
	w.done = map[uint64]bool{}
	for at := uint64(0); at < watermark; at += 10 {
		w.done[at] = true
	}
	for _, id := range known {
		if id.Target.Name == "a" {
			w.done[id.Message.Position] = true
		}
	}
	for e, err := range lot.All(w.disk) {
		if err != nil {
			w.t.Fatal(err)
		}
		if e.ID.Target.Name == "a" && e.Hash != 0 {
			w.done[e.ID.Message.Position] = false
		} else if e.ID.Target.Name == "a" {
			w.done[e.ID.Message.Position] = true
		}
	}
}

func (w *world) crash() {
	w.crashes++
	w.sayf("crash")
	w.undone()
	w.boot()
}

// sayf tells the story of a world that is run alone.
func (w *world) sayf(format string, args ...any) {
	if *seed != 0 {
		w.t.Logf(format, args...)
	}
}

func (w *world) key(position uint64) string {
	if position/10%7 == 6 {
		return ""
	}
	return fmt.Sprint("k", position/10%5)
}

func hash(key string) uint64 {
	if key == "" {
		return 0
	}
	return uint64(key[1]) + 1
}

func (w *world) lend() pelton.Ref {
	w.index++
	w.lent[w.index] = true
	return pelton.Ref{Index: w.index, Generation: 1}
}

// step does one thing out of all that could happen now.
func (w *world) step() {
	switch w.rng.IntN(10) {
	case 0:
		w.admit()
	case 1:
		w.offer()
	case 2:
		w.answer()
	case 3:
		w.effects()
	case 4, 5:
		w.durable()
	case 6:
		w.now = w.now.Add(time.Duration(w.rng.IntN(3000)) * time.Millisecond)
		w.ledger.Tick(w.now)
	case 7:
		w.arrivals()
	case 8:
		w.outside()
	case 9:
		w.respond()
	}
	w.carry()
}

func (w *world) admit() {
	if w.admitted >= w.n || w.ledger.Full() {
		return
	}
	position := uint64(w.admitted * 10)
	w.admitted++
	if position == 130 {
		id := pelton.EffectID{Message: pelton.MessageID{Lane: w.lane, Position: position}}
		w.ledger.AdmitBad(delivery.Record{ID: id, Kind: delivery.KindFrame, Reason: "not JSON", Content: delivery.Content{Payload: []byte("{")}, Failed: w.now}, position+10)
		return
	}
	framed := w.framed(position)
	if w.ledger.Direct() {
		w.ledger.Admit(&delivery.Admission{Framed: framed, Key: []byte(w.key(position)), Payload: fmt.Append(nil, "raw ", position)})
		return
	}
	run := []delivery.Framed{framed}
	for range w.rng.IntN(4) {
		if position = uint64(w.admitted * 10); w.admitted >= w.n || position == 130 {
			break
		}
		w.admitted++
		run = append(run, w.framed(position))
	}
	w.ledger.AdmitRun(run)
}

func (w *world) framed(position uint64) delivery.Framed {
	return delivery.Framed{Ref: w.lend(), Position: position, Next: position + 10, Hash: hash(w.key(position))}
}

func passed(d *delivery.Decision) bool {
	return d.Fault == "" && (d.Verdict.Decision == pelton.DecisionAck || d.Verdict.Decision == pelton.DecisionDead)
}

func (w *world) decision(item delivery.Item) delivery.Decision {
	w.serial++
	ack := delivery.Decision{Verdict: pelton.Ack()}
	for n := range w.rng.IntN(4) {
		output := []string{"s", "c", "s", "nobody"}[w.rng.IntN(4)]
		key := w.key(delivery.IDOf(w.ledger, item).Message.Position)
		ack.Emits = append(ack.Emits, pelton.Emit{Output: output, Key: []byte(key), Payload: fmt.Append(nil, w.serial, "/", n)})
	}
	if w.calm {
		return ack
	}
	switch w.rng.IntN(13) {
	case 0:
		return delivery.Decision{Verdict: pelton.Retry(0), Emits: ack.Emits}
	case 1:
		return delivery.Decision{Verdict: pelton.Retry(time.Duration(w.rng.IntN(12)) * time.Second)}
	case 2:
		v := pelton.Defer(w.now.Add(time.Duration(w.rng.IntN(12)) * time.Second))
		v.Pass = w.rng.IntN(2) == 0
		return delivery.Decision{Verdict: v}
	case 3:
		return delivery.Decision{Verdict: pelton.Dead("as it likes"), Emits: ack.Emits}
	case 4:
		return delivery.Decision{Verdict: pelton.Hold(time.Duration(1+w.rng.IntN(20)) * time.Second)}
	case 5:
		return delivery.Decision{Fault: "trap", Emits: ack.Emits}
	case 6:
		return delivery.Decision{}
	case 7, 8:
		id := delivery.IDOf(w.ledger, item)
		return delivery.Decision{Verdict: pelton.Await(), Emits: ack.Emits, Request: &pelton.Request{URL: id.String()}}
	}
	return ack
}

func (w *world) append(records []store.Record, done func()) {
	w.queue = append(w.queue, pending{records, done})
}

// durable makes the oldest append durable, or the oldest change of a plugin's state.
func (w *world) durable() {
	if len(w.queue) == 0 || w.rng.IntN(2) == 0 {
		w.changed()
		return
	}
	p := w.queue[0]
	w.queue = w.queue[1:]
	w.plugins.overtake()
	if _, err := w.disk.Append(context.Background(), w.tok, p.records); err != nil {
		w.t.Fatal(err)
	}
	p.done()
}

// respond answers one request.
func (w *world) respond() {
	if len(w.asked) == 0 {
		return
	}
	n := w.rng.IntN(len(w.asked))
	a := w.asked[n]
	w.asked = append(w.asked[:n:n], w.asked[n+1:]...)
	w.ledger.Answer(a.Token, &pelton.Response{Status: 200, Reason: a.Request.URL}, nil)
}

// effects lets a target take some of its outbox.
func (w *world) effects() {
	t := w.rng.IntN(len(graph.Targets))
	effects := w.ledger.Outbox(t, 1+w.rng.IntN(3), nil)
	w.ledger.Taken(t, len(effects))
	for _, e := range effects {
		w.plugins.seen(w.t, &e)
		switch {
		case !w.calm && w.rng.IntN(10) == 0:
			w.ledger.Complete(e.Token, errors.New("refused"), w.now)
		case graph.Targets[t].Kind == pelton.TargetSink:
			w.sink[e.ID]++
			w.ledger.Complete(e.Token, nil, w.now)
		default:
			w.snapshot(graph.Targets[t].Name, e)
		}
	}
	for p := range graph.Plugins {
		for range w.rng.IntN(3) {
			if c, ok := w.ledger.NextChild(p); ok {
				w.plugins.seen(w.t, c.Effect)
				w.ledger.Adopt(p, w.lend(), hash(string(c.Key)))
			}
		}
	}
}

// snapshot is the session worker: one record for state, id and mark.
func (w *world) snapshot(name string, e pelton.Effect) {
	session := name + "/" + string(e.Key)
	w.ids[session]++
	key := store.AppendUint64(store.AppendString([]byte{store.SpaceSnapshot}, session), w.ids[session])
	value := append([]byte(e.ID.String()+"\n"), e.Payload...)
	w.append([]store.Record{{Op: store.Put, Key: key, Value: value}, {Op: store.Put, Key: e.Mark}}, func() {
		w.ledger.Complete(e.Token, nil, w.now)
	})
}

// queued reports whether anything is on its way to the store: the outside acts on what is durable.
func (w *world) queued() bool { return len(w.queue)+len(w.plugins.commits) > 0 }

// carry does what the ledger asks for.
func (w *world) carry() {
	for _, ref := range w.ledger.Releases(nil) {
		if !w.lent[ref.Index] {
			w.t.Fatalf("A1: %v released twice", ref)
		}
		delete(w.lent, ref.Index)
	}
	w.asked = w.ledger.Asks(w.asked)
	for _, out := range w.ledger.Writes(nil) {
		if out.Kind == delivery.WriteState {
			w.commit(out)
		} else {
			w.write(out)
		}
	}
	for _, f := range w.ledger.Fetches(nil) {
		e, err := lot.First(w.disk, w.lane.Source, w.lane.Lane, graph.Plugins[f.Plugin].Name, f.Hash)
		if err != nil {
			w.t.Fatalf("D3: nothing behind key %d of %s: %v\n%s", f.Hash, graph.Plugins[f.Plugin].Name, err, delivery.Describe(w.ledger))
		}
		if e.Due.After(w.now) || w.out[e.ID] {
			w.ledger.Waits(f, e.ID.Message)
		} else {
			w.arrive(e, nil)
		}
	}
	w.again()
	if mark := w.ledger.Watermark(); mark > w.issued {
		from := w.issued
		w.ledger.Checkpointing(mark)
		w.issued = mark
		w.append([]store.Record{{Op: store.Put, Key: store.Key(store.SpaceCheckpoint), Value: fmt.Append(nil, mark)}, lot.Trim(w.lane, from, mark)}, func() {
			w.settled = mark
		})
	}
}

func (w *world) write(out delivery.Write) {
	if out.Ref.Valid() {
		if !w.lent[out.Ref.Index] {
			w.t.Fatalf("A1: %v is to be written and its bytes are released", out.Record.ID)
		}
		out.Record.Payload = bytes.Clone(fmt.Append(nil, "payload of ", out.Record.ID))
	}
	var records []store.Record
	w.queue = append(w.queue, pending{nil, nil})
	at := len(w.queue) - 1
	records, err := lot.Records(w.disk, &out)
	if err != nil {
		w.t.Fatal(err)
	}
	w.queue[at] = pending{records, func() {
		w.sayf("durable %d of %v kind %s", out.Kind, out.Record.ID, out.Record.Kind)
		delete(w.out, out.Record.ID)
		w.ledger.Written(out.Token)
	}}
}
