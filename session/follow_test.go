package session_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/session"
	"github.com/peltonhq/pelton/store/memory"
)

func TestFollowFrom(t *testing.T) {
	s, p := start(t, session.Options{}), newSender("a")
	for i := range 5 {
		p.emit(t, s, "k", fmt.Sprint(i+1))
	}
	head, _ := s.Get(t.Context(), "k")
	at := func(id uint64) pelton.Cursor { return pelton.Cursor{Epoch: head.Epoch, ID: id} }
	tests := []struct {
		name string
		r    session.FollowRequest
		want string
	}{
		{"beginning", session.FollowRequest{From: session.Beginning}, "s1 s2 s3 s4 s5 s6"},
		{"after 0", session.FollowRequest{From: session.After, After: at(0)}, "s1 s2 s3 s4 s5 s6"},
		{"after 3", session.FollowRequest{From: session.After, After: at(3)}, "s4 s5 s6"},
		{"after the newest", session.FollowRequest{From: session.After, After: at(5)}, "s6"},
		{"latest", session.FollowRequest{From: session.Latest}, "s5 s6"},
		{"now", session.FollowRequest{From: session.Now}, "s6"},
		{"one at a time", session.FollowRequest{From: session.Beginning, MaxBatch: 1}, "s1 s2 s3 s4 s5 s6"},
		{"conflated", session.FollowRequest{From: session.Beginning, MaxBatch: 2, Policy: session.Conflate}, "g1-4:conflated s5 s6"},
	}
	followers := make([]*session.Follower, len(tests))
	for i := range tests {
		tests[i].r.Key = "k"
		followers[i] = follow(t, s, tests[i].r)
		if h := followers[i].Hello(); h.Epoch != head.Epoch || h.Oldest != 1 || h.Latest != 5 {
			t.Errorf("%s: hello %+v", tests[i].name, h)
		}
		if tests[i].name == "conflated" {
			if got := lines(next(t, followers[i], 2)); got != "g1-4:conflated s5" {
				t.Errorf("conflated: %s", got)
			}
			tests[i].want = "s6"
		}
	}
	p.emit(t, s, "k", "6")
	for i, test := range tests {
		events := next(t, followers[i], strings.Count(test.want, " ")+1)
		if got := lines(events); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
		if e := events[len(events)-1]; e.Snapshot == nil || string(e.Snapshot.Payload) != "6" || followers[i].Cursor() != e.Cursor {
			t.Errorf("%s: ends with %+v at %s", test.name, e, followers[i].Cursor())
		}
	}
	if n := s.Stats().Followers; n != len(tests) {
		t.Errorf("%d followers", n)
	}
}

func TestFollowErrors(t *testing.T) {
	s, p := start(t, session.Options{}), newSender("a")
	p.emit(t, s, "k", "1")
	p.emit(t, s, "gone", "1")
	if err := s.Delete(t.Context(), "gone"); err != nil {
		t.Fatal(err)
	}
	head, _ := s.Get(t.Context(), "k")
	key := pelton.Cursor{Epoch: head.Epoch, ID: 1}
	other := pelton.Cursor{Epoch: head.Epoch - 1, ID: 1}
	future := pelton.Cursor{Epoch: head.Epoch, ID: 2}
	log := pelton.Cursor{Epoch: head.Epoch, ID: 1, Log: true}
	tests := []struct {
		name   string
		r      session.FollowRequest
		is     error
		reason session.Reason
		resume uint64
	}{
		{"no from", session.FollowRequest{Key: "k"}, nil, "", 0},
		{"no cursor", session.FollowRequest{Key: "k", From: session.After}, nil, "", 0},
		{"log cursor", session.FollowRequest{Key: "k", From: session.After, After: log}, session.ErrCursorKind, "", 0},
		{"key cursor", session.FollowRequest{All: true, From: session.After, After: key}, session.ErrCursorKind, "", 0},
		{"epoch", session.FollowRequest{Key: "k", From: session.After, After: other}, session.ErrGone, session.Epoch, 0},
		{"future", session.FollowRequest{Key: "k", From: session.After, After: future}, session.ErrGone, session.Future, 1},
		{"future reset", session.FollowRequest{Key: "k", From: session.After, After: future, OnGap: session.OnGapReset}, session.ErrGone, session.Future, 1},
		{"not born", session.FollowRequest{Key: "none", From: session.After, After: key}, session.ErrGone, session.Epoch, 0},
	}
	for _, test := range tests {
		_, err := s.Follow(t.Context(), test.r)
		var gone *session.GoneError
		switch {
		case err == nil, test.is != nil && !errors.Is(err, test.is):
			t.Errorf("%s: %v", test.name, err)
		case errors.As(err, &gone) && (gone.Reason != test.reason || gone.Resume().ID != test.resume):
			t.Errorf("%s: %v resumes at %s", test.name, err, gone.Resume())
		}
	}
	if n := s.Stats().Followers; n != 0 {
		t.Errorf("%d followers are left over", n)
	}
}

// A follower may come before its key, sees it die and come back.
func TestFollowLives(t *testing.T) {
	s, p := start(t, session.Options{}), newSender("a")
	early := follow(t, s, session.FollowRequest{Key: "k", From: session.Now, OnGap: session.OnGapReset})
	strict := follow(t, s, session.FollowRequest{Key: "k", From: session.Beginning})
	all := follow(t, s, session.FollowRequest{All: true, From: session.Beginning})
	if early.Hello() != (session.Hello{}) || early.Cursor().Valid() {
		t.Errorf("hello of an unborn key: %+v", early.Hello())
	}
	p.emit(t, s, "k", "1")
	p.emit(t, s, "k", "2")
	first, _ := s.Get(t.Context(), "k")
	if got := lines(next(t, early, 2)); got != "s1 s2" {
		t.Errorf("born: %s", got)
	}
	if got := lines(next(t, strict, 2)); got != "s1 s2" {
		t.Errorf("born: %s", got)
	}
	if err := s.Delete(t.Context(), "k"); err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), "k"); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("deleted twice: %v", err)
	}
	if _, err := s.Get(t.Context(), "k"); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("get: %v", err)
	}
	if got := lines(next(t, early, 1)); got != "deleted" {
		t.Errorf("deleted: %s", got)
	}
	late := follow(t, s, session.FollowRequest{Key: "k", From: session.After, After: first.Cursor(), OnGap: session.OnGapReset})
	p.emit(t, s, "k", "3")
	second, _ := s.Get(t.Context(), "k")
	if second.Epoch <= first.Epoch || second.ID != 1 || second.Seq != 4 {
		t.Errorf("reborn as %d:%d after %d:%d", second.Epoch, second.ID, first.Epoch, first.ID)
	}
	if got := lines(next(t, early, 2)); got != "epoch s1" {
		t.Errorf("reborn: %s", got)
	}
	events := next(t, late, 2)
	if got := lines(events[len(events)-2:]); got != "epoch s1" {
		t.Errorf("late: %s", lines(events))
	}
	// The strict one slept through it: its place is of an epoch that ended.
	var gone *session.GoneError
	if events, err := strict.Next(t.Context()); !errors.As(err, &gone) || gone.Reason != session.Epoch || gone.Resume() != (pelton.Cursor{Epoch: second.Epoch}) {
		t.Errorf("strict: %s, %v", lines(events), err)
	}
	// The log has births 1 and 2, the deletion 3, the rebirth 4; what is gone may be a gap.
	if got := next(t, all, 4); lines(got) != "s1 s2 deleted s4" || got[2].Key != "k" || got[2].Cursor.ID != 3 {
		t.Errorf("all: %s", lines(got))
	}
}

// A deletion before a follower read everything: what it missed is declared, then it is told.
func TestFollowDeletedBehind(t *testing.T) {
	s, p := start(t, session.Options{}), newSender("a")
	for i := range 5 {
		p.emit(t, s, "k", fmt.Sprint(i+1))
	}
	head, _ := s.Get(t.Context(), "k")
	if err := s.Delete(t.Context(), "k"); err != nil {
		t.Fatal(err)
	}
	after := pelton.Cursor{Epoch: head.Epoch, ID: 2}
	f := follow(t, s, session.FollowRequest{Key: "k", From: session.After, After: after, OnGap: session.OnGapReset})
	if got := lines(next(t, f, 2)); got != "g3-5:trimmed deleted" {
		t.Errorf("%s", got)
	}
	var gone *session.GoneError
	if _, err := s.Follow(t.Context(), session.FollowRequest{Key: "k", From: session.After, After: after}); !errors.As(err, &gone) || gone.Reason != session.Deleted {
		t.Errorf("strict: %v", err)
	}
}

func TestFollowTrimmed(t *testing.T) {
	s, p := start(t, session.Options{Retain: session.Retain{Snapshots: 3}}), newSender("a")
	for i := range 20 {
		p.emit(t, s, "k", fmt.Sprint(i+1))
	}
	p.emit(t, s, "idle", "x") // its settling shows that the trims before it are durable
	head, _ := s.Get(t.Context(), "k")
	f := follow(t, s, session.FollowRequest{Key: "k", From: session.Beginning})
	oldest := f.Hello().Oldest
	if kept := 20 - oldest + 1; kept < 3 || kept > 6 {
		t.Errorf("kept %d from %d, want 3 to 6", kept, oldest)
	}
	first := pelton.Cursor{Epoch: head.Epoch, ID: 1}
	var gone *session.GoneError
	_, err := s.Follow(t.Context(), session.FollowRequest{Key: "k", From: session.After, After: first})
	if !errors.As(err, &gone) || gone.Reason != session.Trimmed || gone.Resume().ID != oldest-1 || gone.Latest.ID != 20 {
		t.Errorf("after 1: %v", err)
	}
	f = follow(t, s, session.FollowRequest{Key: "k", From: session.After, After: first, OnGap: session.OnGapReset})
	if got, want := lines(next(t, f, 1)[:1]), fmt.Sprintf("g2-%d:trimmed", oldest-1); got != want {
		t.Errorf("first event %s, want %s", got, want)
	}
	all := follow(t, s, session.FollowRequest{All: true, From: session.Beginning, OnGap: session.OnGapReset})
	if got := lines(next(t, all, 1)[:1]); got != fmt.Sprintf("s%d", oldest) {
		t.Errorf("the log begins with %s, want s%d: entries go with their snapshots", got, oldest)
	}
	if _, err := s.At(t.Context(), "k", 1); !errors.As(err, &gone) || gone.Oldest.ID != oldest {
		t.Errorf("at 1: %v", err)
	}
	if n := s.Stats().Trimmed; n != oldest-1 {
		t.Errorf("%d trimmed, want %d", n, oldest-1)
	}
}

func TestSlow(t *testing.T) {
	s, p := start(t, session.Options{MaxLag: 10}), newSender("a")
	for i := range 30 {
		p.emit(t, s, "k", fmt.Sprint(i+1))
	}
	f := follow(t, s, session.FollowRequest{Key: "k", From: session.Beginning, MaxBatch: 5})
	if got := lines(next(t, f, 30)[:2]); got != "s1 s2" { // who catches up is never too slow
		t.Errorf("%s", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Next(ctx); !errors.Is(err, context.Canceled) { // and now it is live
		t.Fatal(err)
	}
	for i := range 11 {
		p.emit(t, s, "k", fmt.Sprint(i+31))
	}
	var slow *session.SlowError
	if _, err := f.Next(t.Context()); !errors.As(err, &slow) || slow.Cursor.ID != 30 || slow.Count != 11 {
		t.Errorf("%v", err)
	}
	if _, err := f.Next(t.Context()); !errors.Is(err, session.ErrSlow) {
		t.Errorf("the error does not stay: %v", err)
	}
	g := follow(t, s, session.FollowRequest{Key: "k", From: session.After, After: slow.Cursor})
	if got := lines(next(t, g, 11)[:1]); got != "s31" {
		t.Errorf("resumed with %s", got)
	}
}

func TestFollowClose(t *testing.T) {
	m := memory.New()
	t.Cleanup(func() { m.Close() })
	s, p := open(t, session.Options{Store: m}), newSender("a")
	p.emit(t, s, "k", "1")
	f := follow(t, s, session.FollowRequest{Key: "k", From: session.Beginning})
	g := follow(t, s, session.FollowRequest{Key: "k", From: session.Now})
	ended := make(chan error)
	go func() {
		_, err := g.Next(context.Background())
		ended <- err
	}()
	g.Close()
	if err := <-ended; !errors.Is(err, session.ErrClosed) {
		t.Errorf("closed while it waits: %v", err)
	}
	shut(t, s)
	if got := lines(next(t, f, 2)); got != "s1 closed" {
		t.Errorf("%s", got)
	}
	if _, err := f.Next(t.Context()); !errors.Is(err, session.ErrClosed) {
		t.Errorf("after closed: %v", err)
	}
	if _, err := s.Follow(t.Context(), session.FollowRequest{Key: "k", From: session.Now}); !errors.Is(err, session.ErrClosed) {
		t.Errorf("follow after close: %v", err)
	}
	if n := s.Offer([]pelton.Effect{p.effect("k", "2")}, p); n != 0 {
		t.Error("took an effect after close")
	}
	if _, err := s.Append(t.Context(), "k", nil, "", ""); !errors.Is(err, session.ErrClosed) {
		t.Errorf("append after close: %v", err)
	}
}

// Age removes in time, but never the newest, and followers are told.
func TestAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New()
		defer m.Close()
		s, p := open(t, session.Options{Store: m, Retain: session.Retain{Age: time.Hour}}), newSender("a")
		defer shut(t, s)
		const keys = 300 // more than one slice
		give := func(payload string) {
			for k := range keys {
				p.give(t, s, p.effect(fmt.Sprintf("k%03d", k), payload))
			}
			synctest.Wait()
		}
		give("1")
		give("2")
		time.Sleep(40 * time.Minute)
		give("3")
		if n := s.Stats().Trimmed; n != 0 {
			t.Errorf("%d trimmed too early", n)
		}
		time.Sleep(30 * time.Minute)
		synctest.Wait()
		if n := s.Stats().Trimmed; n != 2*keys {
			t.Errorf("%d trimmed, want %d", n, 2*keys)
		}
		f := follow(t, s, session.FollowRequest{Key: "k007", From: session.Beginning})
		if f.Hello().Oldest != 3 {
			t.Errorf("hello %+v", f.Hello())
		}
		time.Sleep(100 * time.Hour)
		synctest.Wait()
		list, err := s.List(t.Context(), session.Query{})
		if err != nil || len(list) != keys || list[0].ID != 3 || s.Stats().Trimmed != 2*keys {
			t.Errorf("the newest must stay: %d sessions, %v", len(list), err)
		}
		f.Close()
	})
}

// A follower of some keys is given those and nothing else, deletions too, and resumes by the cursor of the whole name.
func TestFilter(t *testing.T) {
	t.Parallel()
	s := start(t, session.Options{})
	p := newSender("a")
	for _, key := range []string{"a", "b", "ba", "c", "b", "a"} {
		p.emit(t, s, key, key)
	}
	for _, key := range []string{"c", "ba"} {
		if err := s.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	r := session.FollowRequest{All: true, From: session.Beginning, OnGap: session.OnGapReset, Keys: []string{"a"}, Prefix: "b", MaxBatch: 2}
	var keys []string
	var middle session.FollowRequest
	for i, e := range next(t, follow(t, s, r), 6) {
		if e.Kind == session.KindGap {
			continue // where a deletion took something
		}
		if keys = append(keys, fmt.Sprint(e.Key, e.Kind == session.KindDeleted)); i == 3 {
			middle = r
			middle.From, middle.After = session.After, e.Cursor
		}
	}
	if got := strings.Join(keys, ","); got != "afalse,bfalse,bfalse,afalse,batrue" {
		t.Errorf("given %s", got)
	}
	for _, e := range next(t, follow(t, s, middle), 2) {
		if e.Cursor.ID <= middle.After.ID {
			t.Errorf("%s came again after %s", e.Cursor, middle.After)
		}
		if e.Key == "c" {
			t.Error("a key that was not asked for")
		}
	}
	if _, err := s.Follow(t.Context(), session.FollowRequest{Key: "a", From: session.Now, Prefix: "a"}); !errors.Is(err, session.ErrCursorKind) {
		t.Errorf("a filter of one key: %v", err)
	}
}

// What followers have in memory is bounded by Options.Recent, counted, and given back.
func TestFollowMemory(t *testing.T) {
	const size, recent = 10 << 10, 64 << 10
	s, p := start(t, session.Options{Recent: recent}), newSender("a")
	for i := range 40 {
		p.emit(t, s, "k", fmt.Sprint(i, strings.Repeat(" ", size)))
	}
	f := follow(t, s, session.FollowRequest{Key: "k", From: session.Beginning}) // from the store
	events := next(t, f, 1)
	if n := s.Stats().Given; len(events) < 2 || n < int64(len(events)*size) || n > recent+2*size {
		t.Errorf("%d bytes of %d snapshots are given", n, len(events))
	}
	g := follow(t, s, session.FollowRequest{Key: "k", From: session.Now})
	for i := range 40 {
		p.emit(t, s, "k", fmt.Sprint(i, strings.Repeat(" ", size)))
	}
	if n := s.Stats().Recent; n < size || n > recent {
		t.Errorf("the ring has %d bytes", n)
	}
	f.Close()
	if n := s.Stats().Given; n != 0 {
		t.Errorf("%d bytes are given to nobody", n)
	}
	if events = next(t, g, 1); int64(len(events)*size) > recent+2*size {
		t.Errorf("%d snapshots at once", len(events))
	}
	g.Close()
	if st := s.Stats(); st.Given != 0 || st.Recent != 0 {
		t.Errorf("%+v after everybody is gone", st)
	}
}
