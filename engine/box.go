package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/actor/wasm"
	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/engine/config"
	"github.com/peltonhq/pelton/engine/plan"
	"github.com/peltonhq/pelton/sdk/build"
)

// box is one plugin or reducer of the wheel: its actor and the history of its code.
type box struct {
	name    string
	kind    string // wasm, native or process
	path    string // of the code, for wasm
	native  string // registered name, for native
	process *config.Process
	loader  actor.Runtime // of its code; nil for native
	from    []string
	opts    actor.Options
	plugin  *actor.Plugin
	ledger  *ledger
	granted

	mu      sync.Mutex // a swap or a late rollback is being stored
	current actor.Version
	before  int // revision that a rollback in the health window goes back to
}

// boxes describes the plugins and reducers of the config, in its order.
func (w *wheel) describe() []*box {
	var boxes []*box
	for _, name := range w.c.PluginNames() {
		c := w.c.Plugins[name]
		b := &box{name: name, kind: c.Type(), from: c.From}
		b.code(c.Wasm, c.Native, c.Process)
		b.opts = actor.Options{
			Env:       actor.Env{Plugin: name, Config: settings(c.Config), Limits: actor.Limits{Memory: int64(c.Limits.Memory), Recycle: int64(c.Limits.Recycle), Time: int64(c.Limits.Time), Output: int64(c.Limits.Output)}, Window: w.window(name)},
			Instances: c.Instances, Require: w.plan.Read(name), Health: healthOf(c.Health),
		}
		boxes = append(boxes, b)
	}
	for _, name := range w.c.SessionNames() {
		c := w.c.Sessions[name]
		if c.Reduce == nil {
			continue
		}
		b := &box{name: config.ReducerName(name), kind: c.Reduce.Type(), from: c.From}
		b.code(c.Reduce.Wasm, c.Reduce.Native, c.Reduce.Process)
		b.opts = actor.Options{
			Env:       actor.Env{Plugin: b.name, Config: settings(c.Reduce.Config), Limits: actor.Limits{Memory: int64(c.Reduce.Limits.Memory), Recycle: int64(c.Reduce.Limits.Recycle), Time: int64(c.Reduce.Limits.Time), Output: int64(c.Reduce.Limits.Output)}},
			Instances: c.Reduce.Instances, Health: healthOf(c.Reduce.Health),
		}
		boxes = append(boxes, b)
	}
	return boxes
}

func names(outputs []pelton.Output) []string {
	list := make([]string, len(outputs))
	for i, o := range outputs {
		list[i] = o.Name
	}
	return list
}

func (b *box) code(w *config.Wasm, n *config.Native, p *config.Process) {
	b.process = p
	if w != nil {
		b.path = w.Path
	}
	if n != nil {
		b.native = n.Name
	}
}

func settings(j config.JSON) []byte {
	if len(j) == 0 {
		return []byte("{}")
	}
	return j
}

func healthOf(h config.Health) actor.Health {
	return actor.Health{Window: h.Window.Std(), MaxErrorRate: h.MaxErrorRate, MinSamples: h.MinSamples}
}

func (w *wheel) openPlugins(ctx context.Context) error {
	w.plan = plan.New(&w.c)
	w.boxes = w.describe()
	runtime, err := wasm.New(ctx, wasm.Options{CacheDir: w.cacheDir()})
	if err != nil {
		return environment(err)
	}
	w.runtime = runtime
	w.later(runtime.Close)
	if err := w.openProcesses(); err != nil {
		return err
	}
	w.later(w.closeProcesses)
	outputs := map[string][]string{}
	for _, b := range w.boxes {
		if err := w.grant(ctx, b); err != nil {
			return err
		}
		if err := w.openBox(ctx, b); err != nil {
			return err
		}
		w.later(b.plugin.Close)
		outputs[b.name] = names(b.plugin.Outputs())
	}
	warnings, err := w.c.CheckOutputs(outputs)
	if err != nil {
		return usage(err)
	}
	for _, warning := range append(w.c.Warnings(), warnings...) {
		w.event(Event{Event: "warning", Reason: warning.String()})
	}
	return nil
}

// openBox starts the revision that shall run: the one that was live, unless the config's code has changed.
func (w *wheel) openBox(ctx context.Context, b *box) error {
	var err error
	if b.ledger, err = openLedger(ctx, w.store, b.name); err != nil {
		return fmt.Errorf("plugin %s: %w", b.name, err)
	}
	b.opts.Env.Log = func(level, message string) {
		w.event(Event{Event: "log", Plugin: b.name, Level: level, Reason: message})
	}
	b.opts.OnChange = func(e actor.Event) { w.changed(b, e) }
	code, err := w.build(ctx, b)
	if err != nil {
		return err
	}
	d, err := b.ledger.desired()
	if err != nil {
		return err
	}
	why := "first start"
	if d.Config != 0 {
		last, err := b.ledger.revision(d.Config)
		if err != nil {
			return err
		}
		if last.Digest == code.digest {
			return w.resume(ctx, b, code, d)
		}
		why = "the config's code has changed since revision " + fmt.Sprint(d.Config)
	}
	r, err := b.ledger.next(code.digest, "config", why, "config")
	if err != nil {
		return err
	}
	if err := w.start(ctx, b, actor.Version{Revision: r.Number, Digest: code.digest, Module: code.module}); err != nil {
		return err
	}
	r.Outcome = api.OutcomeLive
	if err := b.ledger.settle(ctx, r, &desired{Live: r.Number, Config: r.Number}, code.bytes); err != nil {
		return fmt.Errorf("plugin %s: storing revision %d: %w", b.name, r.Number, err)
	}
	w.event(Event{Event: "revision", Plugin: b.name, Revision: r.Number, Digest: r.Digest, Reason: why})
	return nil
}

// resume starts the revision that was live when the wheel stopped.
func (w *wheel) resume(ctx context.Context, b *box, code code, d desired) error {
	live, err := b.ledger.revision(d.Live)
	if err != nil {
		return err
	}
	why := "as the config says"
	if live.Digest != code.digest {
		why = fmt.Sprintf("it was swapped in by %s; the config's code is unchanged", live.Who)
		bytes, err := artifact(w.store, live.Digest)
		if err != nil {
			return fmt.Errorf("plugin %s: %w", b.name, err)
		}
		_ = code.module.Close(ctx)
		if code.module, err = b.loader.Load(ctx, bytes); err != nil {
			return fmt.Errorf("plugin %s revision %d: %w", b.name, live.Number, err)
		}
	}
	if err := w.start(ctx, b, actor.Version{Revision: live.Number, Digest: live.Digest, Module: code.module}); err != nil {
		return err
	}
	w.event(Event{Event: "revision", Plugin: b.name, Revision: live.Number, Digest: live.Digest, Reason: why})
	return nil
}

func (w *wheel) start(ctx context.Context, b *box, v actor.Version) error {
	plugin, err := actor.Open(ctx, b.opts, v)
	var undeclared *actor.UndeclaredError
	if errors.As(err, &undeclared) {
		if _, located := w.c.CheckOutputs(map[string][]string{b.name: names(undeclared.Declared)}); located != nil {
			return usage(located)
		}
	}
	if err != nil {
		return usage(err) // it names the plugin
	}
	b.plugin, b.current = plugin, v
	return nil
}

// code is built and loaded.
type code struct {
	digest string
	bytes  []byte // nil for native
	module actor.Module
}

func (w *wheel) build(ctx context.Context, b *box) (code, error) {
	switch b.kind {
	case "process":
		return w.pack(ctx, b)
	case "native":
		module, err := w.o.Native.Lookup(b.native)
		if err != nil {
			return code{}, usage(fmt.Errorf("plugin %s: %w", b.name, err))
		}
		return code{digest: module.Digest(), module: module}, nil
	}
	a, err := build.Build(ctx, b.path, build.Options{CacheDir: w.cacheDir(), Log: building{w, b.name}})
	switch {
	case errors.Is(err, build.ErrNoToolchain):
		return code{}, environment(fmt.Errorf("plugin %s: %w", b.name, err))
	case err != nil:
		return code{}, usage(fmt.Errorf("plugin %s: %w", b.name, err))
	}
	b.loader = w.runtime
	module, err := w.runtime.Load(ctx, a.Bytes)
	if err != nil {
		return code{}, usage(fmt.Errorf("plugin %s: %s: %w", b.name, b.path, err))
	}
	return code{digest: a.Digest, bytes: a.Bytes, module: module}, nil
}

// building turns the builder's lines into events.
type building struct {
	w      *wheel
	plugin string
}

func (l building) Write(p []byte) (int, error) {
	l.w.event(Event{Event: "building", Plugin: l.plugin})
	return len(p), nil
}

func (w *wheel) box(name string) *box {
	for _, b := range w.boxes {
		if b.name == name {
			return b
		}
	}
	return nil
}

// changed hears of every change of state of a plugin. It is called on actors' goroutines.
func (w *wheel) changed(b *box, e actor.Event) {
	switch e.State {
	case actor.StateProbing:
		w.unstop(b)
	case actor.StateRestarted:
		w.event(Event{Event: "restarted", Plugin: b.name, Revision: e.Revision, Reason: e.Reason})
	case actor.StateRecycled:
		w.event(Event{Event: "recycled", Plugin: b.name, Revision: e.Revision, Reason: e.Reason})
	case actor.StateFailed, actor.StateStuck:
		w.event(Event{Event: "failed", Plugin: b.name, Revision: e.Revision, Reason: e.Reason})
	case actor.StateRolledBack:
		go w.rolledBack(b, e)
	}
}

// unstop lets lanes go on that retry.then stopped: another version may do better.
func (w *wheel) unstop(b *box) {
	p := slices.Index(w.boxes, b)
	if p >= len(w.plan.Plugins) {
		return
	}
	for _, f := range w.feeds {
		for _, r := range f.loops() {
			r.loop.Resume(p)
		}
	}
}

// rolledBack stores a rollback that came after the swap was answered live: its health window was still open.
func (w *wheel) rolledBack(b *box, e actor.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.current.Revision != e.Revision || b.before == 0 {
		return // the swap itself stores it
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	r, err := b.ledger.revision(e.Revision)
	if err == nil {
		r.Outcome, r.Reason = api.OutcomeRolledBack, e.Reason
		err = b.revive(ctx, r)
	}
	if err != nil {
		w.event(Event{Event: "warning", Plugin: b.name, Reason: fmt.Sprintf("storing the rollback of revision %d: %v", e.Revision, err)})
	}
	w.event(Event{Event: "swapped", Plugin: b.name, Revision: e.Revision, Digest: e.Digest, Outcome: api.OutcomeRolledBack, Reason: e.Reason})
}

// revive makes the revision before the live one live again, in the store.
func (b *box) revive(ctx context.Context, failed api.Revision) error {
	d, err := b.ledger.desired()
	if err != nil {
		return err
	}
	old, err := b.ledger.revision(b.before)
	if err != nil {
		return err
	}
	old.Outcome = api.OutcomeLive
	d.Live = b.before
	b.current = actor.Version{Revision: old.Number, Digest: old.Digest}
	b.before = 0
	if err := b.ledger.settle(ctx, failed, nil, nil); err != nil {
		return err
	}
	return b.ledger.settle(ctx, old, &d, nil)
}
