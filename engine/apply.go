package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/delta"
	"github.com/peltonhq/pelton/engine/change"
	"github.com/peltonhq/pelton/engine/event"
	"github.com/peltonhq/pelton/engine/feed"
	"github.com/peltonhq/pelton/engine/revision"
)

// applying is what a wheel knows of changes of its config while it runs.
type applying struct {
	turn  sync.Mutex     // one apply at a time
	again sync.WaitGroup // reload
	tally change.Tally
}

// configs is the wheel as [api.Configs].
type configs struct{ *wheel }

var _ api.Configs = configs{}

// Running implements [api.Configs].
func (w configs) Running(context.Context) (api.RunningConfig, error) {
	now := w.now()
	text, err := now.c.Print()
	return api.RunningConfig{Text: string(text), Hash: w.tally.Stats().Hash, File: now.c.File}, err
}

// Apply implements [api.Configs].
func (w configs) Apply(ctx context.Context, o api.ApplyOptions) (delta.Plan, error) {
	p, err := w.apply(ctx, o, false)
	switch {
	case errors.Is(err, ErrUsage):
		return p, api.Errorf(api.InvalidArgument, "%v", err)
	case errors.Is(err, ErrEnvironment):
		return p, api.Errorf(api.FailedPrecondition, "%v", err)
	}
	return p, err
}

// apply makes a config the running one. After an error the wheel runs as before.
func (w *wheel) apply(ctx context.Context, o api.ApplyOptions, local bool) (delta.Plan, error) {
	if !w.turn.TryLock() {
		return delta.Plan{}, api.Errorf(api.FailedPrecondition, "another config is being applied: wait until that is answered")
	}
	defer w.turn.Unlock()
	running, over := w.ending(ctx, o.PlanOnly)
	defer over()
	d, err := w.draft(running, o, local)
	if err != nil {
		if !o.PlanOnly {
			w.applied(api.AppliedRefused, nil, err)
		}
		return delta.Plan{}, err
	}
	if o.PlanOnly {
		return d.plan.Plan, nil
	}
	outcome, err := w.carryOut(running, d)
	w.applied(outcome, d, err)
	return d.plan.Plan, err
}

// ending is a context that ends with the run. A change that has begun does not end with who asked for it; a plan does.
func (w *wheel) ending(ctx context.Context, only bool) (context.Context, func()) {
	if !only {
		ctx = context.WithoutCancel(ctx)
	}
	running, cancel := context.WithCancelCause(ctx)
	stop := make(chan struct{})
	go func() {
		select {
		case <-w.ended:
			cancel(errors.New("the wheel is ending"))
		case <-stop:
		}
	}()
	return running, func() {
		close(stop)
		cancel(nil)
	}
}

// applied keeps how an apply ended, and tells of it.
func (w *wheel) applied(outcome string, d *draft, err error) {
	w.tally.Done(outcome, time.Now().UTC(), err)
	if err == nil {
		w.tally.Runs(d.plan.ID)
		for name, code := range d.codes {
			if err := w.book.Adopt(context.Background(), name, code); err != nil {
				w.event(Event{Event: "warning", Plugin: name, Reason: fmt.Sprintf("storing what code the config of plugin %s has: %v", name, err)})
			}
		}
	}
	e := Event{Event: "apply", Outcome: outcome}
	if d != nil {
		e.Bulk = event.Bulk{Plan: &d.plan.Plan}
	}
	if err != nil {
		e.Reason = err.Error()
	}
	w.event(e)
}

// carryOut does what a plan says: what can fail without touching what runs comes first.
func (w *wheel) carryOut(ctx context.Context, d *draft) (outcome string, err error) {
	if d.o.Hash != "" && d.o.Hash != d.plan.Hash {
		return api.AppliedRefused, api.Errorf(api.FailedPrecondition,
			"the plan %s does not hold any more: the wheel, the file or the code of a plugin has changed since; make a new one with --plan", change.Short(d.o.Hash))
	}
	if len(d.plan.Changes) == 0 {
		return api.AppliedUnchanged, nil
	}
	m := &move{draft: d, fates: map[string]fate{}, gone: map[any]bool{}, desired: map[string]revision.Plugin{}}
	for _, f := range d.old.feeds {
		if m.fates[f.Name], err = w.fate(d, f); err != nil {
			return api.AppliedFailed, err
		}
	}
	unlock, err := m.hold()
	if err != nil {
		return api.AppliedRefused, err
	}
	defer unlock()
	w.pins(d) // none comes while they are held; a swap asks for itself
	if err := d.plan.Refusals(&d.next.c); err != nil {
		return api.AppliedRefused, err
	}
	if err = w.prepare(ctx, m); err == nil {
		m.next.adjust(m.described)
		if err = w.swapAll(ctx, m); err == nil {
			if err = w.shift(ctx, m); err == nil {
				return api.AppliedChanged, w.door.Use(&m.next.c.API)
			}
			w.swapBack(m)
		}
	}
	m.old.adjust(w.describe(m.old))
	w.restore(m)
	err = fmt.Errorf("nothing is applied, the wheel runs as before: %w", err)
	if coded, ok := errors.AsType[*api.Error](err); ok {
		err = &api.Error{Code: coded.Code, Message: err.Error(), Detail: coded.Detail}
	}
	return api.AppliedFailed, err
}

// adjust has the plugins that are open take in and judge their next versions as described.
func (s *world) adjust(described []*box) {
	for _, next := range described {
		if b := s.box(next.name); b != nil && b.plugin != nil && b != next {
			b.strategy.Store(next.strategy.Load())
			b.plugin.Adjust(next.opts.Health, next.opts.Handover)
		}
	}
}

// hold keeps the plugins that are to be replaced from being swapped meanwhile.
func (m *move) hold() (unlock func(), err error) {
	var held []*box
	unlock = func() {
		for _, b := range held {
			b.mu.Unlock()
		}
	}
	for _, b := range m.old.boxes {
		if m.keepsBox(b.name) {
			continue
		}
		if !b.mu.TryLock() {
			unlock()
			return nil, b.swapping()
		}
		held = append(held, b)
	}
	return unlock, nil
}

// swapAll gives the plugins that stay their new code and settings, one after the other; each answers within its bounds
// (W3). After a failure those that were swapped are swapped back.
func (w *wheel) swapAll(ctx context.Context, m *move) error {
	for _, next := range m.described {
		b := m.old.box(next.name)
		if b == nil || !m.keepsBox(b.name) || m.plan.Effect(change.Node(b.name)) != delta.EffectSwap {
			continue
		}
		was := w.book.Plugin(b.name)
		live, err := w.book.Record(b.name, was.Live)
		if err != nil {
			w.swapBack(m)
			return err
		}
		t := aim{digest: live.Digest, settings: &next.settings, source: "config"}
		if m.codes[b.name] != was.Code || was.Live < was.Config {
			t.digest = m.codes[b.name]
		}
		t.config = func(d *revision.Plugin, n int) {
			d.Config, d.Code, d.Hash = n, m.codes[b.name], next.settings.Hash()
		}
		result, err := plugins{w}.swap(ctx, b, t, api.SwapOptions{Who: m.o.Who, Why: m.o.Why, Expect: was.Live, Strategy: atOnce})
		if err == nil && result.Outcome != api.OutcomeLive {
			err = api.Errorf(api.Aborted, "plugin %s: revision %d was rolled back: %s", b.name, result.Revision, result.Reason)
		}
		if err != nil {
			w.swapBack(m)
			return err
		}
		m.swapped = append(m.swapped, back{b, was, live})
	}
	return nil
}

// atOnce is how an apply swaps, whatever the plugin's own strategy: who waits for a canary can't undo the rest meanwhile.
var atOnce = &api.Strategy{Kind: api.StrategyImmediate}

// back is a plugin as it was before it was swapped.
type back struct {
	b    *box
	was  revision.Plugin
	live revision.Record
}

// swapBack undoes swapAll.
func (w *wheel) swapBack(m *move) {
	ctx := context.Background()
	for _, s := range slices.Backward(m.swapped) {
		t := aim{digest: s.live.Digest, settings: &s.live.Settings, source: "config", config: func(d *revision.Plugin, _ int) {
			d.Config, d.Code, d.Hash = s.was.Config, s.was.Code, s.was.Hash
		}}
		result, err := plugins{w}.swap(ctx, s.b, t, api.SwapOptions{Who: m.o.Who, Why: "the rest of the config could not be applied", Strategy: atOnce})
		if err == nil && result.Outcome != api.OutcomeLive {
			err = errors.New(result.Reason)
		}
		if err != nil {
			w.event(Event{Event: "warning", Plugin: s.b.name, Reason: fmt.Sprintf("plugin %s stays with the new config: %v", s.b.name, err)})
		}
	}
	m.swapped = nil
}

// shift puts the new world in the place of the old one.
func (w *wheel) shift(ctx context.Context, m *move) error {
	w.drain(ctx, m)
	err := w.vacate(ctx, m, false)
	if err == nil {
		err = w.openMissing(ctx, m.next, nil)
	}
	if err != nil {
		return err
	}
	m.entered = true
	if err := w.enter(ctx, m.next, m.drained); err != nil {
		return err
	}
	if err := w.vacate(ctx, m, true); err != nil {
		w.event(Event{Event: "warning", Reason: fmt.Sprintf("closing what is no longer in the config: %v", err)})
	}
	return nil
}

// restore goes back to the old world: what was opened of the new one is closed, what was closed of the old one opened. If
// that can't be, the run ends; nothing is lost, and a start does the same from the file.
func (w *wheel) restore(m *move) {
	ctx, cancel := context.WithTimeout(context.Background(), w.c.Shutdown.Timeout.Std())
	defer cancel()
	touched := m.entered || len(m.gone)+len(m.drained) > 0
	if m.entered {
		for _, f := range m.drained {
			_ = f.Drain(ctx) // what was not done is done again
		}
	}
	if err := m.discard(ctx); err != nil {
		w.event(Event{Event: "warning", Reason: fmt.Sprintf("closing what could not be applied: %v", err)})
	}
	if !touched {
		return
	}
	old := m.old.clone()
	described := w.describe(old)
	for i, b := range old.boxes {
		if m.gone[b] {
			old.boxes[i] = described[i]
			if b.kind == "wasm" {
				old.boxes[i].digest = m.was[b.name]
			}
			if err := w.unlive(ctx, b.name, m.desired[b.name]); err != nil {
				w.event(Event{Event: "warning", Plugin: b.name, Reason: fmt.Sprintf("plugin %s: going back to revision %d: %v", b.name, m.desired[b.name].Live, err)})
			}
		}
	}
	for name, h := range old.halls {
		if m.gone[h] {
			delete(old.halls, name)
		}
	}
	for name, s := range old.sinks {
		if m.gone[s] {
			delete(old.sinks, name)
		}
	}
	for name, n := range old.nests {
		if m.gone[n] {
			delete(old.nests, name)
		}
	}
	old.feeds = slices.DeleteFunc(old.feeds, func(f *feed.Feed) bool { return m.gone[f] })
	err := w.openMissing(ctx, old, nil)
	if err == nil {
		err = w.enter(ctx, old, m.drained)
	}
	if err != nil {
		w.fail(fmt.Errorf("a config could not be applied, nor could the one before be restored: %w", err))
	}
}

// unlive makes the revision live again, in the store, that was so before a plugin was opened anew.
func (w *wheel) unlive(ctx context.Context, plugin string, was revision.Plugin) error {
	now := w.book.Plugin(plugin)
	if now.Live == was.Live {
		return nil
	}
	failed, err := w.book.Record(plugin, now.Live)
	if err != nil {
		return err
	}
	old, err := w.book.Record(plugin, was.Live)
	if err != nil {
		return err
	}
	failed.Outcome, failed.Reason, old.Outcome = api.OutcomeRolledBack, "the rest of the config could not be applied", api.OutcomeLive
	return w.book.Commit(ctx, revision.Change{Plugin: plugin, Put: []revision.Record{failed, old}, Set: func(d *revision.Plugin) {
		d.Live, d.Config, d.Code, d.Hash = was.Live, was.Config, was.Code, was.Hash
	}})
}

// discard closes what was opened of the new world.
func (m *move) discard(ctx context.Context) error {
	fresh := m.next.clone()
	fresh.boxes = slices.DeleteFunc(fresh.boxes, func(b *box) bool { return slices.Contains(m.old.boxes, b) })
	fresh.feeds = slices.DeleteFunc(fresh.feeds, func(f *feed.Feed) bool { return slices.Contains(m.old.feeds, f) })
	for name, h := range m.old.halls {
		if fresh.halls[name] == h {
			delete(fresh.halls, name)
		}
	}
	for name, s := range m.old.sinks {
		if fresh.sinks[name] == s {
			delete(fresh.sinks, name)
		}
	}
	for name, n := range m.old.nests {
		if fresh.nests[name] == n {
			delete(fresh.nests, name)
		}
	}
	return fresh.close(ctx)
}

// reload applies the file that the wheel was started with, each time that it is asked to, until the run ends.
func (w *wheel) reload() {
	for {
		select {
		case <-w.ended:
			return
		case <-w.o.Reload:
		}
		text, err := os.ReadFile(w.c.File)
		if err != nil {
			w.applied(api.AppliedRefused, nil, err)
			continue
		}
		o := api.ApplyOptions{Text: text, File: w.c.File, Who: "the wheel", Why: "its file was read again"}
		p, err := w.apply(context.Background(), o, true) // what became of it is told by an event, too
		e := api.Entry{Time: time.Now().UTC(), Who: o.Who, Act: "Apply", On: "config " + o.File, Outcome: api.OutcomeDone, Reason: p.Outline(), Why: o.Why}
		if err != nil {
			e.Outcome, e.Reason = api.OutcomeFailed, err.Error()
		}
		w.audit.Record(e)
	}
}

// furnish makes what is the same for all of a run.
func (w *wheel) furnish() {
	w.feeds = feed.Wheel{
		Tap:    w.taps,
		Bounds: feed.BoundsOf(&w.c), Stdin: w.o.Stdin, Ended: w.ended, Fail: w.fail, Settle: w.settle,
		Tell:   func(kind, source, text string) { w.event(Event{Event: kind, Source: source, Reason: text}) },
		Accept: func(source, addr string) { w.event(Event{Event: "accepting", Source: source, MQTT: addr}) },
	}
}
