package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/peltonhq/pelton/store"
)

func laneMark(lane string, position uint64, rest string) []byte {
	key := store.AppendString(bytes.Clone(store.LaneMarks), "source")
	key = store.AppendString(store.AppendString(key, lane), "1")
	return store.AppendString(store.AppendUint64(key, position), rest)
}

// The marks of a lane are one record under the highest of them, and all of them are found in it; others are records of
// their own.
func TestMarks(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	var m store.Marks
	for round := range 50 {
		var want [][]byte
		lanes := 1 + r.IntN(3)
		for range 1 + r.IntN(40) {
			mark := laneMark(fmt.Sprint("lane", r.IntN(lanes)), uint64(r.IntN(1<<r.IntN(40))), fmt.Sprint("p#", r.IntN(1000), "\x00"))
			if r.IntN(8) == 0 {
				mark = store.Key(store.SpaceMark, "lot", r.Uint64())
			}
			want = append(want, mark)
			m.Add(mark)
		}
		var got [][]byte
		seen := map[string]bool{}
		for _, rec := range m.Records(nil) {
			marks, err := store.MarksOf(store.Entry{Key: rec.Key, Value: rec.Value})
			if err != nil || rec.Op != store.Put {
				t.Fatal(rec, err)
			}
			if top := slices.MaxFunc(marks, bytes.Compare); !bytes.Equal(top, rec.Key) {
				t.Errorf("round %d: the record of %q is under %q", round, top, rec.Key)
			}
			if lane, ok := bytes.CutPrefix(rec.Key, store.LaneMarks); ok {
				lane = lane[:len(laneMark("lane0", 0, ""))-len(store.LaneMarks)-10]
				if seen[string(lane)] {
					t.Errorf("round %d: two records of lane %q", round, lane)
				}
				seen[string(lane)] = true
			} else if len(marks) != 1 {
				t.Errorf("round %d: a mark of the lot shares its record", round)
			}
			got = append(got, marks...)
		}
		slices.SortFunc(want, bytes.Compare)
		slices.SortFunc(got, bytes.Compare)
		if !slices.EqualFunc(got, want, bytes.Equal) {
			t.Fatalf("round %d: got %q, want %q", round, got, want)
		}
	}
	if left := m.Records(nil); len(left) != 0 {
		t.Errorf("%d records are left", len(left))
	}
}

// Marks beside each other take a few bytes each.
func TestMarksSize(t *testing.T) {
	var m store.Marks
	for i := range uint64(4096) {
		m.Add(laneMark("lane", 1<<40+i, "session/airports"))
	}
	if records := m.Records(nil); len(records) != 1 || len(records[0].Value) > 4096*6 {
		t.Errorf("%d records, the first of %d bytes", len(records), len(records[0].Value))
	}
}

func FuzzMarks(f *testing.F) {
	var m store.Marks
	m.Add(laneMark("lane", 1, "a"))
	m.Add(laneMark("lane", 2, "b"))
	f.Add(m.Records(nil)[0].Value)
	f.Add([]byte{5, 0, 0})
	f.Add([]byte{0, 0, 255})
	f.Fuzz(func(t *testing.T, value []byte) {
		marks, err := store.MarksOf(store.Entry{Key: []byte("key"), Value: value})
		if err != nil && !errors.Is(err, store.ErrCorrupt) {
			t.Fatal(err)
		}
		if err == nil && len(marks) == 0 {
			t.Error("no marks and no error")
		}
	})
}
