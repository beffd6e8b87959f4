package ingest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/peltonhq/pelton/store"
	"github.com/peltonhq/pelton/store/memory"
)

func unit(id string, payloads ...string) Unit {
	u := Unit{ID: id}
	for _, p := range payloads {
		u.Messages = append(u.Messages, Message{Payload: []byte(p)})
	}
	return u
}

// count is how many messages, and ids by key and by number, are in the store.
func count(t *testing.T, q *Queue) (messages, ids, orders int) {
	t.Helper()
	for kind, n := range map[uint64]*int{kindMessage: &messages, kindID: &ids, kindOrder: &orders} {
		prefix := store.Key(store.SpaceIngest, q.options.Name, kind)
		for _, err := range q.options.Store.Scan(prefix, store.PrefixEnd(prefix), store.ScanOptions{}) {
			if err != nil {
				t.Fatal(err)
			}
			*n++
		}
	}
	return messages, ids, orders
}

// A key that comes again stores nothing and gets the same positions, also after a restart and beside what is new (Q3).
func TestOnce(t *testing.T) {
	disk := memory.NewDisk()
	for restart := range 3 {
		s, err := disk.Open()
		if err != nil {
			t.Fatal(err)
		}
		q := opened(t, Options{Store: s})
		r, err := q.PublishOnce(t.Context(), []Unit{unit("a", "1", "2"), unit("b", "3")})
		if err != nil || r.First[0] != 1 || r.First[1] != 3 || r.Repeated() != 2*min(restart, 1) {
			t.Fatalf("%+v, %v", r, err)
		}
		fresh := fmt.Sprint("fresh ", restart)
		r, err = q.PublishOnce(t.Context(), []Unit{unit("", "x"), unit("b", "3"), unit(fresh, "4")})
		if err != nil || r.First[1] != 3 || r.Repeated() != 1 || r.First[2] != r.First[0]+1 || r.First[0] != uint64(4+2*restart) {
			t.Fatalf("%+v, %v", r, err)
		}
		if n, _, _ := count(t, q); n != 5+2*restart {
			t.Errorf("%d messages", n)
		}
		for _, bad := range [][]Unit{{unit("a", "1")}, {unit("a", "1", "3")}, {unit("new", "x"), unit("b", "33")}, {unit("n", "x"), unit("n", "x")}} {
			if _, err := q.PublishOnce(t.Context(), bad); !errors.Is(err, ErrReused) || !strings.Contains(err.Error(), "idempotency key") {
				t.Errorf("%v: %v", bad, err)
			}
		}
		if _, err := q.PublishOnce(t.Context(), []Unit{unit(strings.Repeat("k", MaxID+1), "x")}); !errors.Is(err, ErrTooLarge) {
			t.Errorf("a long key: %v", err)
		}
		if n, _, _ := count(t, q); n != 5+2*restart {
			t.Errorf("%d messages after what was refused", n)
		}
		if got := q.Stats().Repeated; got != uint64(2*min(restart, 1)+1) {
			t.Errorf("%d repeated", got)
		}
		s.Crash()
	}
}

// The second of two calls with one id waits for the first, and does it if that fails.
func TestOnceAtOnce(t *testing.T) {
	for _, fails := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := memory.New()
			defer s.Close()
			q := opened(t, Options{Store: s})
			s.Hold()
			ctx, cancel := context.WithCancel(t.Context())
			if _, err := q.PublishOnce(canceled(t), []Unit{unit("a", "1")}); !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			if fails {
				s.FailNext(store.ErrFenced)
			}
			first := make(chan error, 1)
			go func() {
				_, err := q.PublishOnce(ctx, []Unit{unit("a", "1")})
				first <- err
			}()
			synctest.Wait()
			cancel() // it gives up waiting, but what it handed over is on its way
			if err := <-first; !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			second := make(chan Receipt, 1)
			go func() {
				r, err := q.PublishOnce(t.Context(), []Unit{unit("a", "1")})
				if err != nil {
					t.Error(err)
				}
				second <- r
			}()
			synctest.Wait()
			select {
			case r := <-second:
				t.Fatalf("%+v before the first was durable", r)
			default:
			}
			s.Release()
			if r := <-second; (r.Repeated() == 0) != fails || fails != (r.First[0] == 2) {
				t.Errorf("fails %t: %+v", fails, r)
			}
			if n, _, _ := count(t, q); n != 1 {
				t.Errorf("%d messages", n)
			}
			if len(q.ids.claims) != 0 {
				t.Errorf("claims are left: %v", q.ids.claims)
			}
		})
	}
}

func canceled(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// Ids are forgotten by number and by age, and what remains of them in the store is bounded.
func TestForget(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s := memory.New()
	defer s.Close()
	o := Options{Store: s, MaxIDs: 200, IDAge: time.Hour, Now: func() time.Time { return now }}
	q := opened(t, o)
	once := func(id string) int {
		t.Helper()
		r, err := q.PublishOnce(t.Context(), []Unit{unit(id, "x")})
		if err != nil {
			t.Fatal(err)
		}
		return r.Repeated()
	}
	for i := range 1200 {
		if i == 700 {
			q = opened(t, o) // as after a restart
		}
		once(fmt.Sprint(i))
		if _, ids, orders := count(t, q); i%100 == 0 && (ids != orders || ids > 200+slack+1) {
			t.Fatalf("after %d: %d ids, %d numbers", i, ids, orders)
		}
	}
	if once("1199") != 1 || once("1001") != 1 || once("7") != 0 {
		t.Error("the newest ids are remembered, the oldest are not")
	}
	now = now.Add(59 * time.Minute)
	once("late")
	if once("1199") != 1 {
		t.Error("forgotten too early")
	}
	now = now.Add(2 * time.Minute)
	if once("1199") != 0 || once("1199") != 1 || once("late") != 1 {
		t.Error("1199 is too old, late is not")
	}
	if _, ids, orders := count(t, q); ids != 2 || orders != 2 {
		t.Errorf("%d ids and %d numbers are left, want 1199 and late", ids, orders)
	}
}

// TestOnceRestarts publishes the same units again and again over crashes: each is in the queue once (Q3).
func TestOnceRestarts(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	disk := memory.NewDisk()
	where := map[string]uint64{}
	for range 40 {
		s, err := disk.Open()
		if err != nil {
			t.Fatal(err)
		}
		q := opened(t, Options{Store: s})
		for range r.IntN(10) {
			id := fmt.Sprint(r.IntN(30))
			if r.IntN(4) == 0 {
				s.FailNext(errors.New("failed by the test"))
			}
			receipt, err := q.PublishOnce(t.Context(), []Unit{unit(id, id, id+"+")})
			if err != nil {
				continue
			}
			if at, ok := where[id]; ok && at != receipt.First[0] {
				t.Fatalf("%s is at %d, was at %d", id, receipt.First[0], at)
			}
			where[id] = receipt.First[0]
		}
		n, ids, orders := count(t, q)
		if n != 2*len(where) || ids != len(where) || orders != len(where) {
			t.Fatalf("%d messages, %d ids, %d numbers for %d units", n, ids, orders, len(where))
		}
		s.Crash()
	}
}

func FuzzID(f *testing.F) {
	r := idRecord{number: 1, time: time.Unix(1, 2), first: 3, count: 4}
	f.Add(r.encode())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := parseID(data)
		if err != nil {
			if !errors.Is(err, errRecord) {
				t.Fatal(err)
			}
			return
		}
		again, err := parseID(r.encode())
		if err != nil || again.number != r.number || again.first != r.first || again.count != r.count || again.sum != r.sum || !again.time.Equal(r.time) {
			t.Fatalf("%+v came back as %+v: %v", r, again, err)
		}
	})
}
