package lot

import (
	"bytes"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/delivery"
	"github.com/peltonhq/pelton/store"
)

// Start is what a lane's ledger has to know of the store when it begins.
type Start struct {
	Known   []pelton.EffectID
	Blocked []delivery.Blocked
}

// Load reads what a lane begins with. Known covers the marks, parked, owed and dead records at and above the watermark.
func Load(r store.Reader, id pelton.LaneID, watermark uint64) (Start, error) {
	var s Start
	for _, prefix := range places() {
		start, _, end := position(prefix, id, watermark)
		if err := s.know(r, start, end, len(prefix)); err != nil {
			return s, err
		}
	}
	if err := s.knowMarks(r, id, watermark); err != nil {
		return s, err
	}
	err := s.block(r, id)
	return s, err
}

// knowMarks reads the lane's marks. A record of several lies at the highest of them, and those below the watermark are over.
func (s *Start) knowMarks(r store.Reader, id pelton.LaneID, watermark uint64) error {
	prefix := marks(false)
	start, _, end := position(prefix, id, watermark)
	for e, err := range r.Scan(start, end, store.ScanOptions{}) {
		if err != nil {
			return err
		}
		all, err := store.MarksOf(e)
		if err != nil {
			return err
		}
		for _, mark := range all {
			effect, err := cut(mark[min(len(prefix), len(mark)):])
			if err != nil {
				return err
			}
			if effect.Message.Position >= watermark {
				s.Known = append(s.Known, effect)
			}
		}
	}
	return nil
}

func (s *Start) know(r store.Reader, start, end []byte, skip int) error {
	for e, err := range r.Scan(start, end, store.ScanOptions{}) {
		if err != nil {
			return err
		}
		id, err := cut(e.Key[skip:])
		if err != nil {
			return err
		}
		s.Known = append(s.Known, id)
	}
	return nil
}

// block finds the keys whose head stands in the lot: the first record of each key's line.
func (s *Start) block(r store.Reader, id pelton.LaneID) error {
	prefix := behindPrefix(id.Source, id.Lane)
	for e, err := range r.Scan(prefix, store.PrefixEnd(prefix), store.ScanOptions{}) {
		if err != nil {
			return err
		}
		plugin, rest, err := store.CutString(e.Key[len(prefix):])
		if err != nil {
			return err
		}
		hash, _, err := store.CutUint64(rest)
		if err != nil {
			return err
		}
		if n := len(s.Blocked); n > 0 && s.Blocked[n-1].Plugin == plugin && s.Blocked[n-1].Hash == hash {
			s.Blocked[n-1].Count++
			continue
		}
		b := delivery.Blocked{Plugin: plugin, Hash: hash, Count: 1}
		if n := len(s.Blocked); n > 0 && s.Blocked[n-1].Plugin == plugin {
			b.Plugin = s.Blocked[n-1].Plugin
		}
		if b.Head, b.Behind, err = headOf(r, e.Value); err != nil {
			return err
		}
		if b.Head.Lane == id { // one string for all
			b.Head.Lane = id
		}
		s.Blocked = append(s.Blocked, b)
	}
	return nil
}

// headOf is the message that is first in a line, and whether it has no due time. Records lie by position and lines by key, so
// reading a million of them would take as many looks at random places.
func headOf(r store.Reader, value []byte) (m pelton.MessageID, behind bool, err error) {
	key := ofLine(value)
	if len(key) == len(value) { // of an earlier version
		e, err := read(r, key)
		if err != nil {
			return m, false, err
		}
		return e.ID.Message, e.Due.IsZero(), nil
	}
	prefix := places()[0]
	if !bytes.HasPrefix(key, prefix) {
		return m, false, fmt.Errorf("the line of a key names %q, which is no parked record: %w", key, store.ErrCorrupt)
	}
	id, err := cut(key[len(prefix):])
	return id.Message, value[0] == isNext, err
}

func read(r store.Reader, key []byte) (*Entry, error) {
	value, err := r.Get(key)
	if err != nil {
		return nil, err
	}
	return decode(value)
}

// Line is the beginning of a lane's due order.
type Line struct {
	Due   []pelton.EffectID // in due order
	First time.Time         // due time of the very first record, whether skipped or not due; zero when there is none
	Next  time.Time         // when there is more: now, or the due time of the first one that is not due; else zero
}

// Due are the lane's parked records that are due by now, in due order, at most limit of them. skip leaves out records that
// are out of the lot already; they are told by their keys, since there may be many before the first that is not. No record
// is due before from: what left the lot there leaves traces in the store for a while, which a scan from the beginning would
// meet each time.
func Due(r store.Reader, source, lane string, from, now time.Time, limit int, skip func(pelton.EffectID) bool) (l Line, err error) {
	prefix := duePrefix(source, lane)
	start := prefix
	if !from.IsZero() {
		start = store.AppendUint64(bytes.Clone(prefix), nanos(from))
	}
	for e, err := range r.Scan(start, store.PrefixEnd(prefix), store.ScanOptions{}) {
		if err != nil {
			return l, err
		}
		at, rest, err := store.CutUint64(e.Key[len(prefix):])
		if err != nil {
			return l, err
		}
		t := time.Unix(0, int64(at)).UTC()
		if l.First.IsZero() {
			l.First = t
		}
		switch {
		case t.After(now):
			l.Next = t
			return l, nil
		case len(l.Due) >= limit:
			l.Next = now
			return l, nil
		}
		id, err := cut(rest)
		if err != nil {
			return l, err
		}
		if !skip(id) {
			l.Due = append(l.Due, id)
		}
	}
	return l, nil
}

// Holds reports whether anything of a lane waits to come back.
func Holds(r store.Reader, source, lane string) (bool, error) {
	for _, prefix := range [][]byte{duePrefix(source, lane), behindPrefix(source, lane)} {
		for _, err := range r.Scan(prefix, store.PrefixEnd(prefix), store.ScanOptions{Limit: 1}) {
			return err == nil, err
		}
	}
	for _, err := range Owed(r, source, lane) {
		return err == nil, err
	}
	return false, nil
}

// First reads the record that is first in the line of a key.
func First(r store.Reader, source, lane, plugin string, hash uint64) (*Entry, error) {
	prefix := store.AppendUint64(store.AppendString(behindPrefix(source, lane), plugin), hash)
	for e, err := range r.Scan(prefix, store.PrefixEnd(prefix), store.ScanOptions{Limit: 1}) {
		if err != nil {
			return nil, err
		}
		return read(r, ofLine(e.Value))
	}
	return nil, store.ErrNotFound
}

// Known are the effects and deliveries of a record's position that are durable: the lot's marks, and other records.
func Known(r store.Reader, id pelton.EffectID) ([]pelton.EffectID, error) {
	var s Start
	at := id.Message
	for _, prefix := range places() {
		start, end, _ := position(prefix, at.Lane, at.Position)
		if err := s.know(r, start, end, len(prefix)); err != nil {
			return nil, err
		}
	}
	others := s.Known[:0]
	for _, other := range s.Known {
		if other != id {
			others = append(others, other)
		}
	}
	s.Known = others
	start, end, _ := position(marks(true), at.Lane, at.Position)
	return s.Known, s.know(r, start, end, len(marks(true)))
}

// Owed yields what deliveries of a lane, of any incarnation, owe since before a restart, in the order of the lane.
func Owed(r store.Reader, source, lane string) iter.Seq2[*Entry, error] {
	return entries(r, store.AppendString(store.AppendString(owedPrefix(), source), lane))
}

// Trim is the change that forgets the lane's marks below its watermark.
func Trim(id pelton.LaneID, from, watermark uint64) store.Record {
	return NewTrimmer(id).Trim(from, watermark)
}

// Trimmer makes the changes of one lane's [Trim], without new memory for each.
type Trimmer struct {
	prefix     int // of both keys: what is the same for all positions
	start, end []byte
}

// NewTrimmer is the trimmer of a lane.
func NewTrimmer(id pelton.LaneID) *Trimmer {
	key := lane(marks(false), id)
	return &Trimmer{prefix: len(key), start: key, end: slices.Clone(key)}
}

// Trim is [Trim] of the trimmer's lane. Its keys are good until the next call.
func (t *Trimmer) Trim(from, watermark uint64) store.Record {
	t.start = store.AppendUint64(t.start[:t.prefix], from)
	t.end = store.AppendUint64(t.end[:t.prefix], watermark)
	return store.Record{Op: store.DeleteRange, Key: t.start, End: t.end}
}

// All yields every parked record, by lane and position.
func All(r store.Reader) iter.Seq2[*Entry, error] {
	return entries(r, store.AppendString([]byte{store.SpaceLot}, "record"))
}

// Letters yields every dead letter, by lane and position.
func Letters(r store.Reader) iter.Seq2[*Entry, error] {
	return entries(r, []byte{store.SpaceDead})
}

func entries(r store.Reader, prefix []byte) iter.Seq2[*Entry, error] {
	return func(yield func(*Entry, error) bool) {
		for e, err := range r.Scan(prefix, store.PrefixEnd(prefix), store.ScanOptions{}) {
			var entry *Entry
			if err == nil {
				entry, err = decode(e.Value)
			}
			if !yield(entry, err) || err != nil {
				return
			}
		}
	}
}

// Get reads one parked record.
func Get(r store.Reader, id pelton.EffectID) (*Entry, error) { return read(r, recordKey(id)) }
