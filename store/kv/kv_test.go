package kv_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/store"
	"github.com/peltonhq/pelton/store/kv"
	"github.com/peltonhq/pelton/store/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var seed = flag.Uint64("seed", 0, "run this world alone")

func open(t *testing.T, s store.Store, plugin string) *kv.Space {
	t.Helper()
	space, err := kv.Open(t.Context(), kv.Options{Store: s, Plugin: plugin, MaxBytes: 1000})
	if err != nil {
		t.Fatal(err)
	}
	return space
}

func put(key, value string) pelton.Change {
	return pelton.Change{Key: []byte(key), Value: []byte(value)}
}

func read(t *testing.T, s *kv.Space) map[string]string {
	t.Helper()
	all := map[string]string{}
	var after []byte
	for {
		key, ok, err := s.Next(nil, after)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return all
		}
		value, ok, err := s.Get(key)
		if err != nil || !ok || after != nil && bytes.Compare(key, after) <= 0 {
			t.Fatalf("%q after %q: %v, %v", key, after, ok, err)
		}
		all[string(key)], after = string(value), key
	}
}

// world commits tickets in any order, on a store that becomes durable when it likes, is full now and then, and crashes.
type world struct {
	t     *testing.T
	rng   *rand.Rand
	disk  *memory.Disk
	store *memory.Store
	space *kv.Space
	open  []uint64            // tickets that are not committed
	after []map[string]string // the state after each ticket of this life
	begun map[string]string   // the state at its start
	done  int                 // tickets told as durable
}

func (w *world) boot() {
	var err error
	if w.store, err = w.disk.Open(); err != nil {
		w.t.Fatal(err)
	}
	w.space = open(w.t, w.store, "p")
	w.begun, w.open, w.after, w.done = read(w.t, w.space), nil, nil, 0
	w.measure(w.begun)
}

func (w *world) now() map[string]string {
	if n := len(w.after); n > 0 {
		return w.after[n-1]
	}
	return w.begun
}

func (w *world) step() {
	switch w.rng.IntN(10) {
	case 0, 1, 2:
		w.stage()
	case 3, 4, 5:
		w.commit()
	case 6:
		w.store.Step(1 + w.rng.IntN(3))
	case 7:
		w.store.Fill([]string{"", "full", ""}[w.rng.IntN(3)])
	case 8:
		if w.rng.IntN(8) == 0 {
			w.crash()
		}
	}
	synctest.Wait()
	if got := read(w.t, w.space); !maps.Equal(got, w.now()) {
		w.t.Fatalf("it reads %v, want %v", got, w.now())
	}
	w.measure(w.now())
}

func (w *world) stage() {
	next := maps.Clone(w.now())
	var changes []pelton.Change
	for range 1 + w.rng.IntN(3) {
		key := string(rune('a' + w.rng.IntN(5)))
		if w.rng.IntN(3) == 0 {
			changes = append(changes, pelton.Change{Key: []byte(key), Delete: true})
			delete(next, key)
		} else {
			next[key] = strings.Repeat("v", w.rng.IntN(9))
			changes = append(changes, put(key, next[key]))
		}
	}
	w.open = append(w.open, w.space.Stage(changes))
	w.after = append(w.after, next)
}

func (w *world) commit() {
	if len(w.open) == 0 {
		return
	}
	i := w.rng.IntN(len(w.open))
	ticket := w.open[i]
	w.open = slices.Delete(w.open, i, i+1)
	mark := store.Record{Op: store.Put, Key: store.Key(store.SpaceMark, ticket)}
	w.space.Commit(ticket, []store.Record{mark}, func(err error) {
		if err != nil {
			return // a crash: what is durable shows
		}
		if w.done++; uint64(w.done) != ticket {
			w.t.Errorf("ticket %d is durable, and %d before it", ticket, w.done-1)
		}
		if _, err := w.store.Get(mark.Key); err != nil {
			w.t.Errorf("ticket %d is told as durable, and its records: %v", ticket, err)
		}
	})
}

func (w *world) measure(state map[string]string) {
	want := kv.Size{Keys: int64(len(state))}
	for k, v := range state {
		want.Bytes += int64(len(k) + len(v))
	}
	if got := w.space.Used(); got != want {
		w.t.Fatalf("it holds %+v, want %+v", got, want)
	}
	if left, limit := w.space.Room(); left != 1000-want.Bytes || limit != 1000 {
		w.t.Fatalf("room for %d of %d", left, limit)
	}
}

// crash loses what is not durable: what is left is the state after some ticket, and all that was told is in it.
func (w *world) crash() {
	done, after := w.done, append([]map[string]string{w.begun}, w.after...)
	w.store.Crash()
	if err := w.space.Close(context.Background()); err != nil {
		w.t.Fatal(err)
	}
	w.boot()
	if !slices.ContainsFunc(after[done:], func(s map[string]string) bool { return maps.Equal(s, w.begun) }) {
		w.t.Fatalf("after a crash it reads %v; %d tickets were told as durable of %v", w.begun, done, after)
	}
	w.store.Hold()
}

func TestModel(t *testing.T) {
	first, last := uint64(1), uint64(60)
	if *seed != 0 {
		first, last = *seed, *seed
	}
	for s := first; s <= last && !t.Failed(); s++ {
		synctest.Test(t, func(t *testing.T) {
			defer func() {
				if t.Failed() {
					t.Logf("seed %d", s)
				}
			}()
			w := &world{t: t, rng: rand.New(rand.NewPCG(s, 9)), disk: memory.NewDisk()}
			w.boot()
			w.store.Hold()
			for range 300 {
				w.step()
			}
			for len(w.open) > 0 {
				w.commit()
			}
			w.store.Fill("")
			w.store.Release()
			synctest.Wait()
			if w.done != len(w.after) {
				t.Errorf("%d of %d tickets are durable at the end", w.done, len(w.after))
			}
			w.close()
		})
	}
}

func (w *world) close() {
	_ = w.store.Close()
	_ = w.space.Close(context.Background())
}

// Two plugins see nothing of each other, whatever their names and keys.
func TestApart(t *testing.T) {
	s, err := memory.NewDisk().Open()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	a, b := open(t, s, "a"), open(t, s, "a\x00")
	for i, space := range []*kv.Space{a, b} {
		done := make(chan error, 1)
		space.Commit(space.Stage([]pelton.Change{put("k\x00\xff", fmt.Sprint(i)), put("\x00", "x"), put("\xff\xff", "y")}), nil, func(err error) { done <- err })
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	for i, space := range []*kv.Space{a, b} {
		want := map[string]string{"k\x00\xff": fmt.Sprint(i), "\x00": "x", "\xff\xff": "y"}
		if got := read(t, space); !maps.Equal(got, want) {
			t.Errorf("space %d has %q, want %q", i, got, want)
		}
		if key, ok, err := space.Next([]byte("k"), nil); err != nil || !ok || string(key) != "k\x00\xff" {
			t.Errorf("the first key with k is %q, %v, %v", key, ok, err)
		}
		if key, ok, err := space.Next([]byte("k"), []byte("a")); err != nil || !ok || string(key) != "k\x00\xff" {
			t.Errorf("after a, the first key with k is %q, %v, %v", key, ok, err)
		}
		if _, ok, err := space.Next([]byte("k"), []byte("z")); err != nil || ok {
			t.Errorf("after z there is a key with k: %v", err)
		}
	}
}

// A ticket that never comes fails what may build on it, at once.
func TestAbandon(t *testing.T) {
	s, err := memory.NewDisk().Open()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	space := open(t, s, "p")
	lost, next := space.Stage([]pelton.Change{put("a", "1")}), space.Stage([]pelton.Change{put("a", "2")})
	done := make(chan error, 1)
	space.Commit(next, nil, func(err error) { done <- err })
	space.Abandon(lost, errors.New("the lane is gone"))
	if err := <-done; err == nil || !strings.Contains(err.Error(), "the lane is gone") {
		t.Errorf("the commit behind it: %v", err)
	}
	space.Commit(space.Stage([]pelton.Change{put("a", "3")}), nil, func(err error) { done <- err })
	if err := <-done; err == nil {
		t.Error("a later commit was made")
	}
	if _, err := s.Get(store.Key(store.SpaceKV, "key", "p")); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("something became durable: %v", err)
	}
}
