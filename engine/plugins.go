package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"slices"

	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/engine/revision"
	"github.com/peltonhq/pelton/engine/rollout"
)

// plugins is the wheel as [api.Plugins].
type plugins struct{ *wheel }

var _ api.Plugins = plugins{}

func (p plugins) find(name string) (*box, error) {
	if b := p.now().box(name); b != nil {
		return b, nil
	}
	var known []string
	for _, b := range p.now().boxes {
		known = append(known, b.name)
	}
	return nil, api.Unknown("plugin", name, known)
}

// List implements [api.Plugins].
func (p plugins) List(context.Context) ([]api.Plugin, error) {
	list := []api.Plugin{}
	for _, b := range p.now().boxes {
		list = append(list, p.row(b))
	}
	return list, nil
}

func (p plugins) row(b *box) api.Plugin {
	s, desired := b.plugin.Stats(), p.book.Plugin(b.name)
	row := api.Plugin{
		Name: b.name, Kind: b.kind, Digest: s.Digest, Revision: s.Revision, Instances: b.plugin.Instances(), Restarts: s.Restarts,
		Outputs: names(b.plugin.Outputs()), From: p.now().from(b.name), Pinned: desired.Pinned, Paused: desired.Paused,
		Rollout: rollout.Progress(b.plugin.Rollout()),
	}
	row.State, row.Reason = p.stateOf(b, s)
	return row
}

// stateOf is a plugin's own state, or how an operator or a lane holds it back.
func (w *wheel) stateOf(b *box, s actor.Stats) (state, why string) {
	mark := w.book.Plugin(b.name).Paused
	switch state = rollout.State(s); {
	case state != "running" && state != "paused":
		return state, ""
	case mark != nil:
		return "paused", revision.By(mark)
	}
	for _, f := range w.now().feeds {
		if why := f.Halted(b.name); why != "" {
			return "stopped", why
		}
	}
	return state, ""
}

// History implements [api.Plugins].
func (p plugins) History(_ context.Context, name string) ([]api.Revision, error) {
	if err := p.known(name); err != nil {
		return nil, err
	}
	return p.book.History(name)
}

// Diff implements [api.Plugins].
func (p plugins) Diff(_ context.Context, name string, from, to int) (api.Diff, error) {
	if err := p.known(name); err != nil {
		return api.Diff{}, err
	}
	return p.book.Diff(name, from, to)
}

// known finds a plugin of the config, or one that left revisions in the store.
func (p plugins) known(name string) error {
	_, err := p.find(name)
	if err != nil && slices.Contains(p.book.Names(), name) {
		return nil
	}
	return err
}

// Log implements [api.Plugins].
func (p plugins) Log(_ context.Context, name string, after uint64) ([]api.LogLine, <-chan struct{}, error) {
	b, err := p.find(name)
	if err != nil {
		return nil, nil, err
	}
	lines, more := b.log.After(after)
	return lines, more, nil
}

// Has implements [api.Plugins].
func (p plugins) Has(_ context.Context, digest string) (bool, error) { return p.book.Has(digest) }

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
	return p.book.Push(ctx, digest, bytes)
}

// Delete implements [api.Plugins].
func (p plugins) Delete(ctx context.Context, r api.Removal) (api.Removed, error) {
	keep := map[string]int{} // what a health window may go back to
	var locked []*box
	defer func() {
		for _, b := range locked {
			b.mu.Unlock()
		}
	}()
	for _, b := range p.now().boxes {
		if r.Artifact == "" && r.Plugin != b.name {
			continue
		}
		if !b.mu.TryLock() {
			return api.Removed{}, b.swapping()
		}
		locked = append(locked, b)
		if int64(b.before) != b.upheld.Load() {
			keep[b.name] = b.before
		}
	}
	if r.Artifact != "" {
		return p.book.DropArtifact(ctx, r.Artifact, keep)
	}
	if err := p.known(r.Plugin); err != nil {
		return api.Removed{}, err
	}
	switch {
	case r.Revision != 0:
		return p.book.Drop(ctx, r.Plugin, r.Revision, keep[r.Plugin])
	case p.now().box(r.Plugin) != nil:
		return api.Removed{}, api.Errorf(api.FailedPrecondition, "plugin %s is in the config: name one of its revisions, or take it out of the config first", r.Plugin)
	}
	return p.book.Forget(ctx, r.Plugin)
}
