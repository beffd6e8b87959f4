package session_test

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/peltonhq/pelton/session"
	"github.com/peltonhq/pelton/store"
	"github.com/peltonhq/pelton/store/memory"
)

// watched counts what is asked of a store.
type watched struct {
	*memory.Store
	inside  atomic.Bool  // the store is answering
	chained atomic.Int64 // appends that were handed over meanwhile
	gets    atomic.Int64
}

func (w *watched) AppendAsync(t store.Token, records []store.Record, done func(store.Pos, error)) {
	if w.inside.Load() {
		w.chained.Add(1)
	}
	w.Store.AppendAsync(t, records, func(p store.Pos, err error) {
		w.inside.Store(true)
		done(p, err)
		w.inside.Store(false)
	})
}

func (w *watched) Get(key []byte) ([]byte, error) {
	w.gets.Add(1)
	return w.Store.Get(key)
}

// What gathered while an append was in the store is handed over before the store goes on; if that is refused, its effects
// are made again behind what is durable, without a hole (S1).
func TestChain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &watched{Store: memory.New()}
		defer m.Close()
		s, p := open(t, session.Options{Store: m, Reduce: reducer(concat), Shards: 2}), newSender("a")
		defer shut(t, s)
		give := func() {
			for i := range 10 {
				p.give(t, s, p.effect(fmt.Sprint("k", i%2), "x"))
			}
			synctest.Wait()
		}
		m.Hold()
		give()
		give()
		m.Step(1)
		synctest.Wait()
		if m.chained.Load() == 0 {
			t.Error("the store had to wait for the next append")
		}
		m.FailNext(errors.New("cannot take this"))
		m.Release()
		synctest.Wait()
		st := s.Stats()
		if st.Rollbacks != 1 || st.Queued != 0 || st.Seq != 20 || st.Sessions != 2 || st.Snapshots != 20 || p.twice != 0 {
			t.Errorf("%+v, %d reported twice", st, p.twice)
		}
		for i := range 2 {
			got, err := s.Get(t.Context(), fmt.Sprint("k", i))
			if err != nil || got.ID != 10 || string(got.Payload) != strings.Repeat("x;", 10) {
				t.Errorf("S1: k%d is %d %q, %v", i, got.ID, got.Payload, err)
			}
		}
	})
}

// A new key costs no look-up, also where others were deleted and after a restart; a key that was deleted is found, and its
// epoch is above that of every earlier life.
func TestLookup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &watched{Store: memory.New()}
		defer m.Close()
		start := func() *session.Sessions {
			s := open(t, session.Options{Store: m})
			synctest.Wait() // it has read which keys there are
			return s
		}
		s, p := start(), newSender("a")
		look := func(key string) int64 {
			before := m.gets.Load()
			p.emit(t, s, key, "x")
			return m.gets.Load() - before
		}
		extra := look("a") // S2 is checked with a look-up of the mark in builds with invariants
		if extra > 1 {
			t.Errorf("%d look-ups of a new key", extra)
		}
		first, err := s.Get(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Delete(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		if n := look("b") - extra; n != 0 {
			t.Errorf("%d look-ups of a new key after a deletion", n)
		}
		shut(t, s)
		s = start()
		defer shut(t, s)
		if n := look("c") - extra; n != 0 {
			t.Errorf("%d look-ups of a new key where others are stored", n)
		}
		p.emit(t, s, "a", "y")
		if got, err := s.Get(t.Context(), "a"); err != nil || got.Epoch <= first.Epoch || got.ID != 1 {
			t.Errorf("%+v after %+v, %v", got, first, err)
		}
		p.emit(t, s, "b", "y")
		if got, err := s.Get(t.Context(), "b"); err != nil || got.ID != 2 {
			t.Errorf("%+v, %v; want the second of b", got, err)
		}
	})
}
