package lot

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/peltonhq/pelton/delivery"
)

func all(*Entry) bool { return true }

// full is a shelf with parked records of three lanes, many due at the same time and some behind a key; in due order.
func full(t *testing.T, seed uint64) (shelf, []*delivery.Record) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 1))
	s := newShelf(t)
	var parked []*delivery.Record
	for at := range uint64(200) {
		kind := delivery.KindDefer
		if rng.IntN(8) == 0 {
			kind = delivery.KindBehind
		}
		r := record(at, kind, 1+rng.Uint64N(5), time.Duration(rng.IntN(20))*time.Second)
		r.ID.Message.Lane.Lane = []string{"l", "l\x00", "m"}[rng.IntN(3)]
		s.write(delivery.Write{Kind: delivery.WritePark, Record: r})
		parked = append(parked, r)
	}
	slices.SortFunc(parked, func(a, b *delivery.Record) int {
		if x, y := a.Due.IsZero(), b.Due.IsZero(); x != y {
			return map[bool]int{true: 1, false: -1}[x]
		}
		return a.Due.Compare(b.Due)
	})
	return s, parked
}

// Pages of any size hold each parked record once, in due order over all lanes, those without a due time last.
func TestParkedPage(t *testing.T) {
	t.Parallel()
	for seed := range uint64(8) {
		s, want := full(t, seed)
		for _, limit := range []int{1, 7, 0, 200} {
			after, seen, last := "", map[string]bool{}, time.Time{}
			for n := 0; ; {
				page, next, err := ParkedPage(s, after, limit, Window{}, all)
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range page {
					if seen[ID(e.ID)] || !e.Due.Equal(want[n].Due) || e.Due.Before(last) && !e.Due.IsZero() {
						t.Fatalf("seed %d, limit %d: record %d is %v due %v, want one due %v", seed, limit, n, e.ID, e.Due, want[n].Due)
					}
					seen[ID(e.ID)], last = true, e.Due
					n++
				}
				if after = next; next == "" {
					break
				}
			}
			if len(seen) != len(want) {
				t.Errorf("seed %d, limit %d: %d of %d", seed, limit, len(seen), len(want))
			}
		}
	}
}

func TestParkedPageInAWindow(t *testing.T) {
	t.Parallel()
	s, parked := full(t, 9)
	since, until := epoch.Add(5*time.Second), epoch.Add(9*time.Second)
	want := 0
	for _, r := range parked {
		if r.Kind == delivery.KindDefer && !r.Due.Before(since) && r.Due.Before(until) && r.Hash == 3 {
			want++
		}
	}
	page, next, err := ParkedPage(s, "", 0, Window{Since: since, Until: until}, func(e *Entry) bool { return e.Hash == 3 })
	if err != nil || next != "" || len(page) != want || want == 0 {
		t.Errorf("%d records, next %q, %v; want %d", len(page), next, err, want)
	}
	if page, _, err := ParkedPage(s, "", 0, Window{Since: until, Until: since}, all); err != nil || len(page) != 0 {
		t.Errorf("an empty window: %d records, %v", len(page), err)
	}
}

func TestLetterPage(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	for at := range uint64(30) {
		dead := record(at, delivery.KindDelivery, 0, 0)
		dead.Due, dead.Failed = time.Time{}, epoch.Add(time.Duration(at%10)*time.Second)
		s.write(delivery.Write{Kind: delivery.WriteDead, Record: dead})
	}
	w := Window{Since: epoch.Add(3 * time.Second), Until: epoch.Add(8 * time.Second)}
	var got []string
	for after := ""; ; {
		page, next, err := Page(s, after, 4, w, func(e *Entry) bool { return e.ID.Message.Position >= 10 })
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page {
			got = append(got, fmt.Sprint(e.Failed.Sub(epoch)))
		}
		if after = next; next == "" {
			break
		}
	}
	if want := []string{"3s", "3s", "4s", "4s", "5s", "5s", "6s", "6s", "7s", "7s"}; !slices.Equal(got, want) {
		t.Errorf("%v\nwant %v", got, want)
	}
}

// A page is read into memory: it ends early when its payloads are large, and from any of its records the list goes on.
func TestPageOfLargeRecords(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	for at := range uint64(12) {
		for kind, write := range map[delivery.Kind]delivery.WriteKind{delivery.KindDelivery: delivery.WriteDead, delivery.KindDefer: delivery.WritePark} {
			r := record(at, kind, 0, time.Duration(at)*time.Second)
			r.Failed, r.Payload = epoch.Add(time.Duration(at)*time.Second), make([]byte, 3<<20)
			if kind == delivery.KindDelivery {
				r.Due, r.ID.Message.Lane.Lane = time.Time{}, "dead"
			}
			s.write(delivery.Write{Kind: write, Record: r})
		}
	}
	for name, page := range map[string]func(after string) ([]*Entry, string, error){
		"dead":   func(after string) ([]*Entry, string, error) { return Page(s, after, 100, Window{}, all) },
		"parked": func(after string) ([]*Entry, string, error) { return ParkedPage(s, after, 100, Window{}, all) },
	} {
		first, next, err := page("")
		if err != nil || len(first) != 6 || next != first[5].At {
			t.Fatalf("%s: a page of %d, next %q, error %v; want 6 of 3 MiB", name, len(first), next, err)
		}
		for i, e := range first {
			rest, _, err := page(e.At)
			if err != nil || len(rest) == 0 || rest[0].ID.Message.Position != uint64(i+1) {
				t.Errorf("%s: behind %d come %d records, error %v", name, i, len(rest), err)
			}
		}
	}
}

// A cursor comes from outside: whatever it is, it is refused or a page begins behind it.
func FuzzParkedCursor(f *testing.F) {
	f.Add("")
	f.Add("d")
	f.Add("dxxxxxxxx\x01")
	f.Add("b3xk")
	f.Add("zz")
	f.Fuzz(func(t *testing.T, after string) {
		s := newShelf(t)
		for at := range uint64(3) {
			s.write(delivery.Write{Kind: delivery.WritePark, Record: record(at, delivery.KindDefer, 0, time.Hour)})
		}
		page, _, err := ParkedPage(s, after, 2, Window{}, all)
		if err != nil && !errors.Is(err, ErrCursor) || len(page) > 2 {
			t.Errorf("cursor %q: %d records, %v", after, len(page), err)
		}
	})
}

// A dead letter that failed again in every replay is left alone after so many, and keeps when it failed first, its trace and
// how often it was replayed; force sends it back all the same.
func TestReplayGuard(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	dead := record(1, delivery.KindDelivery, 7, 0)
	dead.Due, dead.First, dead.Trace = time.Time{}, epoch, "00-trace"
	s.write(delivery.Write{Kind: delivery.WriteDead, Record: dead})
	again := func(force bool) error {
		letter, err := Letter(s, ID(dead.ID))
		if err != nil {
			t.Fatal(err)
		}
		records, err := Replay(s, letter, epoch, force, 3)
		if err != nil {
			return err
		}
		s.append(records, nil)
		due, _, err := s.due("s", "l", epoch, 9, none)
		if err != nil || len(due) != 1 {
			t.Fatalf("due %v, %v", due, err)
		}
		failed := due[0].Record
		failed.Kind, failed.Due, failed.Failed = delivery.KindDelivery, time.Time{}, epoch.Add(time.Hour)
		s.write(delivery.Write{Kind: delivery.WriteDead, Record: &failed, Parked: true})
		return nil
	}
	for range 3 {
		if err := again(false); err != nil {
			t.Fatal(err)
		}
	}
	if err := again(false); err == nil {
		t.Error("a fourth replay of three")
	}
	if err := again(true); err != nil {
		t.Error(err)
	}
	e, err := Letter(s, ID(dead.ID))
	if err != nil || e.Replays != 4 || !e.First.Equal(epoch) || e.Trace != "00-trace" || e.State != StateDead || !e.Failed.Equal(epoch.Add(time.Hour)) {
		t.Errorf("%+v, %v", e, err)
	}
	if page, _, err := Page(s, "", 0, Window{}, all); err != nil || len(page) != 1 {
		t.Errorf("%d letters, %v", len(page), err)
	}
}
