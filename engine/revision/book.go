package revision

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/store"
)

// Record is a revision as it is stored.
type Record struct {
	api.Revision

	Settings Settings `json:"settings"`
}

// Desired is what shall run: one document for the wheel.
type Desired struct {
	Version uint64            `json:"version"` // counts its changes
	Plugins map[string]Plugin `json:"plugins"`
}

// Plugin is the desired state of one plugin.
type Plugin struct {
	Live   int       `json:"live"`             // the revision that runs
	Config int       `json:"config"`           // the last one that came from the config
	Code   string    `json:"code"`             // the digest of what the config's code was then
	Hash   string    `json:"hash"`             // of its settings then
	Pinned *api.Mark `json:"pinned,omitempty"` // its code is not changed
	Paused *api.Mark `json:"paused,omitempty"` // it is offered nothing
	// Parked says that deliveries may be parked for no other reason than a pause.
	Parked bool `json:"parked,omitempty"`
}

// Book keeps the revisions and the desired state. Its methods are safe for use by several goroutines.
type Book struct {
	store store.Store
	token store.Token
	keep  int // revisions of a plugin

	mu   sync.Mutex
	doc  Desired
	rows map[string]int // revisions that are kept, by plugin
	refs map[string]int // of them, those that need an artifact, by digest

	digests sync.Map // named → digest, also of revisions that are being tried
}

// named is a revision.
type named struct {
	plugin string
	number int
}

// Open reads the book of a store. keep is how many revisions of a plugin it keeps.
func Open(ctx context.Context, s store.Store, keep int) (*Book, error) {
	b := &Book{store: s, keep: keep, doc: Desired{Plugins: map[string]Plugin{}}, rows: map[string]int{}, refs: map[string]int{}}
	var err error
	if b.token, err = s.Claim(ctx, "revisions"); err != nil {
		return nil, err
	}
	value, err := s.Get(desiredKey())
	if err == nil {
		err = json.Unmarshal(value, &b.doc)
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("desired state: %w", err)
	}
	prefix := []byte{store.SpaceRevision}
	for r, err := range b.scan(prefix, store.ScanOptions{}) {
		if err != nil {
			return nil, err
		}
		b.rows[r.plugin]++
		b.refer(b.refs, &r.Record, 1)
	}
	return b, nil
}

func (b *Book) refer(refs map[string]int, r *Record, n int) {
	if !r.Deleted && r.Size > 0 {
		refs[r.Digest] += n
	}
}

// Plugin is the desired state of a plugin; zero for one that was never there.
func (b *Book) Plugin(name string) Plugin {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.doc.Plugins[name]
}

// Desired is the desired state of the wheel.
func (b *Book) Desired() Desired {
	b.mu.Lock()
	defer b.mu.Unlock()
	return Desired{Version: b.doc.Version, Plugins: maps.Clone(b.doc.Plugins)}
}

// Next is a new revision with the number after the newest.
func (b *Book) Next(plugin, digest string, s Settings) (Record, error) {
	r := Record{Settings: s}
	r.Number, r.Digest, r.ConfigHash, r.At = 1, digest, s.Hash(), time.Now().UTC()
	for last, err := range b.scan(store.Key(store.SpaceRevision, plugin), store.ScanOptions{Reverse: true, Limit: 1}) {
		if err != nil {
			return r, err
		}
		r.Number = last.Number + 1
	}
	b.digests.Store(named{plugin, r.Number}, digest)
	return r, nil
}

// Digest is that of a revision's code, from its first attempt on; empty for one that is not kept.
func (b *Book) Digest(plugin string, n int) string {
	if digest, ok := b.digests.Load(named{plugin, n}); ok {
		return digest.(string)
	}
	r, err := b.record(plugin, n)
	if err != nil {
		return ""
	}
	b.digests.Store(named{plugin, n}, r.Digest)
	return r.Digest
}

// Change is one change of a plugin.
type Change struct {
	Plugin   string
	Expect   int           // the revision that must be live; 0: any
	Set      func(*Plugin) // changes the desired state; nil leaves it
	Put      []Record      // revisions that are new or have changed
	Artifact []byte        // of the first of them; nil when it is stored, or there is none
	Guard    int           // a revision that is kept however old it is
}

// Commit makes a change durable, or refuses it: then nothing has changed. A live revision that is not live any more is
// superseded. Beyond what the book keeps the oldest revisions go, and artifacts that none names any more.
func (b *Book) Commit(ctx context.Context, c Change) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	before := b.doc.Plugins[c.Plugin]
	if c.Expect != 0 && c.Expect != before.Live {
		return stale(c.Plugin, c.Expect, before.Live)
	}
	e := edit{book: b, refs: map[string]int{}}
	if c.Artifact != nil {
		e.put(artifactKey(c.Put[0].Digest), c.Artifact)
	}
	for i := range c.Put {
		if err := e.row(c.Plugin, &c.Put[i]); err != nil {
			return err
		}
	}
	if c.Set != nil {
		after := before
		c.Set(&after)
		if err := e.supersede(&c, before.Live, after.Live); err != nil {
			return err
		}
		e.desire(c.Plugin, &after)
	}
	if err := e.trim(&c, before.Live); err != nil {
		return err
	}
	return e.commit(ctx)
}

// Expect refuses what expects another revision to be live.
func (b *Book) Expect(plugin string, expected int) error {
	if live := b.Plugin(plugin).Live; expected != 0 && expected != live {
		return stale(plugin, expected, live)
	}
	return nil
}

func stale(plugin string, expected, live int) error {
	return api.Errorf(api.FailedPrecondition, "plugin %s: revision %d is live, not %d as expected: look at its history, then decide anew", plugin, live, expected)
}
