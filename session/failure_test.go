package session_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/session"
	"github.com/peltonhq/pelton/store"
	"github.com/peltonhq/pelton/store/memory"
)

// E2: a reducer that fails for now is called again, without end and in order; nothing is lost or folded twice.
func TestReducerFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New()
		defer m.Close()
		var down atomic.Bool
		down.Store(true)
		s, p := open(t, session.Options{Store: m, Reduce: reducer(func(ctx context.Context, folds []session.Fold) error {
			if down.Load() {
				return errors.New("reducer is away")
			}
			return concat(ctx, folds)
		})}), newSender("a")
		defer shut(t, s)
		for i := range 5 {
			p.give(t, s, p.effect("k", fmt.Sprint(i)))
		}
		time.Sleep(time.Minute)
		if st := s.Stats(); st.Queued != 5 || st.Retries < 5 || st.Waiting != "reducer is away" {
			t.Errorf("%+v", st)
		}
		down.Store(false)
		time.Sleep(10 * time.Second)
		if got, err := s.Get(t.Context(), "k"); err != nil || got.ID != 5 || string(got.Payload) != "0;1;2;3;4;" {
			t.Errorf("%d %q %v", got.ID, got.Payload, err)
		}
		if st := s.Stats(); st.Waiting != "" || st.Queued != 0 {
			t.Errorf("%+v", st)
		}
	})
}

func TestFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New()
		defer m.Close()
		s, p := open(t, session.Options{Store: m, Reduce: reducer(concat)}), newSender("a")
		defer shut(t, s)
		p.emit(t, s, "k", "0")
		m.Fill("disk is full")
		for i := range 5 {
			p.give(t, s, p.effect("k", fmt.Sprint(i+1)))
			time.Sleep(time.Minute)
		}
		if st := s.Stats(); st.Queued != 5 || !strings.Contains(st.Waiting, "disk is full") {
			t.Errorf("%+v", st)
		}
		m.Fill("")
		synctest.Wait()
		if got, err := s.Get(t.Context(), "k"); err != nil || got.ID != 6 || string(got.Payload) != "0;1;2;3;4;5;" {
			t.Errorf("%d %q %v", got.ID, got.Payload, err)
		}
		if st := s.Stats(); st.Waiting != "" || st.Rollbacks != 0 {
			t.Errorf("%+v", st)
		}
	})
}

// An append that is refused takes back what was computed ahead of it; everything is computed again, in order.
func TestRollback(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New()
		defer m.Close()
		s, p := open(t, session.Options{Store: m, Reduce: reducer(concat), Shards: 3}), newSender("a")
		defer shut(t, s)
		m.Hold()
		give := func(n int) {
			for i := range n {
				p.give(t, s, p.effect(fmt.Sprint("k", i%4), "x"))
			}
			synctest.Wait()
		}
		give(40) // some in the store, the rest computed ahead
		give(40)
		m.FailNext(errors.New("cannot take this"))
		m.Release()
		synctest.Wait()
		if st := s.Stats(); st.Rollbacks == 0 || st.Queued != 0 {
			t.Fatalf("%+v", st)
		}
		lost := 0
		for _, e := range p.sent {
			switch done, err := p.settled(e.Token); {
			case !done:
				t.Errorf("effect %d was never reported", e.Token)
			case err != nil:
				lost++
			}
		}
		total := 0
		for i := range 4 {
			got, err := s.Get(t.Context(), fmt.Sprint("k", i))
			if err != nil || string(got.Payload) != strings.Repeat("x;", int(got.ID)) {
				t.Errorf("S1: k%d is %d %q, %v", i, got.ID, got.Payload, err)
			}
			total += int(got.ID)
		}
		if total+lost != 80 || lost > 1 || p.twice != 0 {
			t.Errorf("%d snapshots, %d given up, %d reported twice; want 80 in all", total, lost, p.twice)
		}
	})
}

func TestStoreFails(t *testing.T) {
	m := memory.New()
	t.Cleanup(func() { m.Close() })
	s, p := start(t, session.Options{Store: m}), newSender("a")
	p.emit(t, s, "k", "1")
	m.Break()
	e := p.effect("k", "2")
	p.give(t, s, e)
	<-s.Failed()
	if err := s.Stats().Err; !errors.Is(err, store.ErrFailed) {
		t.Errorf("%v", err)
	}
	if done, err := p.settled(e.Token); done {
		t.Errorf("reported: %v", err)
	}
	if _, err := s.Append(t.Context(), "k", nil, "", ""); !errors.Is(err, store.ErrFailed) {
		t.Errorf("append: %v", err)
	}
	if got, err := s.Get(t.Context(), "k"); err != nil || got.ID != 1 {
		t.Errorf("reads go on: %d, %v", got.ID, err)
	}
}

func TestClient(t *testing.T) {
	s := start(t, session.Options{Reduce: reducer(concat)})
	first, err := s.Append(t.Context(), "k", []byte("a"), "text/plain", "one")
	if err != nil || first.ID != 1 || first.EffectID != "client/one" || string(first.Payload) != "a;" {
		t.Fatalf("%+v, %v", first, err)
	}
	results := make(chan error)
	for range 8 { // at the same time too
		go func() {
			snap, err := s.Append(t.Context(), "k", []byte("b"), "text/plain", "two")
			if err == nil && (snap.ID != 2 || string(snap.Payload) != "a;b;") {
				err = fmt.Errorf("S2: %+v", snap)
			}
			results <- err
		}()
	}
	for range 8 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	for range 2 { // without an id none is the same
		if _, err := s.Append(t.Context(), "k", []byte("c"), "", ""); err != nil {
			t.Error(err)
		}
	}
	if got, _ := s.Get(t.Context(), "k"); got.ID != 4 || string(got.Payload) != "a;b;c;c;" {
		t.Errorf("%d %q", got.ID, got.Payload)
	}
	if err := s.Delete(t.Context(), "k"); err != nil {
		t.Fatal(err)
	}
	again, err := s.Append(t.Context(), "k", []byte("a"), "text/plain", "one")
	if err != nil || again.ID != 1 || again.Epoch <= first.Epoch {
		t.Errorf("ids of clients belong to a life: %+v, %v", again, err)
	}
	if _, err := s.Append(t.Context(), strings.Repeat("k", session.MaxKey+1), nil, "", "x"); !errors.Is(err, session.ErrRefused) {
		t.Errorf("long key: %v", err)
	}
}

// Crashes at random moments: what was not completed and is not marked is offered again, and in the end every effect
// is one snapshot, in order, without a hole (S1, S2).
func TestCrash(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	for _, reduce := range []session.Reducer{nil, reducer(concat)} {
		r := rand.New(rand.NewPCG(seed, 1))
		disk, p := memory.NewDisk(), newSender("a")
		const total, keys = 600, 7
		for i := range total {
			p.effect(fmt.Sprint("k", i%keys), fmt.Sprint(i))
		}
		for range 15 {
			life(t, disk, p, reduce, r, total)
		}
		m, err := disk.Open()
		if err != nil {
			t.Fatal(err)
		}
		s := open(t, session.Options{Store: m, Reduce: reduce})
		p.give(t, s, unmarked(t, m, p.sent)...)
		shut(t, s)
		s = open(t, session.Options{Store: m, Reduce: reduce})
		verify(t, s, p, keys, reduce != nil)
		shut(t, s)
		m.Close()
	}
}

// life runs until a crash.
func life(t *testing.T, disk *memory.Disk, p *sender, reduce session.Reducer, r *rand.Rand, total int) {
	t.Helper()
	m, err := disk.Open()
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, session.Options{Store: m, Reduce: reduce, Shards: 3})
	left := unmarked(t, m, p.sent)
	m.Hold()
	m.Step(r.IntN(4))
	for range r.IntN(8) {
		n := min(r.IntN(total/10)+1, len(left))
		left = left[s.Offer(left[:n], p):]
		m.Step(r.IntN(3))
	}
	m.Crash()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = s.Close(ctx) // it cannot make the rest durable
}

// unmarked is what a sender offers after a restart.
func unmarked(t *testing.T, m *memory.Store, effects []pelton.Effect) (left []pelton.Effect) {
	t.Helper()
	have := map[string]bool{}
	for e, err := range m.Scan([]byte{store.SpaceMark}, []byte{store.SpaceMark + 1}, store.ScanOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		marks, err := store.MarksOf(e)
		if err != nil {
			t.Fatal(err)
		}
		for _, mark := range marks {
			have[string(mark)] = true
		}
	}
	for _, e := range effects {
		if !have[string(e.Mark)] {
			left = append(left, e)
		}
	}
	return left
}

func verify(t *testing.T, s *session.Sessions, p *sender, keys int, reduced bool) {
	t.Helper()
	all := follow(t, s, session.FollowRequest{All: true, From: session.Beginning})
	perKey := map[string][]string{}
	for i, e := range next(t, all, len(p.sent)) {
		if e.Kind != session.KindSnapshot || e.Cursor.ID != uint64(i)+1 || e.Snapshot.Seq != uint64(i)+1 {
			t.Fatalf("S1: event %d of the log is %s", i, line(e))
		}
		if perKey[e.Key] = append(perKey[e.Key], e.Snapshot.EffectID); e.Snapshot.ID != uint64(len(perKey[e.Key])) {
			t.Fatalf("S1: %s has id %d, want %d", e.Key, e.Snapshot.ID, len(perKey[e.Key]))
		}
	}
	want := map[string][]string{}
	state := map[string]string{}
	for _, e := range p.sent {
		want[string(e.Key)] = append(want[string(e.Key)], e.ID.String())
		state[string(e.Key)] += string(e.Payload) + ";"
	}
	if fmt.Sprint(perKey) != fmt.Sprint(want) {
		t.Errorf("S2: effects are not in the sessions once and in order")
	}
	for key := range state {
		if got, err := s.Get(t.Context(), key); err != nil || reduced && string(got.Payload) != state[key] {
			t.Errorf("%s is %q, %v", key, got.Payload, err)
		}
	}
	if s.Count() != uint64(keys) {
		t.Errorf("%d sessions, want %d", s.Count(), keys)
	}
}
