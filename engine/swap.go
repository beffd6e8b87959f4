package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/engine/revision"
	"github.com/peltonhq/pelton/engine/rollout"
)

// Swap implements [api.Plugins].
func (p plugins) Swap(ctx context.Context, name, digest string, o api.SwapOptions) (api.SwapResult, error) {
	b, err := p.find(name)
	if err != nil {
		return api.SwapResult{}, err
	}
	if o.Revision == 0 {
		return p.swap(ctx, b, aim{digest: digest, source: "swap"}, o)
	}
	r, err := p.book.Record(name, o.Revision)
	if err != nil {
		return api.SwapResult{}, err
	}
	if r.Deleted {
		return api.SwapResult{}, api.Errorf(api.FailedPrecondition, "plugin %s: the artifact of revision %d was deleted", name, o.Revision)
	}
	if o.Why == "" {
		o.Why = fmt.Sprintf("as revision %d", r.Number)
	}
	return p.swap(ctx, b, aim{digest: r.Digest, settings: &r.Settings, source: "swap"}, o)
}

// Rollback implements [api.Plugins].
func (p plugins) Rollback(ctx context.Context, name string, o api.SwapOptions) (api.SwapResult, error) {
	b, err := p.find(name)
	if err != nil {
		return api.SwapResult{}, err
	}
	if !b.mu.TryLock() { // what runs is undecided, and so is what is before it
		return b.takeBack(o)
	}
	live := b.current.Revision
	b.mu.Unlock()
	if o.Expect == 0 {
		o.Expect = live
	}
	previous, err := p.book.Previous(name)
	if err != nil {
		return api.SwapResult{}, err
	}
	if o.Why == "" {
		o.Why = fmt.Sprintf("rollback of revision %d", live)
	}
	return p.swap(ctx, b, aim{digest: previous.Digest, settings: &previous.Settings, source: "rollback"}, o)
}

// aim is what shall run.
type aim struct {
	digest   string
	settings *revision.Settings // nil: those that run
	source   string
	config   func(d *revision.Plugin, n int) // notes what the config asked for; nil when it was not the config
}

// swap puts stored code in the place of what runs (W1–W3) and stores how that ended.
func (p plugins) swap(ctx context.Context, b *box, t aim, o api.SwapOptions) (api.SwapResult, error) {
	if b.kind == "native" {
		return api.SwapResult{}, api.Errorf(api.FailedPrecondition, "plugin %s is native Go code of this program: build and start the program anew to change it", b.name)
	}
	strategy, err := rollout.Override(b.name, *b.strategy.Load(), o.Strategy)
	if err != nil {
		return api.SwapResult{}, err
	}
	began := time.Now()
	bytes, err := p.book.Artifact(t.digest)
	if err != nil {
		return api.SwapResult{}, err
	}
	if !b.mu.TryLock() {
		return api.SwapResult{}, b.swapping()
	}
	defer b.mu.Unlock()
	if err := p.allowed(b, o.Expect); err != nil {
		return api.SwapResult{}, err
	}
	// An answer must be stored even when its caller has gone.
	ctx = context.WithoutCancel(ctx)
	r, err := p.revise(b, t, o)
	if err != nil {
		return api.SwapResult{}, err
	}
	r.Size, r.Built = int64(len(bytes)), revision.Built(bytes)
	result, module, err := p.try(ctx, b, &r, bytes, strategy)
	if err != nil {
		return api.SwapResult{}, err
	}
	r.Outcome, r.Reason = api.OutcomeRolledBack, result.Reason
	r.Strategy, r.Figures = string(strategy.Kind), rollout.Figures(result.Figures)
	change := revision.Change{Plugin: b.name, Guard: b.before}
	if result.State == actor.StateLive {
		r.Outcome, r.Reason, r.Outputs = api.OutcomeLive, "", names(b.plugin.Outputs())
		b.before, b.current = b.current.Revision, r.Settings.Version(actor.Version{Revision: r.Number, Digest: r.Digest, Module: module})
		change.Set = func(d *revision.Plugin) {
			d.Live = r.Number
			if t.config != nil {
				t.config(d, r.Number)
			}
		}
	}
	change.Put = []revision.Record{r}
	if err := p.book.Commit(ctx, change); err != nil {
		return api.SwapResult{}, fmt.Errorf("storing revision %d of plugin %s: %w", r.Number, b.name, err)
	}
	p.event(Event{Event: "swapped", Plugin: b.name, Revision: r.Number, Digest: r.Digest, Outcome: r.Outcome, Reason: r.Reason})
	return api.SwapResult{
		Plugin: b.name, Outcome: r.Outcome, Reason: r.Reason, Revision: r.Number, Digest: r.Digest,
		Live: b.plugin.Stats().Revision, Took: time.Since(began), Strategy: r.Strategy, Figures: r.Figures,
	}, nil
}

// takeBack ends the canary or shadow under way, since its version is not wanted.
func (b *box) takeBack(o api.SwapOptions) (api.SwapResult, error) {
	began := time.Now()
	if r := b.plugin.Rollout(); r == nil || r.Strategy == actor.Immediate || !b.plugin.Revert(rollout.TakenBack(&o)) {
		return api.SwapResult{}, b.swapping() // and soon decided
	}
	b.mu.Lock() // until that swap is answered
	defer b.mu.Unlock()
	live := b.current
	return api.SwapResult{Plugin: b.name, Outcome: api.OutcomeLive, Revision: live.Revision, Digest: live.Digest, Live: live.Revision, Took: time.Since(began)}, nil
}

// allowed refuses a change of a pinned plugin, and one that expects another revision to be live.
func (p plugins) allowed(b *box, expect int) error {
	if err := p.book.Expect(b.name, expect); err != nil {
		return err
	}
	if d := p.book.Plugin(b.name); d.Pinned != nil {
		return pinned(b.name, &d)
	}
	return nil
}

func pinned(plugin string, d *revision.Plugin) error {
	return api.Errorf(api.FailedPrecondition, "plugin %s is pinned to revision %d %s; unpin it first, with: pelton plugin pin %s --off",
		plugin, d.Live, revision.By(d.Pinned), plugin)
}

// revise is the revision that a swap makes.
func (p plugins) revise(b *box, t aim, o api.SwapOptions) (revision.Record, error) {
	if t.settings == nil {
		live, err := p.book.Record(b.name, b.current.Revision)
		if err != nil {
			return live, err
		}
		t.settings = &live.Settings
	}
	r, err := p.book.Next(b.name, t.digest, *t.settings)
	r.Who, r.Why, r.Source = o.Who, o.Why, t.source
	return r, err
}

func (b *box) swapping() error {
	return api.Errorf(api.FailedPrecondition, "plugin %s is being swapped: wait until that is answered", b.name)
}

// try loads the code and swaps it in. Code that does not load is rolled back before anything was touched (W2).
func (p plugins) try(ctx context.Context, b *box, r *revision.Record, bytes []byte, s actor.Strategy) (actor.Result, actor.Module, error) {
	module, err := b.loader.Load(ctx, bytes)
	if err != nil {
		return actor.Result{State: actor.StateRolledBack, Reason: err.Error()}, nil, nil //nolint:nilerr // it is the answer
	}
	result, err := b.plugin.Swap(ctx, r.Settings.Version(actor.Version{Revision: r.Number, Digest: r.Digest, Module: module}), s)
	switch {
	case errors.Is(err, actor.ErrSwapping), errors.Is(err, actor.ErrPaused):
		return result, nil, api.Errorf(api.FailedPrecondition, "plugin %s: %v", b.name, err)
	case errors.Is(err, actor.ErrClosed):
		return result, nil, api.Errorf(api.Unavailable, "the wheel is stopping: plugin %s keeps its revision", b.name)
	}
	return result, module, err
}

// deliveries is the wheel as [api.Deliveries].
type deliveries struct{ *wheel }

var _ api.Deliveries = deliveries{}

// Settle implements [api.Deliveries].
func (d deliveries) Settle(ctx context.Context, token string, v pelton.Verdict, emits []pelton.Emit) error {
	return d.settle(ctx, token, decisionOf(v, emits))
}
