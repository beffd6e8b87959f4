package lot

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/delivery"
	"github.com/peltonhq/pelton/store"
	"github.com/peltonhq/pelton/store/memory"
)

// FuzzKey takes identities through keys and back; the keys of a lane are in the order of its positions.
func FuzzKey(f *testing.F) {
	f.Add("s", "i", "l", uint64(7), "p", "", uint64(9))
	f.Add("a\x00b", "\xff", "\x00", uint64(1<<63), "x/y", "p#0/q#12", uint64(0))
	f.Fuzz(func(t *testing.T, source, incarnation, name string, at uint64, plugin, path string, other uint64) {
		id := pelton.EffectID{Message: pelton.MessageID{Lane: pelton.LaneID{Source: source, Incarnation: incarnation, Lane: name}, Position: at, Path: path}}
		target := pelton.Target{Kind: pelton.TargetPlugin, Name: plugin}
		if parsed, err := pelton.ParseTarget(target.String()); err == nil && parsed == target {
			id.Target = target
		}
		for _, prefix := range [][]byte{marks(false), marks(true), {store.SpaceDead}} {
			got, err := cut(effect(prefix[:len(prefix):len(prefix)], id)[len(prefix):])
			if err != nil || got != id {
				t.Fatalf("got %+v, %v; want %+v", got, err, id)
			}
		}
		second := id
		second.Message.Position = other
		if order := bytes.Compare(recordKey(id), recordKey(second)); (order < 0) != (at < other) || (order == 0) != (at == other) {
			t.Errorf("positions %d and %d compare as %d", at, other, order)
		}
		start, one, end := position(marks(true), id.Message.Lane, at)
		key := Mark(true, id)
		if bytes.Compare(key, start) < 0 || bytes.Compare(key, one) >= 0 || end != nil && bytes.Compare(key, end) >= 0 {
			t.Errorf("the mark is not in the range of its position")
		}
	})
}

// FuzzCut and FuzzDecode take anything and never panic; what they accept comes back the same.
func FuzzCut(f *testing.F) {
	f.Add([]byte{})
	f.Add(Mark(true, pelton.EffectID{Message: pelton.MessageID{Lane: pelton.LaneID{Source: "s", Incarnation: "i", Lane: "l"}}})[1:])
	f.Fuzz(func(t *testing.T, key []byte) {
		if id, err := cut(key); err == nil && !bytes.Equal(effect(nil, id), key) {
			t.Errorf("%x became %+v", key, id)
		}
	})
}

func FuzzDecode(f *testing.F) {
	f.Add(encode(&Entry{State: StateDead}))
	f.Add([]byte{5, '{', '}'})
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := decode(b)
		if err != nil {
			if !errors.Is(err, store.ErrCorrupt) {
				t.Errorf("%v is no ErrCorrupt", err)
			}
			return
		}
		if again, err := decode(encode(e)); err != nil || !bytes.Equal(again.Payload, e.Payload) || again.ID != e.ID {
			t.Errorf("got %+v, %v; want %+v", again, err, e)
		}
	})
}

// shelf is a store with what the tests need of it.
type shelf struct {
	*memory.Store

	t     *testing.T
	token store.Token
}

func newShelf(t *testing.T) shelf {
	t.Helper()
	s := memory.New()
	t.Cleanup(func() { _ = s.Close() })
	token, err := s.Claim(t.Context(), "p")
	if err != nil {
		t.Fatal(err)
	}
	return shelf{s, t, token}
}

func (s shelf) append(records []store.Record, err error) {
	s.t.Helper()
	if err == nil {
		_, err = s.Append(s.t.Context(), s.token, records)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s shelf) write(w delivery.Write) {
	s.t.Helper()
	s.append(Records(s, &w))
}

// left are the spaces that hold anything.
func (s shelf) left() string {
	var spaces []byte
	for e := range s.Scan(nil, nil, store.ScanOptions{}) {
		if !bytes.Contains(spaces, e.Key[:1]) {
			spaces = append(spaces, e.Key[0])
		}
	}
	return string(spaces)
}

var (
	laneID = pelton.LaneID{Source: "s", Incarnation: "i", Lane: "l"}
	epoch  = time.Unix(1000, 0).UTC()
)

func record(at uint64, kind delivery.Kind, hash uint64, due time.Duration) *delivery.Record {
	r := &delivery.Record{Kind: kind, Hash: hash, Failed: epoch}
	r.ID = pelton.MessageID{Lane: laneID, Position: at}.To(pelton.Target{Kind: pelton.TargetPlugin, Name: "p"})
	if kind != delivery.KindBehind {
		r.Due = epoch.Add(due)
	}
	r.Payload = []byte{byte(at)}
	return r
}

// due reads the records that Due finds.
func (s shelf) due(source, lane string, now time.Time, limit int, skip func(pelton.EffectID) bool) (due []*Entry, next time.Time, err error) {
	line, err := Due(s, source, lane, time.Time{}, now, limit, skip)
	for _, id := range line.Due {
		e, err := Get(s, id)
		if err != nil {
			return nil, line.Next, err
		}
		due = append(due, e)
	}
	return due, line.Next, err
}

func none(pelton.EffectID) bool { return false }

func TestLineAndDue(t *testing.T) {
	s := newShelf(t)
	for _, r := range []*delivery.Record{
		record(1, delivery.KindDefer, 7, time.Hour), record(3, delivery.KindBehind, 7, 0), record(2, delivery.KindBehind, 7, 0),
		record(4, delivery.KindDefer, 0, time.Minute), record(5, delivery.KindRetry, 0, time.Second),
	} {
		s.write(delivery.Write{Kind: delivery.WritePark, Record: r})
	}
	due, next, err := s.due("s", "l", epoch.Add(time.Minute), 9, none)
	if err != nil || len(due) != 2 || due[0].ID.Message.Position != 5 || due[1].ID.Message.Position != 4 || !next.Equal(epoch.Add(time.Hour)) {
		t.Errorf("due %v, next %v, %v", due, next, err)
	}
	if due, next, _ = s.due("s", "l", epoch.Add(time.Minute), 1, none); len(due) != 1 || next.After(epoch.Add(time.Minute)) {
		t.Errorf("with a limit: %v, next %v", due, next)
	}
	if due, _, _ = s.due("s", "l", epoch.Add(24*time.Hour), 9, func(id pelton.EffectID) bool { return id.Message.Position == 4 }); len(due) != 2 {
		t.Errorf("with one out: %d due", len(due))
	}
	start, err := Load(s, laneID, 2)
	if err != nil || len(start.Known) != 4 || len(start.Blocked) != 1 {
		t.Fatalf("start %+v, %v", start, err)
	}
	if b := start.Blocked[0]; b.Plugin != "p" || b.Hash != 7 || b.Head.Position != 1 || b.Count != 3 || b.Behind {
		t.Errorf("blocked %+v", b)
	}
	for _, at := range []uint64{1, 2, 3} {
		first, err := First(s, "s", "l", "p", 7)
		if err != nil || first.ID.Message.Position != at {
			t.Fatalf("first %+v, %v; want position %d", first, err, at)
		}
		s.write(delivery.Write{Kind: delivery.WriteRemove, Record: &first.Record, Parked: true, Alone: true})
	}
	if _, err := First(s, "s", "l", "p", 7); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("first of an empty line: %v", err)
	}
}

// A record that is parked again has one place; settled, nothing of it is left (D1).
func TestParkAgainAndRemove(t *testing.T) {
	s := newShelf(t)
	first, again := record(1, delivery.KindDefer, 7, time.Hour), record(1, delivery.KindHold, 0, time.Minute)
	s.write(delivery.Write{Kind: delivery.WritePark, Record: first})
	s.write(delivery.Write{Kind: delivery.WritePark, Record: again, Parked: true, Marks: []pelton.EffectID{first.ID}})
	due, next, err := s.due("s", "l", epoch.Add(24*time.Hour), 9, none)
	if err != nil || len(due) != 1 || due[0].Kind != delivery.KindHold || !next.IsZero() {
		t.Errorf("due %v, next %v, %v", due, next, err)
	}
	if start, err := Load(s, laneID, 0); err != nil || len(start.Blocked) != 0 || len(start.Known) != 1 {
		t.Errorf("start %+v, %v", start, err)
	}
	if known, err := Known(s, first.ID); err != nil || len(known) != 1 {
		t.Errorf("known %v, %v", known, err)
	}
	s.write(delivery.Write{Kind: delivery.WriteRemove, Record: again, Parked: true, Alone: true})
	if left := s.left(); left != "" {
		t.Errorf("left in spaces %x", left)
	}
}

func TestReplayAndDrop(t *testing.T) {
	s := newShelf(t)
	dead := record(1, delivery.KindDelivery, 7, 0)
	dead.Due = time.Time{}
	s.write(delivery.Write{Kind: delivery.WriteDead, Record: dead})
	letter := func() *Entry {
		e, err := Letter(s, ID(dead.ID))
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	s.append(Replay(s, letter(), epoch, false, 0))
	if _, err := Replay(s, letter(), epoch, true, 0); err == nil {
		t.Error("a replay of one that is being replayed")
	}
	if _, err := Drop(s, letter()); err == nil {
		t.Error("a drop of one that is being replayed")
	}
	due, _, err := s.due("s", "l", epoch, 9, none)
	if err != nil || len(due) != 1 || due[0].Kind != delivery.KindReplay || due[0].Replays != 1 || due[0].Hash != 0 {
		t.Fatalf("due %v, %v", due, err)
	}
	s.write(delivery.Write{Kind: delivery.WriteRemove, Record: &due[0].Record, Parked: true, Alone: true})
	if e := letter(); e.State != StateSettled {
		t.Errorf("state %s", e.State)
	}
	if _, err := Replay(s, letter(), epoch, false, 0); err == nil {
		t.Error("a replay of a settled one without force")
	}
	if _, err := Replay(s, letter(), epoch, true, 0); err != nil {
		t.Error(err)
	}
	s.append(Drop(s, letter()))
	if left := s.left(); left != "" {
		t.Errorf("left in spaces %x", left)
	}
	frame := *dead
	frame.Kind = delivery.KindFrame
	if _, err := Replay(s, &Entry{Record: frame}, epoch, true, 0); err == nil {
		t.Error("a replay of a frame")
	}
}

// The lane's marks go with its watermark, those of later positions stay (S2).
func TestTrim(t *testing.T) {
	s := newShelf(t)
	var records []store.Record
	for at := range uint64(10) {
		records = put(records, Mark(false, record(at, delivery.KindRetry, 0, 0).ID), nil)
	}
	s.append(records, nil)
	s.append([]store.Record{Trim(laneID, 0, 6)}, nil)
	start, err := Load(s, laneID, 0)
	if err != nil || len(start.Known) != 4 || start.Known[0].Message.Position != 6 {
		t.Errorf("known %v, %v", start.Known, err)
	}
}

// Marks of one append share a record, which stays until the watermark is behind the last of them; those below it are over.
// Single ones, which is all that there was before, are read beside them.
func TestSharedMarks(t *testing.T) {
	s := newShelf(t)
	s.append(put(nil, Mark(false, record(9, delivery.KindRetry, 0, 0).ID), nil), nil)
	var m store.Marks
	for _, at := range []uint64{3, 7, 5, 1} {
		m.Add(Mark(false, record(at, delivery.KindRetry, 0, 0).ID))
	}
	other := record(2, delivery.KindRetry, 0, 0).ID
	other.Message.Lane.Lane = "other"
	m.Add(Mark(false, other))
	records := m.Records(nil)
	if len(records) != 2 {
		t.Fatalf("%d records for two lanes", len(records))
	}
	s.append(records, nil)
	from := uint64(0)
	for _, c := range []struct {
		watermark uint64
		want      []uint64
	}{{0, []uint64{3, 7, 5, 1, 9}}, {4, []uint64{7, 5, 9}}, {7, []uint64{7, 9}}, {8, []uint64{9}}} {
		if c.watermark > from {
			s.append([]store.Record{Trim(laneID, from, c.watermark)}, nil)
			from = c.watermark
		}
		start, err := Load(s, laneID, c.watermark)
		var got []uint64
		for _, id := range start.Known {
			got = append(got, id.Message.Position)
		}
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("at %d: %v, %v; want %v", c.watermark, got, err, c.want)
		}
	}
	s.append(put(nil, Mark(false, record(10, delivery.KindRetry, 0, 0).ID), []byte{1}), nil)
	if _, err := Load(s, laneID, 8); !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("a damaged record: %v", err)
	}
}

// Marks that a crash left behind go when the lane begins: those of messages from the watermark on that have no record. What
// has one, of whatever kind, keeps them (S2).
func TestSweep(t *testing.T) {
	s := newShelf(t)
	var records []store.Record
	for at := range uint64(9) {
		for edge := range 3 {
			id := record(at, delivery.KindRetry, 0, 0).ID
			records = put(records, Mark(true, id.Message.Emitted("p", edge).To(id.Target)), nil)
		}
	}
	s.append(records, nil)
	s.write(delivery.Write{Kind: delivery.WritePark, Record: record(4, delivery.KindDefer, 0, 0)})
	s.write(delivery.Write{Kind: delivery.WriteDead, Record: record(5, delivery.KindDelivery, 0, 0)})
	s.write(delivery.Write{Kind: delivery.WriteState, Owes: true, Record: record(6, delivery.KindOwed, 0, 0)})
	s.append(Sweep(s, laneID, 3))
	for at := range uint64(9) {
		known, err := Known(s, record(at, delivery.KindRetry, 0, 0).ID)
		if err != nil {
			t.Fatal(err)
		}
		if left, want := len(known), 3; (left == want) != (at < 3 || at >= 4 && at <= 6) {
			t.Errorf("position %d has %d marks", at, left)
		}
	}
	if again, err := Sweep(s, laneID, 3); err != nil || len(again) != 0 {
		t.Errorf("a second sweep: %v, %v", again, err)
	}
}

// The line of a key says who is its head and whether that waits for a time, also as earlier versions wrote it.
func TestLines(t *testing.T) {
	s := newShelf(t)
	s.write(delivery.Write{Kind: delivery.WritePark, Record: record(3, delivery.KindDefer, 7, time.Hour)})
	s.write(delivery.Write{Kind: delivery.WritePark, Record: record(4, delivery.KindBehind, 7, 0)})
	s.write(delivery.Write{Kind: delivery.WritePark, Record: record(5, delivery.KindBehind, 8, 0)})
	for range 2 {
		start, err := Load(s, laneID, 9)
		if err != nil || len(start.Blocked) != 2 {
			t.Fatalf("%+v, %v", start.Blocked, err)
		}
		a, b := start.Blocked[0], start.Blocked[1]
		if a.Hash != 7 || a.Count != 2 || a.Behind || a.Head != record(3, "", 0, 0).ID.Message || b.Hash != 8 || b.Count != 1 || !b.Behind || b.Head.Position != 5 {
			t.Errorf("%+v", start.Blocked)
		}
		if first, err := First(s, "s", "l", "p", 7); err != nil || first.ID.Message.Position != 3 {
			t.Errorf("first: %+v, %v", first, err)
		}
		var before []store.Record
		for _, at := range []uint64{3, 4, 5} {
			r := record(at, "", 0, 0)
			before = put(before, behindKey(r.ID, map[uint64]uint64{3: 7, 4: 7, 5: 8}[at]), recordKey(r.ID))
		}
		s.append(before, nil)
	}
	s.append(put(nil, behindKey(record(5, "", 0, 0).ID, 8), []byte("d nonsense")), nil)
	if _, err := Load(s, laneID, 9); !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("a line that names nothing: %v", err)
	}
}
