package session_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/peltonhq/pelton/session"
	"github.com/peltonhq/pelton/session/stream"
	"github.com/peltonhq/pelton/store/memory"
)

func write(t *testing.T, s *session.Sessions, key string, w stream.Write) session.Written {
	t.Helper()
	out, err := s.Write(t.Context(), key, w)
	if err != nil {
		t.Fatalf("write %+v: %v", w, err)
	}
	return out
}

func create(t *testing.T, s *session.Sessions, key string) session.Written {
	t.Helper()
	return write(t, s, key, stream.Write{Op: stream.Create, ContentType: "text/plain"})
}

func text(words ...string) stream.Write {
	w := stream.Write{Op: stream.Append, ContentType: "text/plain"}
	for _, word := range words {
		w.Payloads = append(w.Payloads, []byte(word))
	}
	return w
}

func why(err error) stream.Why {
	var refused *stream.RefusedError
	if errors.As(err, &refused) {
		return refused.Why
	}
	return 0
}

func content(t *testing.T, s *session.Sessions, key string) string {
	t.Helper()
	page, err := s.Read(t.Context(), session.FollowRequest{Key: key, From: session.Beginning})
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for i, snap := range page.Snapshots {
		if snap.ID != uint64(i)+1 || snap.Epoch != page.Stream.Epoch {
			t.Fatalf("S1: snapshot %d is %d:%d", i, snap.Epoch, snap.ID)
		}
		all.Write(snap.Payload)
	}
	return all.String()
}

// A stream is there before it has a snapshot: it has an epoch, followers wait in it, and a deletion ends it.
func TestEmptyStream(t *testing.T) {
	t.Parallel()
	s := start(t, session.Options{Writable: true})
	made := create(t, s, "k")
	if !made.Created || !made.Cursor.Valid() || made.Cursor.ID != 0 {
		t.Fatalf("%+v", made)
	}
	if _, err := s.Get(t.Context(), "k"); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("get: %v", err)
	}
	if list, err := s.List(t.Context(), session.Query{}); err != nil || len(list) != 0 || s.Count() != 0 {
		t.Errorf("list: %d, count %d, %v", len(list), s.Count(), err)
	}
	f := follow(t, s, session.FollowRequest{Key: "k", From: session.After, After: made.Cursor})
	if h := f.Hello(); h.Epoch != made.Cursor.Epoch || h.Latest != 0 || !f.Current() {
		t.Errorf("hello %+v", h)
	}
	out := write(t, s, "k", text("a", "b"))
	if out.Cursor.Epoch != made.Cursor.Epoch || out.Cursor.ID != 2 || content(t, s, "k") != "ab" {
		t.Errorf("%+v", out)
	}
	if got := lines(next(t, f, 2)); got != "s1 s2" {
		t.Errorf("followed %s", got)
	}
	if err := s.Delete(t.Context(), "k"); err != nil {
		t.Fatal(err)
	}
	again := create(t, s, "k")
	if again.Cursor.Epoch <= made.Cursor.Epoch {
		t.Errorf("epoch %d after %d", again.Cursor.Epoch, made.Cursor.Epoch)
	}
	g := follow(t, s, session.FollowRequest{Key: "k", From: session.Beginning})
	if err := s.Delete(t.Context(), "k"); err != nil { // of one that never had a snapshot
		t.Fatal(err)
	}
	if got := lines(next(t, g, 1)); got != "deleted" {
		t.Errorf("followed %s", got)
	}
	if s.Count() != 0 {
		t.Errorf("%d sessions", s.Count())
	}
	if err := s.Delete(t.Context(), "k"); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("deleted twice: %v", err)
	}
}

// A client closes a stream: followers are given everything and told that nothing follows, on whatever way they came.
func TestCloseStream(t *testing.T) {
	t.Parallel()
	s := start(t, session.Options{Writable: true})
	create(t, s, "k")
	write(t, s, "k", text("a"))
	before := follow(t, s, session.FollowRequest{Key: "k", From: session.Beginning})
	next(t, before, 1)
	last := text("b")
	last.Close = true
	out := write(t, s, "k", last)
	after := follow(t, s, session.FollowRequest{Key: "k", From: session.After, After: out.Cursor})
	for f, want := range map[*session.Follower]string{before: "s2 closed", after: "closed"} {
		events := next(t, f, strings.Count(want, " ")+1)
		if got := lines(events); got != want || !events[len(events)-1].Final {
			t.Errorf("followed %s, want %s", got, want)
		}
		if _, err := f.Next(t.Context()); !errors.Is(err, session.ErrClosed) {
			t.Errorf("after the end: %v", err)
		}
	}
	if _, err := s.Write(t.Context(), "k", text("c")); why(err) != stream.WasClosed {
		t.Errorf("write: %v", err)
	}
	if _, err := s.Append(t.Context(), "k", []byte("c"), "", ""); why(err) != stream.WasClosed {
		t.Errorf("append: %v", err)
	}
	log := follow(t, s, session.FollowRequest{All: true, From: session.Beginning})
	if got := lines(next(t, log, 2)); got != "s1 s2" {
		t.Errorf("the log is %s", got)
	}
}

// What is promised for a stream holds for plain appends too, and what plain appends made can be written on.
func TestAppendAndWrite(t *testing.T) {
	t.Parallel()
	s := start(t, session.Options{Writable: true})
	if _, err := s.Append(t.Context(), "plain", []byte("1"), "", ""); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Write(t.Context(), "plain", text("2")); why(err) != stream.WrongType { // it looks like JSON
		t.Errorf("%v", err)
	}
	write(t, s, "plain", stream.Write{Op: stream.Append, ContentType: "application/json", Payloads: [][]byte{[]byte("2")}, Close: true})
	if _, err := s.Append(t.Context(), "plain", []byte("3"), "", "id"); why(err) != stream.WasClosed {
		t.Errorf("%v", err)
	}
	write(t, s, "json", stream.Write{Op: stream.Create, ContentType: "application/json"})
	if _, err := s.Append(t.Context(), "json", []byte("no json"), "", ""); !errors.Is(err, session.ErrRefused) {
		t.Errorf("%v", err)
	}
	if _, err := s.Append(t.Context(), "json", []byte("<p>"), "text/html", ""); err == nil {
		t.Error("another content type was taken")
	}
	got, err := s.Append(t.Context(), "json", []byte("{}"), "", "")
	if err != nil || got.ContentType != "application/json" {
		t.Errorf("%+v %v", got, err)
	}
	if _, err := start(t, session.Options{}).Write(t.Context(), "k", text("x")); !errors.Is(err, session.ErrRefused) {
		t.Errorf("the wheel's own was written: %v", err)
	}
}

// A use keeps a stream alive; unused it ends, and the sweeper takes it away.
func TestExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New()
		defer m.Close()
		s := open(t, session.Options{Store: m, Writable: true})
		defer shut(t, s)
		write(t, s, "k", stream.Write{Op: stream.Create, ContentType: "text/plain", TTL: 10 * time.Minute})
		for range 5 {
			time.Sleep(9 * time.Minute)
			write(t, s, "k", stream.Write{Op: stream.Touch})
		}
		time.Sleep(9 * time.Minute)
		write(t, s, "k", text("a"))
		if err := s.Expire(t.Context(), "k"); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("it was expired while it lives: %v", err)
		}
		f := follow(t, s, session.FollowRequest{Key: "k", From: session.Beginning})
		next(t, f, 1)
		time.Sleep(20 * time.Minute)
		if got := lines(next(t, f, 1)); got != "deleted" {
			t.Errorf("followed %s", got)
		}
		if _, err := s.Read(t.Context(), session.FollowRequest{Key: "k", From: session.Beginning}); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("read: %v", err)
		}
		if made := create(t, s, "k"); !made.Created {
			t.Error("it is still there")
		}
	})
}

// Producers that send everything twice, out of order and after restarts, over a store that forgets what was not durable:
// each write is there once, whole, in its producer's order (S2), and what was answered is there.
func TestProducers(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 2))
	disk := memory.NewDisk()
	const producers, keys, rounds = 4, 3, 8
	at := map[string]uint64{} // the seq that is next, as answered
	for round := range rounds {
		m, err := disk.Open()
		if err != nil {
			t.Fatal(err)
		}
		s := open(t, session.Options{Store: m, Writable: true, Shards: 2})
		if round == 0 {
			for k := range keys {
				create(t, s, fmt.Sprint(k))
			}
		}
		var wg sync.WaitGroup
		var mu sync.Mutex
		crash := r.IntN(200)
		ctx, stop := context.WithCancel(t.Context())
		for p := range producers {
			seed := r.Uint64()
			wg.Go(func() { produce(ctx, stop, t, s, m, &mu, at, p, keys, crash, rand.New(rand.NewPCG(seed, 1))) })
		}
		wg.Wait()
		stop()
		crashed, cancel := context.WithCancel(t.Context())
		cancel()
		_ = s.Close(crashed) // nothing that waits becomes durable any more
		m.Close()
	}
	m, err := disk.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	s := open(t, session.Options{Store: m, Writable: true})
	defer shut(t, s)
	for k := range keys {
		checkProduced(t, content(t, s, fmt.Sprint(k)), at, k, producers)
	}
}

// produce sends one producer's writes until the store crashes, or enough are answered.
func produce(ctx context.Context, stop func(), t *testing.T, s *session.Sessions, m *memory.Store, mu *sync.Mutex, at map[string]uint64, p, keys, crash int, r *rand.Rand) {
	for n := range 100 {
		k := r.IntN(keys)
		who := fmt.Sprintf("%d/%d", p, k)
		mu.Lock()
		seq := at[who]
		mu.Unlock()
		if seq > 0 && r.IntN(3) == 0 {
			seq = uint64(r.IntN(int(seq))) // what was answered, again
		}
		w := text(fmt.Sprintf("[%d %d ", p, seq), "whole", "]")
		w.Producer = &stream.Producer{ID: fmt.Sprint(p), Seq: seq}
		if p == 0 && n == crash/2 {
			m.Crash()
		}
		out, err := s.Write(ctx, fmt.Sprint(k), w)
		if err != nil {
			if why(err) != 0 {
				t.Errorf("producer %d seq %d: %v", p, seq, err)
			}
			stop() // nobody's write becomes durable any more
			return
		}
		mu.Lock()
		switch {
		case !out.Duplicate && seq < at[who]:
			t.Errorf("S2: seq %d of producer %d was taken twice", seq, p)
		case seq == at[who]:
			at[who]++
		}
		mu.Unlock()
	}
}

func checkProduced(t *testing.T, all string, at map[string]uint64, k, producers int) {
	t.Helper()
	seen := make([]uint64, producers)
	for part := range strings.SplitSeq(strings.TrimSuffix(all, "]"), "]") {
		var p int
		var seq uint64
		if n, err := fmt.Sscanf(part, "[%d %d whole", &p, &seq); n != 2 || err != nil || part != fmt.Sprintf("[%d %d whole", p, seq) {
			t.Fatalf("a write is not whole: %q", part)
		}
		if seq != seen[p] {
			t.Fatalf("S2: key %d: producer %d seq %d, want %d", k, p, seq, seen[p])
		}
		seen[p]++
	}
	for p := range producers {
		// One that was not answered may be there.
		if answered := at[fmt.Sprintf("%d/%d", p, k)]; seen[p] != answered && seen[p] != answered+1 {
			t.Errorf("key %d: producer %d was answered %d writes, %d are there", k, p, answered, seen[p])
		}
	}
}
