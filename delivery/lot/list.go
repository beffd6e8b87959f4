package lot

import (
	"bytes"
	"iter"
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
	for prefix, err := range duePrefixes(r) {
		if err != nil {
			return next, err
		}
		for e, err := range r.Scan(prefix, store.PrefixEnd(prefix), store.ScanOptions{Limit: 1}) {
			if err != nil {
				return next, err
			}
			at, _, err := store.CutUint64(e.Key[len(prefix):])
			if err != nil {
				return next, err
			}
			if due := time.Unix(0, int64(at)).UTC(); due.Before(delivery.Never) && (next.IsZero() || due.Before(next)) {
				next = due
			}
		}
	}
	return next, nil
}

// duePrefixes yields where the due order of each lane begins, of those that have one.
func duePrefixes(r store.Reader) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		start, end := []byte{store.SpaceDue}, []byte{store.SpaceDue + 1}
		for {
			prefix, err := firstPrefix(r, start, end)
			if prefix == nil && err == nil || !yield(prefix, err) || err != nil {
				return
			}
			start = store.PrefixEnd(prefix)
		}
	}
}

func firstPrefix(r store.Reader, start, end []byte) ([]byte, error) {
	for e, err := range r.Scan(start, end, store.ScanOptions{Limit: 1}) {
		if err != nil {
			return nil, err
		}
		source, rest, err := store.CutString(e.Key[1:])
		if err != nil {
			return nil, err
		}
		lane, _, err := store.CutString(rest)
		return duePrefix(source, lane), err
	}
	return nil, nil
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
