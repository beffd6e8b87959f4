package revision

import (
	"context"
	"errors"
	"maps"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/store"
)

// edit gathers the records of one append, and what they change in the book. The book is locked meanwhile.
type edit struct {
	book    *Book
	records []store.Record
	refs    map[string]int // what is added to the book's
	rows    int            // of plugin
	plugin  string
	doc     *Desired // nil: it stays
	gone    []string // artifacts
}

func (e *edit) put(key, value []byte) {
	e.records = append(e.records, store.Record{Op: store.Put, Key: key, Value: value})
}

func (e *edit) del(key []byte) {
	e.records = append(e.records, store.Record{Op: store.Delete, Key: key})
}

// row puts a revision, in the place of what it was.
func (e *edit) row(plugin string, r *Record) error {
	old, err := e.book.record(plugin, r.Number)
	switch {
	case errors.Is(err, store.ErrNotFound):
		e.plugin = plugin
		e.rows++
	case err != nil:
		return err
	default:
		e.book.refer(e.refs, &old, -1)
	}
	e.book.refer(e.refs, r, 1)
	r.Live = false // which is for the desired state to say
	e.put(revisionKey(plugin, r.Number), encode(r))
	return nil
}

// desire changes the desired state of a plugin; nil forgets it.
func (e *edit) desire(plugin string, p *Plugin) {
	if e.doc == nil {
		e.doc = &Desired{Version: e.book.doc.Version + 1, Plugins: maps.Clone(e.book.doc.Plugins)}
	}
	if p == nil {
		delete(e.doc.Plugins, plugin)
		return
	}
	e.doc.Plugins[plugin] = *p
}

// supersede notes that a revision is live no more, unless the change says itself what became of it.
func (e *edit) supersede(c *Change, before, after int) error {
	if before == 0 || before == after {
		return nil
	}
	for i := range c.Put {
		if c.Put[i].Number == before {
			return nil
		}
	}
	old, err := e.book.record(c.Plugin, before)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if old.Outcome == api.OutcomeLive {
		old.Outcome = api.OutcomeSuperseded
		return e.row(c.Plugin, &old)
	}
	return nil
}

// trim removes the oldest revisions of a plugin beyond what the book keeps; never one that runs, or that a health window may
// go back to.
func (e *edit) trim(c *Change, before int) error {
	excess := e.book.rows[c.Plugin] + e.rows - e.book.keep
	if excess <= 0 {
		return nil
	}
	kept := map[int]bool{before: true, c.Guard: true}
	if e.doc != nil {
		kept[e.doc.Plugins[c.Plugin].Live] = true
	}
	for r, err := range e.book.scan(store.Key(store.SpaceRevision, c.Plugin), store.ScanOptions{Limit: excess + len(kept)}) {
		if err != nil {
			return err
		}
		if excess > 0 && !kept[r.Number] {
			e.remove(c.Plugin, &r.Record)
			excess--
		}
	}
	return nil
}

// remove takes a revision out of the history.
func (e *edit) remove(plugin string, r *Record) {
	e.plugin = plugin
	e.rows--
	e.book.refer(e.refs, r, -1)
	e.del(revisionKey(plugin, r.Number))
	e.book.digests.Delete(named{plugin, r.Number})
}

// commit makes the edit durable, without artifacts that no revision names any more, and only then the book's.
func (e *edit) commit(ctx context.Context) error {
	for digest, n := range e.refs {
		if n < 0 && e.book.refs[digest]+n == 0 {
			e.del(artifactKey(digest))
			e.gone = append(e.gone, digest)
		}
	}
	if e.doc != nil {
		e.put(desiredKey(), encode(e.doc))
	}
	if len(e.records) == 0 {
		return nil
	}
	if _, err := e.book.store.Append(ctx, e.book.token, e.records); err != nil {
		return err
	}
	for digest, n := range e.refs {
		e.book.refs[digest] += n
	}
	e.book.rows[e.plugin] += e.rows
	if e.doc != nil {
		e.book.doc = *e.doc
	}
	return nil
}
