package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/arena"
	"github.com/peltonhq/pelton/decode"
	"github.com/peltonhq/pelton/source"
	"github.com/peltonhq/pelton/source/sourcetest"
	"github.com/peltonhq/pelton/store"
	"github.com/peltonhq/pelton/store/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func opened(t *testing.T, o Options) *Queue {
	t.Helper()
	o.Name = "orders"
	q, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// closing is a queue over a store of its own, which closes with it.
type closing struct {
	*Queue
	store *memory.Store
}

func (c closing) Close() error { return errors.Join(c.Queue.Close(), c.store.Close()) }

func TestConformance(t *testing.T) {
	want := []string{`{"a":1}`, sourcetest.Bad, `{"a":"three"}`, `{"a":4}`, "[]"}
	disks := map[*testing.T]*memory.Disk{}
	sourcetest.Run(t, sourcetest.Kit{
		Open: func(t *testing.T) source.Source {
			// The kit may open a source twice at once, a store opens once: each gets a disk with the same content, and
			// a restart is tested below.
			disk := disks[t]
			if disk == nil {
				disk = memory.NewDisk()
				disks[t] = disk
				fill(t, disk, want)
			}
			s, err := disk.Open()
			if errors.Is(err, store.ErrHeld) {
				s = memory.New()
				copyStore(t, disk, s)
			} else if err != nil {
				t.Fatal(err)
			}
			return closing{opened(t, Options{Store: s}), s}
		},
		Decode: decode.Config{Format: decode.JSON, Key: "a"},
		Want:   want,
	})
}

var held sync.Map // disk → the store over it, to copy from

func fill(t *testing.T, disk *memory.Disk, payloads []string) {
	t.Helper()
	s, err := disk.Open()
	if err != nil {
		t.Fatal(err)
	}
	q := opened(t, Options{Store: s})
	for i, p := range payloads {
		if p == sourcetest.Bad {
			p = `{"a":`
		}
		first, err := q.Publish(t.Context(), []Message{{Payload: []byte(p)}})
		if err != nil || first != uint64(i+1) {
			t.Fatal(first, err)
		}
	}
	var content []store.Record
	for e, err := range s.Scan([]byte{store.SpaceIngest}, []byte{store.SpaceIngest + 1}, store.ScanOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		content = append(content, store.Record{Op: store.Put, Key: e.Key, Value: e.Value})
	}
	held.Store(disk, content)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func copyStore(t *testing.T, disk *memory.Disk, s *memory.Store) {
	t.Helper()
	token, err := s.Claim(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	content, _ := held.Load(disk)
	if _, err := s.Append(t.Context(), token, content.([]store.Record)); err != nil {
		t.Fatal(err)
	}
}

func TestPublishErrors(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s := memory.New()
	defer s.Close()
	q := opened(t, Options{Store: s, MaxBytes: 1000, MaxMessage: 300, MaxAge: time.Minute, Now: func() time.Time { return now }})
	small := []Message{{Payload: make([]byte, 100)}}
	publish := func(messages []Message) error {
		_, err := q.Publish(t.Context(), messages)
		return err
	}
	isFull := func(err error, reason string) {
		t.Helper()
		var full *FullError
		if !errors.As(err, &full) || !errors.Is(err, ErrFull) || full.RetryAfter <= 0 || !strings.Contains(err.Error(), reason) {
			t.Errorf("got %v, want %s", err, reason)
		}
	}
	if err := publish([]Message{{Payload: make([]byte, 290), Key: make([]byte, 11)}}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a large message: %v", err)
	}
	if err := publish(slices.Repeat([]Message{{Payload: make([]byte, 290)}}, 5)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("many messages: %v", err)
	}
	for range 6 {
		if err := publish(small); err != nil {
			t.Fatal(err)
		}
	}
	isFull(publish(small), "984 bytes wait, max_bytes is 1000")
	l := lane{queue: q}
	l.Settled(3)
	if err := publish(small); err != nil {
		t.Errorf("after two were settled: %v", err)
	}
	l.Settled(6)
	now = now.Add(2 * time.Minute)
	isFull(publish(small), "the oldest message waits for 2m0s, max_age is 1m0s")
	l.Settled(8)

	s.Fill("a tiny disk")
	for range 20 {
		isFull(publish(small), "a tiny disk")
	}
	s.Fill("")
	if err := publish(small); err != nil {
		t.Errorf("what failed still counts: %v", err)
	}
	s.FailNext(store.ErrFenced)
	if err := publish(small); !errors.Is(err, store.ErrFenced) {
		t.Errorf("got %v", err)
	}
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	if err := publish(small); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v", err)
	}
}

// Nothing is acknowledged, and nothing read, before it is durable (S4).
func TestPublishWaitsForTheDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memory.New()
		defer s.Close()
		q := opened(t, Options{Store: s})
		wake, _, _ := q.waiter()
		s.Hold()
		results := make(chan uint64, 2)
		for range 2 {
			go func() {
				first, err := q.Publish(t.Context(), []Message{{Payload: []byte("x")}})
				if err != nil {
					t.Error(err)
				}
				results <- first
			}()
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := q.Publish(ctx, []Message{{Payload: []byte("y")}}); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		synctest.Wait()
		select {
		case n := <-results:
			t.Errorf("%d was acknowledged before it was durable", n)
		case <-wake:
			t.Error("a reader was woken before anything was durable")
		default:
		}
		s.Release()
		if a, b := <-results, <-results; a+b != 3 {
			t.Errorf("numbers %d and %d", a, b)
		}
		<-wake
	})
}

// TestRestarts publishes, settles and crashes at random: what was acknowledged and not settled is there (Q1), in
// order, and no number comes twice (Q2).
func TestRestarts(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	disk := memory.NewDisk()
	acked := map[uint64]string{}
	watermark, last, incarnation := uint64(0), uint64(0), ""
	for round := range 60 {
		s, err := disk.Open()
		if err != nil {
			t.Fatal(err)
		}
		q := opened(t, Options{Store: s})
		if incarnation == "" {
			incarnation = q.id.Incarnation
		}
		if q.id.Incarnation != incarnation {
			t.Fatalf("round %d: incarnation %s, was %s", round, q.id.Incarnation, incarnation)
		}
		l := lane{queue: q}
		for step := range r.IntN(8) {
			switch r.IntN(4) {
			case 0:
				s.FailNext(errors.New("failed by the test"))
				if first, err := q.Publish(t.Context(), []Message{{Payload: []byte("late")}}); err == nil {
					acked[first], last = "late", first // a deletion failed instead
				}
			case 1:
				if watermark += uint64(r.IntN(3)); watermark > q.next {
					watermark = q.next
				}
				l.Settled(watermark)
			default:
				payload := fmt.Sprintf("%d.%d", round, step)
				first, err := q.Publish(t.Context(), []Message{{Payload: []byte(payload)}, {Payload: []byte(payload + "+")}})
				if err != nil {
					t.Fatal(err)
				}
				if first <= last {
					t.Fatalf("round %d: number %d was given out again, after %d", round, first, last)
				}
				last = first + 1
				acked[first], acked[first+1] = payload, payload+"+"
			}
		}
		if r.IntN(2) == 0 {
			s.Crash()
		} else if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		check(t, disk, acked, watermark)
	}
}

func check(t *testing.T, disk *memory.Disk, acked map[uint64]string, watermark uint64) {
	t.Helper()
	s, err := disk.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	q := opened(t, Options{Store: s})
	found := map[uint64]string{}
	for e, err := range s.Scan(q.key(watermark), q.end(), store.ScanOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		seq, m, err := q.read(e)
		if err != nil {
			t.Fatal(err)
		}
		found[seq] = string(m.Payload)
	}
	for seq, payload := range acked {
		if seq >= watermark && found[seq] != payload {
			t.Fatalf("message %d is %q, want %q (watermark %d)", seq, found[seq], payload, watermark)
		}
	}
	if watermark > 0 && len(found) > len(acked) {
		t.Fatalf("%d messages, %d were acknowledged", len(found), len(acked))
	}
}

func TestSettledDeletes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memory.New()
		defer s.Close()
		q := opened(t, Options{Store: s})
		l := lane{queue: q}
		for range 5 {
			if _, err := q.Publish(t.Context(), []Message{{Payload: []byte("x")}}); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range []struct{ watermark, first uint64 }{{3, 3}, {2, 3}, {100, 5}} {
			l.Settled(c.watermark)
			synctest.Wait()
			for e, err := range s.Scan(q.key(0), q.end(), store.ScanOptions{Limit: 1}) {
				if err != nil {
					t.Fatal(err)
				}
				if seq, _, _ := q.read(e); seq != c.first {
					t.Errorf("settled below %d: the first is %d, want %d", c.watermark, seq, c.first)
				}
			}
		}
	})
}

// A Read that goes on after a failure begins behind messages that are handed over and not settled: they stay.
func TestReadAgainDeletesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memory.New()
		defer s.Close()
		q := opened(t, Options{Store: s})
		for range 5 {
			if _, err := q.Publish(t.Context(), []Message{{Payload: []byte("x")}}); err != nil {
				t.Fatal(err)
			}
		}
		a, err := arena.New(arena.Options{Name: "orders", Size: 1 << 20, MaxMessage: 64 << 10})
		if err != nil {
			t.Fatal(err)
		}
		space, err := a.Lane("l")
		if err != nil {
			t.Fatal(err)
		}
		d, err := decode.New(decode.Config{Format: decode.Raw}, space, &q.id, nobody{}, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		l := &lane{queue: q}
		for _, from := range []uint64{2, 4} { // the first is the watermark
			if err := l.Read(t.Context(), from, d); !errors.Is(err, errNobody) {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		for e, err := range s.Scan(q.key(0), q.end(), store.ScanOptions{Limit: 1}) {
			if err != nil {
				t.Fatal(err)
			}
			if seq, _, _ := q.read(e); seq != 2 {
				t.Errorf("the first that is left is %d, want 2", seq)
			}
		}
	})
}

var errNobody = errors.New("nobody takes frames")

// nobody is a loop that takes nothing.
type nobody struct{}

func (nobody) Frame(context.Context, decode.Frame) error { return errNobody }
func (nobody) Flush(context.Context) error               { return nil }

func FuzzRecord(f *testing.F) {
	m := Message{Key: []byte("k"), Payload: []byte("p"), Headers: []pelton.Header{{Name: "n", Value: "v"}}, Time: time.Unix(1, 2)}
	f.Add(m.encode())
	f.Add((&Message{}).encode())
	f.Add((&Message{Payload: []byte("p"), Bad: &decode.Bad{Reason: "r", Length: 7, SHA256: "ab"}}).encode())
	f.Add([]byte{3})
	f.Add([]byte{1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := parse(data)
		if err != nil {
			if !errors.Is(err, errRecord) {
				t.Fatal(err)
			}
			return
		}
		again, err := parse(m.encode())
		if err != nil || !bytes.Equal(again.Payload, m.Payload) || !bytes.Equal(again.Key, m.Key) || (again.Key == nil) != (m.Key == nil) ||
			!slices.Equal(again.Headers, m.Headers) || !again.Time.Equal(m.Time) || !reflect.DeepEqual(again.Bad, m.Bad) {
			t.Fatalf("%+v came back as %+v: %v", m, again, err)
		}
	})
}

func TestRecordOfAMessage(t *testing.T) {
	m := Message{Key: []byte("k"), Payload: []byte("p"), Headers: []pelton.Header{{Name: "Traceparent", Value: "00-1-2-01"}}, Time: time.Unix(1, 0)}
	r := record(7, m)
	if r.Position != 7 || r.Next != 8 || r.Meta.Trace != "00-1-2-01" || !r.Meta.Time.Equal(m.Time) || string(r.Key) != "k" || len(r.Meta.Headers) != 1 {
		t.Errorf("%+v", r)
	}
}
