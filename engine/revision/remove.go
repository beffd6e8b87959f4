package revision

import (
	"context"
	"slices"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/store"
)

// Push stores an artifact.
func (b *Book) Push(ctx context.Context, digest string, artifact []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := edit{book: b}
	e.put(artifactKey(digest), artifact)
	return e.commit(ctx)
}

// Drop removes what a revision would be brought back from: its artifact, unless another revision needs that too. Its line
// in the history stays. One of keep, or that is live, is refused.
func (b *Book) Drop(ctx context.Context, plugin string, n int, keep ...int) (api.Removed, error) {
	r, err := b.Record(plugin, n)
	switch {
	case err != nil:
		return api.Removed{}, err
	case r.Live:
		return api.Removed{}, api.Errorf(api.FailedPrecondition, "plugin %s: revision %d is live: swap or roll back first", plugin, n)
	case slices.Contains(keep, n):
		return api.Removed{}, api.Errorf(api.FailedPrecondition, "plugin %s: revision %d is what its swap would go back to: wait until its health window is over", plugin, n)
	case r.Deleted:
		return api.Removed{}, api.Errorf(api.FailedPrecondition, "plugin %s: revision %d is deleted already", plugin, n)
	}
	return b.drop(ctx, func(other row) bool { return other.plugin == plugin && other.Number == n })
}

// DropArtifact removes an artifact, also one that no revision names. One that runs, or that a plugin with that live
// revision would go back to, is refused.
func (b *Book) DropArtifact(ctx context.Context, digest string, keep map[string]int) (api.Removed, error) {
	stored, err := b.Has(digest)
	if err != nil {
		return api.Removed{}, err
	}
	if !stored {
		return api.Removed{}, api.Errorf(api.NotFound, "artifact %s is not in the store", digest)
	}
	desired := b.Desired()
	for r, err := range b.scan([]byte{store.SpaceRevision}, store.ScanOptions{}) {
		if err != nil {
			return api.Removed{}, err
		}
		if r.Digest == digest && (r.Number == desired.Plugins[r.plugin].Live || r.Number == keep[r.plugin]) {
			return api.Removed{}, api.Errorf(api.FailedPrecondition, "artifact %s: plugin %s needs it for revision %d, which is live or may be gone back to", digest, r.plugin, r.Number)
		}
	}
	removed, err := b.drop(ctx, func(r row) bool { return r.Digest == digest && !r.Deleted })
	if err != nil || removed.Artifacts > 0 {
		return removed, err
	}
	b.mu.Lock() // nobody names it
	defer b.mu.Unlock()
	e := edit{book: b}
	e.del(artifactKey(digest))
	return api.Removed{Artifacts: 1}, e.commit(ctx)
}

func (b *Book) drop(ctx context.Context, chosen func(row) bool) (removed api.Removed, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := edit{book: b, refs: map[string]int{}}
	for r, err := range b.scan([]byte{store.SpaceRevision}, store.ScanOptions{}) {
		if err != nil {
			return removed, err
		}
		if chosen(r) {
			r.Deleted = true
			if err := e.row(r.plugin, &r.Record); err != nil {
				return removed, err
			}
			removed.Revisions++
		}
	}
	err = e.commit(ctx)
	removed.Artifacts = len(e.gone)
	return removed, err
}

// Forget removes all that is left of a plugin.
func (b *Book) Forget(ctx context.Context, plugin string) (removed api.Removed, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := edit{book: b, refs: map[string]int{}}
	for r, err := range b.scan(store.Key(store.SpaceRevision, plugin), store.ScanOptions{}) {
		if err != nil {
			return removed, err
		}
		e.remove(plugin, &r.Record)
		removed.Revisions++
	}
	if _, there := b.doc.Plugins[plugin]; there {
		e.desire(plugin, nil)
	}
	err = e.commit(ctx)
	removed.Artifacts = len(e.gone)
	return removed, err
}

// Kept is how many revisions of a plugin are kept.
func (b *Book) Kept(plugin string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.rows[plugin]
}

// Names are the plugins that the book knows.
func (b *Book) Names() (names []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for name, n := range b.rows {
		if n > 0 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
