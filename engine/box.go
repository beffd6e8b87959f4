package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/delivery"
	"github.com/peltonhq/pelton/engine/code"
	"github.com/peltonhq/pelton/engine/config"
	"github.com/peltonhq/pelton/engine/grant"
	"github.com/peltonhq/pelton/engine/latch"
	"github.com/peltonhq/pelton/engine/revision"
	"github.com/peltonhq/pelton/engine/rollout"
	"github.com/peltonhq/pelton/sdk/build"
	"github.com/peltonhq/pelton/store"
)

// box is one plugin or reducer of the wheel: its actor and the history of its code.
type box struct {
	name     string
	c        *config.Config // that it was opened with
	kind     string         // wasm, native or process
	path     string         // of the code, for wasm
	native   string         // registered name, for native
	process  *config.Process
	loader   actor.Runtime // of its code; nil for native
	digest   string        // of its code, for wasm, when that was uploaded or built before; else empty
	built    string        // digest of its code when it was opened
	opts     actor.Options
	settings revision.Settings              // as the config has them
	strategy atomic.Pointer[actor.Strategy] // by which its versions come in
	plugin   *actor.Plugin
	granted  grant.Granted
	*held
	turnover
}

// turnover is what runs, and what a health window may go back to.
type turnover struct {
	mu      latch.Latch // a swap or a late rollback is being stored
	current actor.Version
	before  int          // revision that a rollback in the health window goes back to
	upheld  atomic.Int64 // the last one that was before, and is not gone back to any more
}

func turned() turnover { return turnover{mu: latch.New()} }

// describe makes the plugins and reducers of a config, in its order; none is open.
func (w *wheel) describe(s *world) []*box {
	var boxes []*box
	arena, _ := w.feeds.ArenaSize()
	for _, name := range s.c.PluginNames() {
		c := s.c.Plugins[name]
		l := c.Limits
		b := &box{name: name, kind: c.Type(), c: &s.c, turnover: turned()}
		b.locate(c.Wasm, c.Native, c.Process)
		b.set(c.Config, revision.Limits{Memory: l.Memory, Recycle: l.Recycle, Time: l.Time, Output: l.Output})
		b.opts.SwapTimeout = s.c.Swap.Timeout.Std()
		b.strategy.Store(new(rollout.Strategy(c.Strategy, c.Canary, c.Shadow)))
		b.opts.Handover = rollout.Handover(c.State)
		b.opts.Instances, b.opts.Require, b.opts.Health, b.opts.Env.Window = c.Instances, s.plan.Read(name), rollout.Health(c.Health), s.plan.Window(s.c.Plugins, name, arena)
		boxes = append(boxes, b)
	}
	for _, name := range s.c.SessionNames() {
		c := s.c.Sessions[name].Reduce
		if c == nil {
			continue
		}
		l := c.Limits
		b := &box{name: config.ReducerName(name), kind: c.Type(), c: &s.c, turnover: turned()}
		b.locate(c.Wasm, c.Native, c.Process)
		b.set(c.Config, revision.Limits{Memory: l.Memory, Recycle: l.Recycle, Time: l.Time, Output: l.Output})
		b.strategy.Store(new(rollout.Strategy(c.Strategy, c.Canary, config.Shadow{})))
		b.opts.SwapTimeout = s.c.Swap.Timeout.Std()
		b.opts.Instances, b.opts.Health = c.Instances, rollout.Health(c.Health)
		boxes = append(boxes, b)
	}
	return boxes
}

// again describes the same plugin once more, closed.
func (b *box) again() *box {
	return &box{name: b.name, c: b.c, kind: b.kind, path: b.path, native: b.native, digest: b.digest, process: b.process, opts: b.opts, settings: b.settings, turnover: turned()}
}

func names(outputs []pelton.Output) []string {
	list := make([]string, len(outputs))
	for i, o := range outputs {
		list[i] = o.Name
	}
	return list
}

func (b *box) locate(w *config.Wasm, n *config.Native, p *config.Process) {
	b.process = p
	if w != nil {
		b.path = w.Path
	}
	if n != nil {
		b.native = n.Name
	}
}

// set notes what the config says its instances are started with.
func (b *box) set(c config.JSON, l revision.Limits) {
	b.settings = revision.SettingsOf(c, l)
	v := b.settings.Version(actor.Version{})
	b.opts.Env = actor.Env{Plugin: b.name, Config: v.Config, Limits: *v.Limits}
}

// openRuntimes opens the book of revisions, and what builds and runs plugins of any kind.
func (w *wheel) openRuntimes(ctx context.Context) error {
	err := w.runtimes(ctx, w.describe(newWorld(&w.c)))
	if err != nil {
		return err
	}
	w.held = map[string]*held{}
	w.book, err = revision.Open(ctx, w.store, w.c.Limits.Revisions)
	return err
}

// openBox starts the revision that shall run: the one that was live, unless the config's code or settings have changed.
func (w *wheel) openBox(ctx context.Context, b *box) error {
	d := w.book.Plugin(b.name)
	w.keep(b, &d)
	b.opts.Log = func(revision int, level, message string) {
		b.log.Add(api.LogLine{Time: time.Now().UTC(), Plugin: b.name, Revision: revision, Level: level, Text: message})
		w.event(Event{Event: "log", Plugin: b.name, Revision: revision, Level: level, Reason: message})
	}
	b.opts.OnChange = func(e actor.Event) { w.changed(b, e) }
	built, err := w.build(ctx, b)
	if err != nil {
		return err
	}
	b.built = built.Digest
	asked := revision.Asked{Plugin: b.name, Digest: built.Digest, Artifact: built.Bytes, Settings: b.settings, Bound: b.kind == "native"}
	next, why, err := w.book.Wanted(asked)
	if err != nil {
		return err
	}
	if next.Number == d.Live && d.Pinned != nil && asked.Changed(&d) {
		w.event(Event{Event: "warning", Plugin: b.name, Reason: fmt.Sprintf(
			"plugin %s is pinned to revision %d: what has changed in the config since revision %d waits until it is unpinned, and applied again or the wheel started anew", b.name, d.Live, d.Config)})
	}
	if next.Digest != built.Digest {
		bytes, err := w.book.Artifact(next.Digest)
		if err != nil {
			return fmt.Errorf("plugin %s: %w", b.name, err)
		}
		_ = built.Module.Close(ctx)
		if built.Module, err = b.loader.Load(ctx, bytes); err != nil {
			return fmt.Errorf("plugin %s revision %d: %w", b.name, next.Number, err)
		}
		asked.Artifact = bytes
	}
	if err := w.start(ctx, b, next.Settings.Version(actor.Version{Revision: next.Number, Digest: next.Digest, Module: built.Module})); err != nil {
		return err
	}
	if next.Number != d.Live {
		next.Outputs = names(b.plugin.Outputs())
		if err := w.book.Commit(ctx, asked.Live(next)); err != nil {
			return fmt.Errorf("plugin %s: storing revision %d: %w", b.name, next.Number, err)
		}
	}
	w.event(Event{Event: "revision", Plugin: b.name, Revision: next.Number, Digest: next.Digest, Reason: why})
	return nil
}

func (w *wheel) start(ctx context.Context, b *box, v actor.Version) error {
	plugin, err := actor.Open(ctx, b.opts, v)
	var undeclared *actor.UndeclaredError
	if errors.As(err, &undeclared) {
		if _, located := b.c.CheckOutputs(map[string][]string{b.name: names(undeclared.Declared)}); located != nil {
			return usage(located)
		}
	}
	if err != nil {
		return usage(err) // it names the plugin
	}
	b.plugin, b.current = plugin, v
	if b.held != nil { // else it is only tried
		plugin.Pause(b.pause.Load() == uint32(delivery.Paused))
	}
	return nil
}

// runtimes opens what builds and runs the plugins' code.
func (w *wheel) runtimes(ctx context.Context, boxes []*box) error {
	r, err := code.Open(ctx, code.Options{
		CacheDir: w.cacheDir(), Programs: code.Programs(w.o.CacheDir), Base: w.c.Dir, Artifact: int64(w.c.Limits.Artifact),
		Compilers: w.o.Compilers, Native: w.o.Native, Building: func(plugin string) { w.event(Event{Event: "building", Plugin: plugin}) },
	}, slices.ContainsFunc(boxes, func(b *box) bool { return b.process != nil }))
	if err != nil {
		return environment(err)
	}
	w.code = r
	w.later(r.Close)
	return nil
}

// build makes the code that the config says, or takes what was uploaded for it.
func (w *wheel) build(ctx context.Context, b *box) (c code.Code, err error) {
	if b.digest == "" {
		c, err = w.code.Make(ctx, b.source())
	} else {
		bytes, missing := w.book.Artifact(b.digest)
		if missing != nil {
			return c, fmt.Errorf("plugin %s: %w", b.name, missing)
		}
		c, err = w.code.Load(ctx, b.source(), bytes)
	}
	b.loader = c.Loader
	return c, unbuilt(err)
}

func (b *box) source() code.Plugin {
	return code.Plugin{Name: b.name, Kind: b.kind, Path: b.path, Native: b.native, Process: b.process}
}

// unbuilt is the class of an error of the builder.
func unbuilt(err error) error {
	switch {
	case errors.Is(err, build.ErrNoToolchain):
		return environment(err)
	case err != nil:
		return usage(err)
	}
	return nil
}

// digest is that of a revision's code.
func (w *wheel) digest(plugin string, revision int) string { return w.book.Digest(plugin, revision) }

// changed hears of every change of state of a plugin. It is called on actors' goroutines.
func (w *wheel) changed(b *box, e actor.Event) {
	switch e.State {
	case actor.StateCanary, actor.StateShadow:
		w.event(Event{Event: "rollout", Plugin: b.name, Revision: e.Revision, Digest: e.Digest, Outcome: string(e.State), Reason: e.Reason})
	case actor.StateProbing:
		w.unstop(b)
	case actor.StateFresh:
		w.event(Event{Event: "warning", Plugin: b.name, Revision: e.Revision, Reason: fmt.Sprintf("plugin %s: revision %d starts without a state: %s", b.name, e.Revision, e.Reason)})
	case actor.StateRestarted:
		w.event(Event{Event: "restarted", Plugin: b.name, Revision: e.Revision, Reason: e.Reason})
	case actor.StateRecycled:
		w.event(Event{Event: "recycled", Plugin: b.name, Revision: e.Revision, Reason: e.Reason})
	case actor.StateFailed, actor.StateStuck:
		w.event(Event{Event: "failed", Plugin: b.name, Revision: e.Revision, Reason: e.Reason})
	case actor.StateSuperseded: // its health window is over
		b.upheld.Store(int64(e.Revision))
		go w.watched(b, e)
	case actor.StateRolledBack:
		go w.rolledBack(b, e)
	}
}

// unstop lets lanes go on that retry.then stopped: another version, or another time, may do better.
func (w *wheel) unstop(b *box) {
	for _, f := range w.now().feeds {
		f.Unstop(b.name)
	}
}

// rolledBack stores a rollback that came after the swap was answered live: its health window was still open.
func (w *wheel) rolledBack(b *box, e actor.Event) {
	defer b.mu.Note()()
	if b.current.Revision != e.Revision || b.before == 0 {
		return // the swap itself stores it
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := w.revive(ctx, b, e); err != nil {
		w.event(Event{Event: "warning", Plugin: b.name, Reason: fmt.Sprintf("storing the rollback of revision %d: %v", e.Revision, err)})
	}
	w.event(Event{Event: "swapped", Plugin: b.name, Revision: e.Revision, Digest: e.Digest, Outcome: api.OutcomeRolledBack, Reason: e.Reason})
}

// watched stores the figures of the whole health window.
func (w *wheel) watched(b *box, e actor.Event) {
	defer b.mu.Note()()
	r, err := w.book.Record(b.name, e.By)
	if err == nil && r.Figures != nil {
		r.Figures = rollout.Whole(r.Figures, e.Figures)
		err = w.book.Commit(context.Background(), revision.Change{Plugin: b.name, Put: []revision.Record{r}})
	}
	if err != nil && !errors.Is(err, store.ErrClosed) { // the wheel ends
		w.event(Event{Event: "warning", Plugin: b.name, Reason: fmt.Sprintf("storing the figures of revision %d: %v", e.By, err)})
	}
}

// revive makes the revision before the live one live again, in the store.
func (w *wheel) revive(ctx context.Context, b *box, e actor.Event) error {
	failed, err := w.book.Record(b.name, e.Revision)
	if err != nil {
		return err
	}
	old, err := w.book.Record(b.name, b.before)
	if err != nil {
		return err
	}
	failed.Outcome, failed.Reason, failed.Figures, old.Outcome = api.OutcomeRolledBack, e.Reason, rollout.Figures(e.Figures), api.OutcomeLive
	b.current = old.Settings.Version(actor.Version{Revision: old.Number, Digest: old.Digest})
	b.before = 0
	return w.book.Commit(ctx, revision.Change{
		Plugin: b.name, Put: []revision.Record{failed, old}, Set: func(d *revision.Plugin) { d.Live = old.Number },
	})
}
