package session_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/session"
	"github.com/peltonhq/pelton/store"
	"github.com/peltonhq/pelton/store/memory"
)

func TestAppendSession(t *testing.T) {
	s, p := start(t, session.Options{}), newSender("a")
	for i := range 3 {
		p.emit(t, s, "k", fmt.Sprint("v", i))
	}
	p.emit(t, s, "other", "x")

	got, err := s.Get(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	if got.ID != 3 || got.Seq != 3 || string(got.Payload) != "v2" || got.Key != "k" || got.Session != "s" ||
		got.ContentType != "text/plain" || got.EffectID != p.sent[2].ID.String() || !got.Time.Equal(p.sent[2].Time) {
		t.Errorf("newest is %+v", got)
	}
	if got.Epoch == 0 || got.Epoch >= 1<<53 {
		t.Errorf("epoch %d is not below 2^53", got.Epoch)
	}
	for id := uint64(1); id <= 3; id++ {
		if at, err := s.At(t.Context(), "k", id); err != nil || string(at.Payload) != fmt.Sprint("v", id-1) {
			t.Errorf("at %d: %q, %v", id, at.Payload, err)
		}
	}
	var gone *session.GoneError
	if _, err := s.At(t.Context(), "k", 4); !errors.As(err, &gone) || gone.Reason != session.Future || gone.Resume().ID != 3 {
		t.Errorf("at 4: %v, want future", err)
	}
	if _, err := s.Get(t.Context(), "none"); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("unknown key: %v", err)
	}
	if s.Count() != 2 || s.Stats().Seq != 4 {
		t.Errorf("stats %+v", s.Stats())
	}
}

func TestList(t *testing.T) {
	s, p := start(t, session.Options{}), newSender("a")
	for _, key := range []string{"b", "a\x00z", "a", "ab", "", "c\xff", "b"} {
		p.emit(t, s, key, "of "+key)
	}
	tests := []struct {
		q    session.Query
		want string
	}{
		{session.Query{}, `["" "a" "a\x00z" "ab" "b" "c\xff"]`},
		{session.Query{Prefix: "a"}, `["a" "a\x00z" "ab"]`},
		{session.Query{Prefix: "a\x00"}, `["a\x00z"]`},
		{session.Query{Prefix: "a", After: "a"}, `["a\x00z" "ab"]`},
		{session.Query{Prefix: "a", After: "b"}, `[]`},
		{session.Query{Prefix: "b", After: "a"}, `["b"]`},
		{session.Query{After: "a", Limit: 2}, `["a\x00z" "ab"]`},
		{session.Query{Prefix: "zz"}, `[]`},
	}
	for _, test := range tests {
		list, err := s.List(t.Context(), test.q)
		if err != nil {
			t.Fatal(err)
		}
		keys := []string{}
		for _, snap := range list {
			keys = append(keys, snap.Key)
			if string(snap.Payload) != "of "+snap.Key {
				t.Errorf("key %q has payload %q", snap.Key, snap.Payload)
			}
		}
		if got := fmt.Sprintf("%q", keys); got != test.want {
			t.Errorf("%+v: %s, want %s", test.q, got, test.want)
		}
	}
}

func TestReduce(t *testing.T) {
	disk := memory.NewDisk()
	p := newSender("a")
	for range 3 { // state is the last snapshot, so it survives restarts
		m, err := disk.Open()
		if err != nil {
			t.Fatal(err)
		}
		s := open(t, session.Options{Store: m, Reduce: reducer(concat), Shards: 2})
		for _, key := range []string{"x", "y", "x", "x"} {
			p.give(t, s, p.effect(key, "1"))
		}
		shut(t, s)
		m.Close()
	}
	m, _ := disk.Open()
	s := start(t, session.Options{Store: m})
	t.Cleanup(func() { m.Close() })
	for key, n := range map[string]int{"x": 9, "y": 3} {
		got, err := s.Get(t.Context(), key)
		if err != nil || got.ID != uint64(n) || string(got.Payload) != strings.Repeat("1;", n) {
			t.Errorf("%s: %d %q %v, want %d folds", key, got.ID, got.Payload, err, n)
		}
	}
}

func TestRefused(t *testing.T) {
	bad := errors.New("no number")
	s, p := start(t, session.Options{Reduce: reducer(func(_ context.Context, folds []session.Fold) error {
		for i := range folds {
			switch f := &folds[i]; string(f.Emit) {
			case "bad":
				f.Err = bad
			case "huge":
				f.Next = make([]byte, session.MaxPayload+1)
			default:
				f.Next = append(f.State[:len(f.State):len(f.State)], f.Emit...)
			}
		}
		return nil
	})}), newSender("a")
	mark := p.effect("k", "mark")
	mark.Mark = []byte{store.SpaceStore, 1}
	effects := []pelton.Effect{
		mark, p.effect("k", "1"), p.effect("k", "bad"), p.effect("k", "huge"),
		p.effect(strings.Repeat("k", session.MaxKey+1), "1"), p.effect("k", "2"), p.effect(strings.Repeat("k", session.MaxKey), "1"),
	}
	p.give(t, s, effects...)
	for i, refused := range []bool{true, false, true, true, true, false, false} {
		err := p.wait(effects[i].Token)
		if errors.Is(err, session.ErrRefused) != refused || (!refused && err != nil) {
			t.Errorf("effect %d: %v, want refused %v", i, err, refused)
		}
	}
	if err := p.wait(effects[2].Token); !errors.Is(err, bad) {
		t.Errorf("the reducer's reason is lost: %v", err)
	}
	if got, _ := s.Get(t.Context(), "k"); got.ID != 2 || string(got.Payload) != "12" {
		t.Errorf("newest is %d %q, want 2 \"12\"", got.ID, got.Payload)
	}
	if n := s.Stats().Refused; n != 4 {
		t.Errorf("%d refused, want 4", n)
	}
}

// S4: what is not durable is seen by nobody, and not reported.
func TestDurableBeforeSeen(t *testing.T) {
	m := memory.New()
	t.Cleanup(func() { m.Close() })
	s, p := start(t, session.Options{Store: m}), newSender("a")
	p.emit(t, s, "k", "1")
	f := follow(t, s, session.FollowRequest{Key: "k", From: session.Now})
	all := follow(t, s, session.FollowRequest{All: true, From: session.Now})
	m.Hold()
	e := p.effect("k", "2")
	p.give(t, s, e)
	q := newSender("b")
	for m.Stats().Queued == 0 { // until the append is handed over; every look of this loop must see the old state
		check(t, s, 1)
	}
	check(t, s, 1)
	if done, _ := p.settled(e.Token); done {
		t.Error("reported before it is durable")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	for _, f := range []*session.Follower{f, all} {
		if events, err := f.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a follower saw %s, %v", lines(events), err)
		}
	}
	m.Release()
	q.emit(t, s, "z", "")
	for _, f := range []*session.Follower{f, all} {
		if got := lines(next(t, f, 1)[:1]); got != "s2" {
			t.Errorf("after durable: %s", got)
		}
	}
	check(t, s, 2)
}

func check(t *testing.T, s *session.Sessions, id uint64) {
	t.Helper()
	got, err := s.Get(t.Context(), "k")
	list, errList := s.List(t.Context(), session.Query{Prefix: "k"})
	if err != nil || errList != nil || got.ID != id || len(list) != 1 || list[0].ID != id {
		t.Fatalf("get %d %v, list %v %v; want %d", got.ID, err, list, errList, id)
	}
}

func TestBackPressure(t *testing.T) {
	m := memory.New()
	t.Cleanup(func() { m.Close() })
	s, p := start(t, session.Options{Store: m, Buffer: 4096}), newSender("a")
	m.Hold()
	var effects []pelton.Effect
	for i := range 100 {
		effects = append(effects, p.effect(fmt.Sprint("k", i%5), "v"))
	}
	n := s.Offer(effects, p)
	if n == 0 || n == 100 || s.Stats().Buffered > 4096 {
		t.Fatalf("took %d with %d bytes; want some, within the limit", n, s.Stats().Buffered)
	}
	if again := s.Offer(effects[n:], p); again != 0 {
		t.Errorf("took %d more although full", again)
	}
	if p.rooms != 0 {
		t.Error("room told while full")
	}
	m.Release()
	<-p.room
	p.give(t, s, effects[n:]...)
	for _, e := range effects {
		if err := p.wait(e.Token); err != nil {
			t.Fatal(err)
		}
	}
	big := p.effect("k0", strings.Repeat("x", 10_000)) // larger than the buffer: goes alone
	p.give(t, s, big)
	if err := p.wait(big.Token); err != nil {
		t.Fatal(err)
	}
	if p.twice != 0 {
		t.Errorf("%d effects were reported twice", p.twice)
	}
}

func TestTwoNames(t *testing.T) {
	m := memory.New()
	t.Cleanup(func() { m.Close() })
	p := newSender("a")
	a := start(t, session.Options{Store: m, Name: "a"})
	b := start(t, session.Options{Store: m, Name: "a\x00b"})
	p.emit(t, a, "k", "of a")
	p.emit(t, b, "k", "of b")
	p.emit(t, b, "k", "of b")
	if err := a.Delete(t.Context(), "k"); err != nil {
		t.Fatal(err)
	}
	if got, err := b.Get(t.Context(), "k"); err != nil || got.ID != 2 || string(got.Payload) != "of b" {
		t.Errorf("b has %+v, %v", got, err)
	}
	if list, _ := a.List(t.Context(), session.Query{}); len(list) != 0 || a.Count() != 0 || b.Count() != 1 {
		t.Errorf("a lists %v; counts %d and %d", list, a.Count(), b.Count())
	}
}

func TestOptions(t *testing.T) {
	m := memory.New()
	t.Cleanup(func() { m.Close() })
	for name, o := range map[string]session.Options{
		"no name": {Store: m}, "no store": {Name: "s"}, "retain": {Name: "s", Store: m, Retain: session.Retain{Snapshots: -1}},
		"buffer": {Name: "s", Store: m, Buffer: -1},
	} {
		if _, err := session.Open(t.Context(), o); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
