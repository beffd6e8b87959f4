package lot

import (
	"bytes"
	"errors"
	"time"

	"github.com/peltonhq/pelton/delivery"
	"github.com/peltonhq/pelton/store"
)

// Totals are how many records there are.
type Totals struct {
	Dead, Parked uint64
	ByKind       map[delivery.Kind]uint64 // parked ones
	NextDue      time.Time                // zero when none has a due time
}

// Count reads the totals from the indexes, without the records.
func Count(r store.Reader) (Totals, error) {
	t := Totals{ByKind: map[delivery.Kind]uint64{}}
	parked := store.AppendString([]byte{store.SpaceLot}, "id")
	for e, err := range r.Scan(parked, store.PrefixEnd(parked), store.ScanOptions{}) {
		if err != nil {
			return t, err
		}
		t.Parked++
		kind, _, _ := bytes.Cut(e.Value, []byte{0})
		t.ByKind[delivery.Kind(kind)]++
	}
	dead := store.AppendString([]byte{store.SpaceDeadIndex}, "id")
	for _, err := range r.Scan(dead, store.PrefixEnd(dead), store.ScanOptions{}) {
		if err != nil {
			return t, err
		}
		t.Dead++
	}
	var err error
	t.NextDue, err = nextDue(r)
	return t, err
}

// nextDue looks at the first record of each lane.
func nextDue(r store.Reader) (next time.Time, err error) {
	start, end := []byte{store.SpaceDue}, []byte{store.SpaceDue + 1}
	for {
		found := false
		for e, err := range r.Scan(start, end, store.ScanOptions{Limit: 1}) {
			if err != nil {
				return next, err
			}
			source, rest, err := store.CutString(e.Key[1:])
			if err != nil {
				return next, err
			}
			lane, rest, err := store.CutString(rest)
			if err != nil {
				return next, err
			}
			at, _, err := store.CutUint64(rest)
			if err != nil {
				return next, err
			}
			if due := time.Unix(0, int64(at)).UTC(); next.IsZero() || due.Before(next) {
				next = due
			}
			start, found = store.PrefixEnd(duePrefix(source, lane)), true
		}
		if !found {
			return next, nil
		}
	}
}

// Letter reads a dead letter by its short id.
func Letter(r store.Reader, short string) (*Entry, error) { return byID(r, deadID(short)) }

// Parked reads a parked record by its short id.
func Parked(r store.Reader, short string) (*Entry, error) { return byID(r, recordID(short)) }

func byID(r store.Reader, index []byte) (*Entry, error) {
	value, err := r.Get(index)
	if err != nil {
		return nil, err
	}
	_, key, ok := bytes.Cut(value, []byte{0})
	if !ok {
		return nil, store.ErrCorrupt
	}
	return read(r, key)
}

// Page reads dead letters, the oldest failure first, from behind a cursor on; keep chooses. next is the cursor of the
// following page, empty at the end.
func Page(r store.Reader, after string, limit int, keep func(*Entry) bool) (page []*Entry, next string, err error) {
	prefix := store.AppendString([]byte{store.SpaceDeadIndex}, "time")
	return pages(r, prefix, after, limit, keep)
}

// ParkedPage is Page for parked records, by lane and position.
func ParkedPage(r store.Reader, after string, limit int, keep func(*Entry) bool) (page []*Entry, next string, err error) {
	prefix := store.AppendString([]byte{store.SpaceLot}, "id")
	return pages(r, prefix, after, limit, keep)
}

// pages walks an index whose values end with a record's key.
func pages(r store.Reader, prefix []byte, after string, limit int, keep func(*Entry) bool) (page []*Entry, next string, err error) {
	start := prefix
	if after != "" {
		start = append(append(bytes.Clone(prefix), after...), 0)
	}
	for e, err := range r.Scan(start, store.PrefixEnd(prefix), store.ScanOptions{}) {
		if err != nil {
			return nil, "", err
		}
		if limit > 0 && len(page) == limit {
			return page, next, nil
		}
		_, key, _ := bytes.Cut(e.Value, []byte{0})
		entry, err := read(r, key)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, "", err
		}
		if keep(entry) {
			page = append(page, entry)
			next = string(e.Key[len(prefix):])
		}
	}
	return page, "", nil
}

// Postpone is the change that makes a parked record due at another time.
func Postpone(e *Entry, due time.Time) []store.Record {
	var out []store.Record
	if !e.Due.IsZero() {
		out = del(out, dueKey(e.ID, e.Due))
	}
	later := e.Record
	later.Due = due
	return enter(out, &later)
}

// Remove is the change that drops a parked record for good, and lets nothing of its delivery happen again.
func Remove(r store.Reader, e *Entry, watermark uint64) ([]store.Record, error) {
	w := delivery.Write{Kind: delivery.WriteRemove, Record: &e.Record, Parked: true, Settle: e.ID.Message.Position >= watermark, Alone: true}
	return Records(r, &w)
}
