package lot

import (
	"bytes"
	"errors"
	"iter"
	"time"

	"github.com/peltonhq/pelton/delivery"
	"github.com/peltonhq/pelton/store"
)

// Window is a span of time, of last failures or of due times: not before Since, before Until. Zero ends are open.
type Window struct{ Since, Until time.Time }

// closed reports whether only records with a time are wanted.
func (w Window) closed() bool { return !w.Since.IsZero() || !w.Until.IsZero() }

// Page reads dead letters, the oldest failure first, from behind a cursor on; keep chooses. next is the cursor of the
// following page, empty at the end.
func Page(r store.Reader, after string, limit int, w Window, keep func(*Entry) bool) (page []*Entry, next string, err error) {
	prefix := store.AppendString([]byte{store.SpaceDeadIndex}, "time")
	start, end := prefix, store.PrefixEnd(prefix)
	if !w.Since.IsZero() {
		start = store.AppendUint64(bytes.Clone(prefix), nanos(w.Since))
	}
	if !w.Until.IsZero() {
		end = store.AppendUint64(bytes.Clone(prefix), nanos(w.Until))
	}
	if from := append(append(bytes.Clone(prefix), after...), 0); after != "" && bytes.Compare(from, start) > 0 {
		start = from
	}
	if bytes.Compare(start, end) >= 0 {
		return nil, "", nil
	}
	b := binder{reader: r, limit: limit, keep: keep}
	for e, err := range r.Scan(start, end, store.ScanOptions{}) {
		if err != nil {
			return nil, "", err
		}
		if full, err := b.add(&e, string(e.Key[len(prefix):])); full || err != nil {
			return b.page, b.next, err
		}
	}
	return b.page, "", nil
}

// binder gathers one page of what an index refers to.
type binder struct {
	reader store.Reader
	limit  int // 0 for none
	keep   func(*Entry) bool
	page   []*Entry
	bytes  int // of the page's payloads
	next   string
}

// pageBytes ends a page that is not full by its number: what is listed is read into memory.
const pageBytes = 16 << 20

// add reads the record of an index entry; at is the cursor behind it. full: there is no room for it.
func (b *binder) add(e *store.Entry, at string) (full bool, err error) {
	if b.limit > 0 && (len(b.page) == b.limit || b.bytes >= pageBytes) {
		return true, nil
	}
	_, key, ok := bytes.Cut(e.Value, []byte{0})
	if !ok || e.Key[0] == store.SpaceDue {
		key = e.Value
	}
	entry, err := read(b.reader, key)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err == nil && b.keep(entry) {
		entry.At = at
		b.page, b.next, b.bytes = append(b.page, entry), at, b.bytes+len(entry.Payload)
	}
	return false, err
}

// ErrCursor says that a cursor is not one of this list.
var ErrCursor = errors.New("not a cursor of this list: give the one of the page before")

// The cursors of parked records begin with the part of the list that they are in.
const (
	inDue    = 'd' // then the due time and the key
	inBehind = 'b' // then the short id
)

// ParkedPage is Page for parked records: in due order, over all lanes; then those that have no due time, since they are
// behind the head of their key.
func ParkedPage(r store.Reader, after string, limit int, w Window, keep func(*Entry) bool) (page []*Entry, next string, err error) {
	if after != "" && after[0] != inBehind && (after[0] != inDue || len(after) <= 1+8) {
		return nil, "", ErrCursor
	}
	b := binder{reader: r, limit: limit, keep: keep}
	if after == "" || after[0] == inDue {
		full, err := b.due(after, w)
		if full || err != nil {
			return b.page, b.next, err
		}
		after = ""
	}
	if w.closed() {
		return b.page, "", nil
	}
	full, err := b.behind(after)
	if full || err != nil {
		return b.page, b.next, err
	}
	return b.page, "", nil
}

// due walks the due order of all lanes at once.
func (b *binder) due(after string, w Window) (full bool, err error) {
	var heads []*head
	defer func() {
		for _, h := range heads {
			h.stop()
		}
	}()
	for prefix, err := range duePrefixes(b.reader) {
		if err != nil {
			return false, err
		}
		start, end := dueRange(prefix, after, w)
		if bytes.Compare(start, end) >= 0 {
			continue
		}
		h := &head{prefix: len(prefix)}
		h.next, h.stop = iter.Pull2(b.reader.Scan(start, end, store.ScanOptions{}))
		heads = append(heads, h)
		if err := h.advance(); err != nil {
			return false, err
		}
	}
	for {
		var first *head
		for _, h := range heads {
			if h.there && (first == nil || bytes.Compare(h.order, first.order) < 0) {
				first = h
			}
		}
		if first == nil {
			return false, nil
		}
		if full, err := b.add(&first.entry, string(inDue)+string(first.order)); full || err != nil {
			return full, err
		}
		if err := first.advance(); err != nil {
			return false, err
		}
	}
}

// head is the first record of a lane that is not listed yet.
type head struct {
	next   func() (store.Entry, error, bool)
	stop   func()
	prefix int
	there  bool
	entry  store.Entry
	order  []byte // due time and key
}

func (h *head) advance() error {
	e, err, ok := h.next()
	if h.there = ok; !ok || err != nil {
		return err
	}
	h.entry = store.Entry{Key: bytes.Clone(e.Key), Value: bytes.Clone(e.Value)}
	h.order = append(bytes.Clone(e.Key[h.prefix:h.prefix+8]), e.Key...)
	return nil
}

// dueRange is what of a lane's due order comes behind a cursor and is in the window.
func dueRange(prefix []byte, after string, w Window) (start, end []byte) {
	start, end = prefix, store.PrefixEnd(prefix)
	if !w.Since.IsZero() {
		start = store.AppendUint64(bytes.Clone(prefix), nanos(w.Since))
	}
	if !w.Until.IsZero() {
		end = store.AppendUint64(bytes.Clone(prefix), nanos(w.Until))
	}
	if len(after) <= 1+8 {
		return start, end
	}
	due, key := []byte(after[1:1+8]), []byte(after[1+8:])
	from := append(bytes.Clone(prefix), due...)
	switch {
	case bytes.HasPrefix(key, prefix):
		from = append(bytes.Clone(key), 0)
	case bytes.Compare(prefix, key) < 0: // of the same due time this lane's are listed
		from = store.PrefixEnd(from)
	}
	if bytes.Compare(from, start) > 0 {
		start = from
	}
	return start, end
}

// behind walks the records that have no due time.
func (b *binder) behind(after string) (full bool, err error) {
	prefix := store.AppendString([]byte{store.SpaceLot}, "id")
	start := prefix
	if after != "" {
		start = append(append(bytes.Clone(prefix), after[1:]...), 0)
	}
	for e, err := range b.reader.Scan(start, store.PrefixEnd(prefix), store.ScanOptions{}) {
		if err != nil {
			return false, err
		}
		if word, _, _ := bytes.Cut(e.Value, []byte{0}); string(word) != string(delivery.KindBehind) {
			continue
		}
		if full, err := b.add(&e, string(inBehind)+string(e.Key[len(prefix):])); full || err != nil {
			return full, err
		}
	}
	return false, nil
}
