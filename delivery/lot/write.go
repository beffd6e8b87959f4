package lot

import (
	"bytes"
	"errors"
	"slices"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/delivery"
	"github.com/peltonhq/pelton/store"
)

// Records are the changes that carry out a ledger's write, to be made durable in one append. The record's bytes are
// filled in. What stands in the store is read from r; that is safe because a record's writes follow each other: it is
// decided again only after it came out of the durable lot.
func Records(r store.Reader, w *delivery.Write) ([]store.Record, error) {
	var out []store.Record
	var err error
	switch {
	case w.Kind == delivery.WriteRemove && w.Record.Kind == delivery.KindOwed:
		out = del(out, owedKey(w.Record.ID))
	case w.Parked:
		if out, err = leave(r, out, w.Record.ID); err != nil {
			return nil, err
		}
	}
	for _, id := range w.Marks {
		out = put(out, Mark(true, id), nil)
	}
	switch w.Kind {
	case delivery.WritePark:
		return enter(out, w.Record), nil
	case delivery.WriteDead:
		return bury(r, out, w.Record)
	case delivery.WriteRemove:
		return settle(r, out, w)
	case delivery.WriteState:
		if w.Owes {
			return put(out, owedKey(w.Record.ID), encode(&Entry{Record: *w.Record})), nil
		}
		return put(out, Mark(w.InLot, w.Record.ID), nil), nil
	}
	return nil, errors.New("lot: unknown kind of write")
}

func put(out []store.Record, key, value []byte) []store.Record {
	return append(out, store.Record{Op: store.Put, Key: key, Value: value})
}

func del(out []store.Record, key []byte) []store.Record {
	return append(out, store.Record{Op: store.Delete, Key: key})
}

// leave takes the record as it stands out of the lot.
func leave(r store.Reader, out []store.Record, id pelton.EffectID) ([]store.Record, error) {
	key := recordKey(id)
	value, err := r.Get(key)
	if errors.Is(err, store.ErrNotFound) {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	e, err := decode(value)
	if err != nil {
		return nil, err
	}
	out = del(del(out, key), recordID(ID(id)))
	if !e.Due.IsZero() {
		out = del(out, dueKey(id, e.Due))
	}
	if e.Hash != 0 {
		out = del(out, behindKey(id, e.Hash))
	}
	return out, nil
}

func enter(out []store.Record, r *delivery.Record) []store.Record {
	key := recordKey(r.ID)
	out = put(out, key, encode(&Entry{Record: *r}))
	out = put(out, recordID(ID(r.ID)), index(string(r.Kind), key))
	if !r.Due.IsZero() {
		out = put(out, dueKey(r.ID, r.Due), key)
	}
	if r.Hash != 0 {
		out = put(out, behindKey(r.ID, r.Hash), inLine(r, key))
	}
	return out
}

// bury puts a dead letter; one of the same delivery that failed again in its replay takes the older one's place.
func bury(r store.Reader, out []store.Record, dead *delivery.Record) ([]store.Record, error) {
	key, short := deadKey(dead.ID), ID(dead.ID)
	old, err := letter(r, key)
	if err != nil {
		return nil, err
	}
	if old != nil {
		out = del(out, deadTime(old.Failed, short))
	}
	out = put(out, key, encode(&Entry{Record: *dead, State: StateDead}))
	out = put(out, deadID(short), index("", key))
	return put(out, deadTime(dead.Failed, short), index("", key)), nil
}

// index is the value of an index: a word, and the record's key.
func index(word string, key []byte) []byte {
	return append(append([]byte(word), 0), key...)
}

// letter reads a dead letter; nil when there is none.
func letter(r store.Reader, key []byte) (*Entry, error) {
	value, err := r.Get(key)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return decode(value)
}

// settle ends the account of a record whose delivery is settled: its dead letter if it was a replay, its marks if it
// was the last of its message, else a mark of its own.
func settle(r store.Reader, out []store.Record, w *delivery.Write) ([]store.Record, error) {
	id := w.Record.ID
	dead, err := letter(r, deadKey(id))
	if err != nil {
		return nil, err
	}
	if dead != nil {
		dead.State = StateSettled
		out = put(out, deadKey(id), encode(dead))
	}
	if w.Settle {
		out = put(out, Mark(false, id), nil)
	}
	alone := w.Alone && dead == nil
	if alone {
		if alone, err = last(r, append(w.Leaving, id)); err != nil {
			return nil, err
		}
	}
	if !alone {
		return put(out, Mark(true, id), nil), nil
	}
	return forget(r, out, id, len(w.Leaving) == 0)
}

// forget removes the lot's marks of a message. Most have none or few, and a range for each would cost every reader more
// than that: known says that all there are can be read, none is on its way.
func forget(r store.Reader, out []store.Record, id pelton.EffectID, known bool) ([]store.Record, error) {
	start, end, _ := position(marks(true), id.Message.Lane, id.Message.Position)
	if !known {
		return append(out, store.Record{Op: store.DeleteRange, Key: start, End: end}), nil
	}
	few := out
	for e, err := range r.Scan(start, end, store.ScanOptions{Limit: fewMarks + 1}) {
		if err != nil {
			return nil, err
		}
		if len(few)-len(out) == fewMarks {
			return append(out, store.Record{Op: store.DeleteRange, Key: start, End: end}), nil
		}
		few = del(few, bytes.Clone(e.Key))
	}
	return few, nil
}

// fewMarks is how many marks are removed one by one.
const fewMarks = 8

// last reports whether no other record, parked, owed or dead, is of the same message as these.
func last(r store.Reader, ids []pelton.EffectID) (bool, error) {
	id := ids[0]
	for _, prefix := range places() {
		start, end, _ := position(prefix, id.Message.Lane, id.Message.Position)
		for e, err := range r.Scan(start, end, store.ScanOptions{Limit: len(ids) + 1}) {
			if err != nil {
				return false, err
			}
			other, err := cut(e.Key[len(prefix):])
			if err != nil {
				return false, err
			}
			if !slices.Contains(ids, other) {
				return false, nil
			}
		}
	}
	return true, nil
}
