package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/store"
)

// plugins is the wheel as [api.Plugins].
type plugins struct{ *wheel }

var _ api.Plugins = plugins{}

func (p plugins) find(name string) (*box, error) {
	if b := p.box(name); b != nil {
		return b, nil
	}
	var known []string
	for _, b := range p.boxes {
		known = append(known, b.name)
	}
	return nil, api.Unknown("plugin", name, known)
}

// List implements [api.Plugins].
func (p plugins) List(context.Context) ([]api.Plugin, error) {
	list := []api.Plugin{}
	for i, b := range p.boxes {
		s := b.plugin.Stats()
		row := api.Plugin{
			Name: b.name, Kind: b.kind, Digest: s.Digest, State: p.stateOf(i, s), Revision: s.Revision, Instances: b.plugin.Instances(),
			Restarts: s.Restarts, Outputs: names(b.plugin.Outputs()), From: b.from,
		}
		list = append(list, row)
	}
	return list, nil
}

// stateOf is the state of the i-th box: its own, or stopped by a lane.
func (w *wheel) stateOf(i int, s actor.Stats) string {
	state := stateOf(s)
	for _, f := range w.feeds {
		for _, r := range f.loops() {
			if l := r.loop.Stats(); state == "running" && i < len(l.Plugins) && l.Plugins[i].Halted != "" {
				return "stopped"
			}
		}
	}
	return state
}

func stateOf(s actor.Stats) string {
	switch {
	case s.State == actor.StateLoading || s.State == actor.StateProbing:
		return "swapping"
	case s.State == actor.StateClosed:
		return "failed"
	case s.Stuck > 0:
		return "restarting"
	}
	return "running"
}

// History implements [api.Plugins].
func (p plugins) History(_ context.Context, name string) ([]api.Revision, error) {
	b, err := p.find(name)
	if err != nil {
		return nil, err
	}
	return b.ledger.history()
}

// Swap implements [api.Plugins].
func (p plugins) Swap(ctx context.Context, name, digest string, o api.SwapOptions) (api.SwapResult, error) {
	b, err := p.find(name)
	if err != nil {
		return api.SwapResult{}, err
	}
	return p.swap(ctx, b, digest, o, "swap")
}

// Rollback implements [api.Plugins].
func (p plugins) Rollback(ctx context.Context, name, who, why string) (api.SwapResult, error) {
	b, err := p.find(name)
	if err != nil {
		return api.SwapResult{}, err
	}
	if !b.mu.TryLock() { // what runs is undecided, and so is what is before it
		return api.SwapResult{}, b.swapping()
	}
	b.mu.Unlock()
	history, err := b.ledger.history()
	if err != nil {
		return api.SwapResult{}, err
	}
	previous := ""
	live := b.plugin.Stats()
	for _, r := range history {
		if r.Number < live.Revision && r.Outcome == api.OutcomeSuperseded && r.Digest != live.Digest {
			previous = r.Digest
		}
	}
	if previous == "" {
		return api.SwapResult{}, api.Errorf(api.FailedPrecondition, "plugin %s has no earlier revision to go back to", name)
	}
	if why == "" {
		why = fmt.Sprintf("rollback of revision %d", live.Revision)
	}
	return p.swap(ctx, b, previous, api.SwapOptions{Who: who, Why: why}, "rollback")
}

// swap puts stored code in the place of what runs (W1–W3) and stores how that ended.
func (p plugins) swap(ctx context.Context, b *box, digest string, o api.SwapOptions, source string) (api.SwapResult, error) {
	if b.kind == "native" {
		return api.SwapResult{}, api.Errorf(api.FailedPrecondition, "plugin %s is native Go code of this program: build and start the program anew to change it", b.name)
	}
	began := time.Now()
	bytes, err := artifact(p.store, digest)
	if errors.Is(err, store.ErrNotFound) {
		return api.SwapResult{}, api.Errorf(api.NotFound, "%v", err)
	}
	if err != nil {
		return api.SwapResult{}, err
	}
	if !b.mu.TryLock() {
		return api.SwapResult{}, b.swapping()
	}
	defer b.mu.Unlock()
	// An answer must be stored even when its caller has gone.
	ctx = context.WithoutCancel(ctx)
	r, err := b.ledger.next(digest, o.Who, o.Why, source)
	if err != nil {
		return api.SwapResult{}, err
	}
	result, module, err := p.try(ctx, b, r, bytes)
	if err != nil {
		return api.SwapResult{}, err
	}
	r.Outcome, r.Reason = api.OutcomeRolledBack, result.Reason
	var d *desired
	if result.State == actor.StateLive {
		r.Outcome, r.Reason = api.OutcomeLive, ""
		old, err := b.ledger.desired()
		if err != nil {
			return api.SwapResult{}, err
		}
		b.before, b.current = old.Live, actor.Version{Revision: r.Number, Digest: digest, Module: module}
		d = &desired{Live: r.Number, Config: old.Config}
	}
	if err := b.ledger.settle(ctx, r, d, nil); err != nil {
		return api.SwapResult{}, fmt.Errorf("storing revision %d of plugin %s: %w", r.Number, b.name, err)
	}
	p.event(Event{Event: "swapped", Plugin: b.name, Revision: r.Number, Digest: digest, Outcome: r.Outcome, Reason: r.Reason})
	return api.SwapResult{
		Plugin: b.name, Outcome: r.Outcome, Reason: r.Reason, Revision: r.Number, Digest: digest,
		Live: b.plugin.Stats().Revision, Took: time.Since(began),
	}, nil
}

func (b *box) swapping() error {
	return api.Errorf(api.FailedPrecondition, "plugin %s is being swapped: wait until that is answered", b.name)
}

// try loads the code and swaps it in. Code that does not load is rolled back before anything was touched (W2).
func (p plugins) try(ctx context.Context, b *box, r api.Revision, bytes []byte) (actor.Result, actor.Module, error) {
	module, err := b.loader.Load(ctx, bytes)
	if err != nil {
		return actor.Result{State: actor.StateRolledBack, Reason: err.Error()}, nil, nil //nolint:nilerr // it is the answer
	}
	result, err := b.plugin.Swap(ctx, actor.Version{Revision: r.Number, Digest: r.Digest, Module: module})
	switch {
	case errors.Is(err, actor.ErrSwapping):
		return result, nil, api.Errorf(api.FailedPrecondition, "plugin %s: %v", b.name, err)
	case errors.Is(err, actor.ErrClosed):
		return result, nil, api.Errorf(api.Unavailable, "the wheel is stopping: plugin %s keeps its revision", b.name)
	}
	return result, module, err
}

// Has implements [api.Plugins].
func (p plugins) Has(_ context.Context, digest string) (bool, error) {
	_, err := p.store.Get(artifactKey(digest))
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// Push implements [api.Plugins].
func (p plugins) Push(ctx context.Context, digest string, size int64, r io.Reader) error {
	limit := int64(p.c.Limits.Artifact)
	if size > limit {
		return api.Errorf(api.ResourceExhausted, "artifact of %d bytes is over the %d bytes of limits.artifact", size, limit)
	}
	bytes, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return err
	}
	if int64(len(bytes)) > limit {
		return api.Errorf(api.ResourceExhausted, "artifact is over the %d bytes of limits.artifact", limit)
	}
	sum := sha256.Sum256(bytes)
	if got := api.DigestPrefix + hex.EncodeToString(sum[:]); got != digest {
		return api.Errorf(api.InvalidArgument, "artifact has digest %s, not %s: it was changed on its way; push it again", got, digest)
	}
	token, err := p.store.Claim(ctx, "artifacts/"+digest)
	if err != nil {
		return err
	}
	_, err = p.store.Append(ctx, token, []store.Record{{Op: store.Put, Key: artifactKey(digest), Value: bytes}})
	return err
}

// deliveries is the wheel as [api.Deliveries].
type deliveries struct{ *wheel }

var _ api.Deliveries = deliveries{}

// Settle implements [api.Deliveries].
func (d deliveries) Settle(ctx context.Context, token string, v pelton.Verdict, emits []pelton.Emit) error {
	return d.settle(ctx, token, decisionOf(v, emits))
}
