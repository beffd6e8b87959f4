package loop_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/actor/native"
	"github.com/peltonhq/pelton/arena"
	"github.com/peltonhq/pelton/decode"
	"github.com/peltonhq/pelton/delivery"
	"github.com/peltonhq/pelton/delivery/lot"
	"github.com/peltonhq/pelton/loop"
	"github.com/peltonhq/pelton/store"
	"github.com/peltonhq/pelton/store/kv"
	"github.com/peltonhq/pelton/store/memory"
)

// world is one lane with everything around it: what a test does not set has a default that works.
type world struct {
	t        testing.TB
	graph    delivery.Graph
	handlers []handler // by plugin of the graph
	targets  []*target // by target of the graph
	lane     lane
	arena    arena.Options
	queue    int64 // bytes of output arenas
	decode   decode.Config
	options  loop.Options // what is set here goes to the loop

	disk    *memory.Disk
	store   *memory.Store
	memory  *arena.Arena
	outputs []*arena.Arena
	plugins []*actor.Plugin
	spaces  []*kv.Space // of plugins, if they were opened
	http    bool        // plugins may make requests
	loop    *loop.Loop

	mu       sync.Mutex
	troubles []error
	failure  error
}

func newWorld(tb testing.TB, n int, handlers ...handler) *world {
	tb.Helper()
	w := &world{t: tb, handlers: handlers, queue: 64 << 10, disk: memory.NewDisk()}
	w.lane = lane{id: pelton.LaneID{Source: "s", Incarnation: "i", Lane: "l"}, n: n, make: keyed(7)}
	w.arena = arena.Options{Name: "s", Size: 1 << 20, MaxMessage: 64 << 10}
	for i := range handlers {
		w.graph.Plugins = append(w.graph.Plugins, delivery.Plugin{
			Name: string(rune('a' + i)), Instances: 1, Output: 64 << 10, Policy: policy(), Outputs: map[string]delivery.Routes{},
		})
		w.graph.Source.Plugins = append(w.graph.Source.Plugins, i)
	}
	return w
}

func policy() delivery.Policy {
	return delivery.Policy{Attempts: 3, Initial: time.Second, Max: 4 * time.Second, MaxDefers: 5, ByKey: true, Behind: 1000}
}

// to leads the plugin's default output to a new target and gives it.
func (w *world) to(plugin int) *target {
	g := &target{room: -1}
	w.targets = append(w.targets, g)
	n := len(w.graph.Targets)
	w.graph.Targets = append(w.graph.Targets, pelton.Target{Kind: pelton.TargetSink, Name: string(rune('k' + n))})
	if plugin < 0 {
		w.graph.Source.Targets = append(w.graph.Source.Targets, n)
		return g
	}
	w.route(plugin, delivery.Routes{Targets: []int{n}})
	return g
}

func (w *world) route(plugin int, more delivery.Routes) {
	r := w.graph.Plugins[plugin].Outputs["default"]
	r.Targets, r.Plugins = append(r.Targets, more.Targets...), append(r.Plugins, more.Plugins...)
	w.graph.Plugins[plugin].Outputs["default"] = r
}

// start opens the store and all else, and runs the lane from its checkpoint.
func (w *world) start() *world {
	w.t.Helper()
	var err error
	if w.store, err = w.disk.Open(); err != nil {
		w.t.Fatal(err)
	}
	w.furnish()
	w.run()
	return w
}

// furnish makes arenas and plugins.
func (w *world) furnish() {
	w.t.Helper()
	var err error
	if w.memory, err = arena.New(w.arena); err != nil {
		w.t.Fatal(err)
	}
	w.outputs, w.plugins = make([]*arena.Arena, len(w.handlers)), nil
	for i, h := range w.handlers {
		p := &w.graph.Plugins[i]
		o := actor.Options{Env: actor.Env{Plugin: p.Name, Limits: actor.Limits{Time: int64(time.Hour)}}, Instances: p.Instances, Health: actor.Health{MaxErrorRate: 1}}
		o.Env.HTTP = w.http
		if w.spaces != nil {
			o.Env.KV = w.spaces[i]
		}
		opened, err := actor.Open(context.Background(), o, actor.Version{Revision: 1, Module: native.Module(p.Name, func() native.Plugin { return plugin{h} })})
		if err != nil {
			w.t.Fatal(err)
		}
		w.plugins = append(w.plugins, opened)
		if len(p.Outputs["default"].Plugins) > 0 {
			if w.outputs[i], err = arena.New(arena.Options{Name: p.Name, Size: w.queue, MaxMessage: w.queue / 4}); err != nil {
				w.t.Fatal(err)
			}
		}
	}
}

// run starts the loop alone.
func (w *world) run() {
	w.t.Helper()
	at, err := loop.LoadCheckpoint(w.store, "s", w.lane.id.Lane)
	if err != nil {
		w.t.Fatal(err)
	}
	if w.loop, err = loop.Start(w.t.Context(), w.with(&w.lane, at.Position)); err != nil {
		w.t.Fatal(err)
	}
}

// with is the options for one lane of this world.
func (w *world) with(l *lane, from uint64) loop.Options {
	o := w.options
	o.Lane, o.ID, o.From, o.Graph, o.Plugins = l, l.id, from, &w.graph, w.plugins
	o.Arena, o.Outputs, o.Decode, o.Store = w.memory, w.outputs, w.decode, w.store
	for _, g := range w.targets {
		o.Targets = append(o.Targets, g)
	}
	o.Failed = func(err error, final bool) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if final {
			w.failure = err
		} else {
			w.troubles = append(w.troubles, err)
		}
	}
	return o
}

// trouble is what the lane told of.
func (w *world) trouble() (troubles []error, failure error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.troubles), w.failure
}

// pass lets time go by and everything that follows happen.
func (w *world) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// settle waits until the lane is at its end and idle.
func (w *world) settle() {
	w.t.Helper()
	for range 100_000 {
		if s := w.loop.Stats(); s.Ended && s.Idle {
			w.empty()
			return
		}
		w.pass(100 * time.Millisecond)
	}
	w.t.Fatalf("it does not settle: %+v", w.loop.Stats())
}

// empty checks A3.
func (w *world) empty() {
	w.t.Helper()
	for _, a := range append([]*arena.Arena{w.memory}, w.outputs...) {
		if a != nil {
			if s := a.Stats(); s.Slots != 0 || s.BytesUsed != 0 {
				w.t.Errorf("A3: an arena still holds %d messages in %d bytes", s.Slots, s.BytesUsed)
			}
		}
	}
}

// close ends the lane and all around it, and checks that nothing is left.
func (w *world) close() {
	w.t.Helper()
	if err := w.loop.Close(context.Background()); err != nil {
		w.t.Errorf("close: %v", err)
	}
	w.dismantle()
}

func (w *world) dismantle() {
	w.t.Helper()
	for _, p := range w.plugins {
		if err := p.Close(context.Background()); err != nil {
			w.t.Error(err)
		}
	}
	w.empty()
	for _, a := range append([]*arena.Arena{w.memory}, w.outputs...) {
		if a != nil {
			if err := a.Close(); err != nil {
				w.t.Errorf("A3: %v", err)
			}
		}
	}
	_ = w.store.Close()
	for _, s := range w.spaces {
		_ = s.Close(context.Background())
	}
}

func (w *world) parked() (all []*lot.Entry) {
	w.t.Helper()
	for e, err := range lot.All(w.store) {
		if err != nil {
			w.t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

func (w *world) dead() (all []*lot.Entry) {
	w.t.Helper()
	for e, err := range lot.Letters(w.store) {
		if err != nil {
			w.t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

// marks counts what is left of the marks of lane and lot.
func (w *world) marks() int {
	n := 0
	for range w.store.Scan([]byte{store.SpaceMark}, []byte{store.SpaceMark + 1}, store.ScanOptions{}) {
		n++
	}
	return n
}

// told checks D2: the source knows of everything before message n, and nothing more.
func (w *world) told(n int) {
	w.t.Helper()
	if got := w.lane.told(); got != uint64(n*step) {
		w.t.Errorf("D2: the source was told %d, want %d", got, n*step)
	}
}

// log is what happened, in order, from several goroutines.
type log[T any] struct {
	mu  sync.Mutex
	all []T
}

func (l *log[T]) add(v T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, v)
}

func (l *log[T]) get() []T {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.all)
}
