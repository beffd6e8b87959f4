package revision

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/store"
)

func revisionKey(plugin string, n int) []byte {
	return store.Key(store.SpaceRevision, plugin, uint64(n))
}

func desiredKey() []byte { return store.Key(store.SpaceDesired) }

func artifactKey(digest string) []byte { return store.Key(store.SpaceArtifact, digest) }

// row is a revision with its plugin's name.
type row struct {
	Record

	plugin string
}

// scan reads the revisions below a prefix, those of a plugin by number.
func (b *Book) scan(prefix []byte, o store.ScanOptions) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		for e, err := range b.store.Scan(prefix, store.PrefixEnd(prefix), o) {
			var r row
			if err == nil {
				r.plugin, _, err = store.CutString(e.Key[1:])
			}
			if err == nil {
				err = parse(e.Value, &r.Record, r.plugin)
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

func parse(value []byte, r *Record, plugin string) error {
	if err := json.Unmarshal(value, r); err != nil {
		return fmt.Errorf("a revision of plugin %s: %w: %w", plugin, err, store.ErrCorrupt)
	}
	return nil
}

func (b *Book) record(plugin string, n int) (Record, error) {
	var r Record
	value, err := b.store.Get(revisionKey(plugin, n))
	if err == nil {
		err = parse(value, &r, plugin)
	}
	return r, err
}

// Record is one revision of a plugin.
func (b *Book) Record(plugin string, n int) (Record, error) {
	r, err := b.record(plugin, n)
	if errors.Is(err, store.ErrNotFound) {
		return r, api.Errorf(api.NotFound, "plugin %s has no revision %d; list them with: pelton plugin history %s", plugin, n, plugin)
	}
	r.Live = b.Plugin(plugin).Live == n
	return r, err
}

// Records are all revisions of a plugin, oldest first.
func (b *Book) Records(plugin string) ([]Record, error) {
	live := b.Plugin(plugin).Live
	all := []Record{}
	for r, err := range b.scan(store.Key(store.SpaceRevision, plugin), store.ScanOptions{}) {
		if err != nil {
			return nil, err
		}
		r.Live = r.Number == live
		all = append(all, r.Record)
	}
	return all, nil
}

// History is what is told of [Book.Records].
func (b *Book) History(plugin string) ([]api.Revision, error) {
	all, err := b.Records(plugin)
	history := make([]api.Revision, len(all))
	for i := range all {
		history[i] = all[i].Revision
	}
	return history, err
}

// Previous is the newest revision before the live one that ran and is not the same as it.
func (b *Book) Previous(plugin string) (Record, error) {
	all, err := b.Records(plugin)
	if err != nil {
		return Record{}, err
	}
	var live, previous Record
	for _, r := range all {
		if r.Live {
			live = r
		}
	}
	for _, r := range all {
		if r.Number < live.Number && r.Outcome == api.OutcomeSuperseded && !r.Deleted && (r.Digest != live.Digest || r.ConfigHash != live.ConfigHash) {
			previous = r
		}
	}
	if previous.Number == 0 {
		return previous, api.Errorf(api.FailedPrecondition, "plugin %s has no earlier revision to go back to", plugin)
	}
	return previous, nil
}

// Artifact reads stored code.
func (b *Book) Artifact(digest string) ([]byte, error) {
	bytes, err := b.store.Get(artifactKey(digest))
	if errors.Is(err, store.ErrNotFound) {
		return nil, api.Errorf(api.NotFound, "artifact %s is not in the store; push it first, with: pelton plugin push PATH", digest)
	}
	return bytes, err
}

// Has reports whether an artifact is stored.
func (b *Book) Has(digest string) (bool, error) {
	_, err := b.store.Get(artifactKey(digest))
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}
