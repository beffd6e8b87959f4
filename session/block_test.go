package session_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/peltonhq/pelton/session"
	"github.com/peltonhq/pelton/store/memory"
)

// held is a name whose follower of policy Block is live and reads no more, and the sender that has more for it than it may lack.
type held struct {
	*session.Sessions

	p    *sender
	f    *session.Follower
	ends context.CancelFunc // the context of the follower
	mu   sync.Mutex
	said []string
}

const (
	mayLack = 10
	mayHold = 7 * time.Second
	surplus = 5
)

func (h *held) tell(text string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.said = append(h.said, text)
}

// log is what was told.
func (h *held) log() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.said
}

// durable is how many snapshots of the key are.
func (h *held) durable() int { synctest.Wait(); return int(h.Stats().Snapshots) - 1 }

// hold makes one, within a bubble. It holds when it returns, with one snapshot that was there before.
func hold(t *testing.T, o session.Options) *held {
	t.Helper()
	h := &held{p: newSender("a")}
	o.MaxLag, o.Block, o.OnHold = mayLack, mayHold, h.tell
	h.Sessions = start(t, o)
	h.p.emit(t, h.Sessions, "k", "1")
	h.p.emit(t, h.Sessions, "other", "1")
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	h.ends = cancel
	f, err := h.Follow(ctx, session.FollowRequest{Key: "k", From: session.Latest, Policy: session.Block, Who: "token ci"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	h.f = f
	next(t, f, 1)
	h.live(t)
	for i := range mayLack + surplus {
		h.p.give(t, h.Sessions, h.p.effect("k", fmt.Sprint(i+2)))
	}
	if n := h.durable(); n != 1+mayLack {
		t.Fatalf("%d snapshots are durable, want %d", n, 1+mayLack)
	}
	return h
}

// live has the follower find out that it has everything.
func (h *held) live(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.f.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

// flows checks that everything is durable, at once.
func (h *held) flows(t *testing.T, after string) {
	t.Helper()
	if n := h.durable(); n != 1+mayLack+surplus {
		t.Errorf("after %s %d snapshots are durable, want all %d", after, n, 1+mayLack+surplus)
	}
	if s := h.Stats(); s.Hold.Holding != 0 || s.Waiting != "" {
		t.Errorf("after %s: %+v", after, s)
	}
}

// A follower of policy Block lacks no more than it may: what comes is not settled, nothing is lost, and its reading lets more come.
func TestBlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := hold(t, session.Options{})
		s := h.Stats()
		if s.Hold.Holders != 1 || s.Hold.Holding != 1 || s.Queued != surplus || !strings.Contains(s.Waiting, "holds it up (slow: block), 10 snapshots") {
			t.Errorf("%+v", s)
		}
		if log := h.log(); len(log) != 1 || !strings.Contains(log[0], `a follower, token ci, of key "k" holds it up`) {
			t.Errorf("told %q", log)
		}
		time.Sleep(2 * time.Second)
		if got := lines(next(t, h.f, mayLack)); got != "s2 s3 s4 s5 s6 s7 s8 s9 s10 s11" {
			t.Error(got)
		}
		if n := h.durable(); n != 1+mayLack {
			t.Errorf("%d are durable while the follower has not sent what it was given", n)
		}
		if got := lines(next(t, h.f, surplus)); got != "s12 s13 s14 s15 s16" {
			t.Error(got)
		}
		h.flows(t, "the follower read on")
		if s := h.Stats(); s.Hold.Held != 2*time.Second || s.Slow != 0 || len(h.log()) != 1 {
			t.Errorf("%+v, told %q", s, h.log())
		}
	})
}

// Who holds for too long is ended as by Disconnect, and what waits comes at once.
func TestBlockEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := hold(t, session.Options{})
		time.Sleep(mayHold - time.Nanosecond)
		if n := h.durable(); n != 1+mayLack {
			t.Errorf("%d are durable before the time is over", n)
		}
		time.Sleep(time.Nanosecond)
		h.flows(t, "the time was over")
		var slow *session.SlowError
		if _, err := h.f.Next(t.Context()); !errors.As(err, &slow) || slow.Cursor.ID != 1 || slow.Held != mayHold || slow.Count != mayLack+surplus ||
			!strings.Contains(err.Error(), "held the session up for 7s") {
			t.Errorf("%v", err)
		}
		if s := h.Stats(); s.Slow != 1 || s.Hold.Holders != 0 || s.Hold.Held != mayHold {
			t.Errorf("%+v", s)
		}
		if log := h.log(); len(log) != 2 || !strings.Contains(log[1], "has held it up for 7s and is let go") {
			t.Errorf("told %q", log)
		}
		g := follow(t, h.Sessions, session.FollowRequest{Key: "k", From: session.After, After: slow.Cursor, Policy: session.Block})
		if got := lines(next(t, g, mayLack+surplus)[:1]); got != "s2" {
			t.Errorf("resumed with %s", got)
		}
	})
}

// The end of a follower, of what it stands for and of the sessions free what it held at once.
func TestBlockFree(t *testing.T) {
	for name, free := range map[string]func(t *testing.T, h *held){
		"it was closed":           func(_ *testing.T, h *held) { h.f.Close() },
		"its context ended":       func(_ *testing.T, h *held) { h.ends() },
		"an operator let it flow": func(_ *testing.T, h *held) { done := h.Flow(); synctest.Wait(); done() },
		"another key was deleted": func(t *testing.T, h *held) {
			if err := h.Delete(t.Context(), "other"); err != nil {
				t.Error(err)
			}
		},
		"its key was deleted": func(t *testing.T, h *held) {
			if err := h.Delete(t.Context(), "k"); err != nil {
				t.Error(err)
			}
		},
		"the sessions were closed": func(t *testing.T, h *held) { shut(t, h.Sessions) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := hold(t, session.Options{})
				began := time.Now()
				free(t, h)
				h.flows(t, name)
				if took := time.Since(began); took != 0 {
					t.Errorf("it took %s", took)
				}
			})
		})
	}
}

// Retention takes nothing of what a follower lacks that holds the name up, although it may lack more than is kept.
func TestBlockRetain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const keep, n = 3, 40
		for _, r := range []session.FollowRequest{{Key: "k", From: session.Now}, {All: true, From: session.Now}} {
			s, p := start(t, session.Options{Block: time.Hour, Retain: session.Retain{Snapshots: keep}}), newSender("a")
			p.emit(t, s, "k", "0")
			r.Policy, r.MaxBatch = session.Block, 2
			f := follow(t, s, r)
			(&held{f: f}).live(t)
			go func() {
				for i := range n {
					p.give(t, s, p.effect("k", fmt.Sprint(i+1, strings.Repeat(" ", 400<<10)))) // the ring has room for two
				}
			}()
			for want := uint64(2); want <= n+1; {
				time.Sleep(time.Second)
				for _, e := range next(t, f, 1) {
					if e.Kind != session.KindSnapshot || e.Cursor.ID != want {
						t.Fatalf("%+v: %s, want s%d", r, line(e), want)
					}
					want++
				}
			}
			synctest.Wait()
			if s.Stats().Trimmed == 0 {
				t.Error("nothing was trimmed: the test shows nothing")
			}
		}
	})
}

// A follower that catches up holds nobody up, and one that gathers by its own wish is told at once.
func TestBlockPatient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, p := start(t, session.Options{MaxLag: mayLack, Block: mayHold}), newSender("a")
		for i := range 3 * mayLack {
			p.emit(t, s, "k", fmt.Sprint(i+1))
		}
		follow(t, s, session.FollowRequest{Key: "k", From: session.Beginning, Policy: session.Block})
		p.emit(t, s, "k", "one more")
		g := follow(t, s, session.FollowRequest{Key: "k", From: session.Now, Policy: session.Block, Coalesce: time.Second})
		began := time.Now()
		go func() {
			for i := range 2 * mayLack {
				p.give(t, s, p.effect("k", fmt.Sprint(i)))
			}
		}()
		next(t, g, mayLack)
		if took := time.Since(began); took != 0 {
			t.Errorf("it gathered for %s while it held the name up", took)
		}
	})
}

func TestBlockRefused(t *testing.T) {
	m := memory.New()
	t.Cleanup(func() { m.Close() })
	s := start(t, session.Options{Store: m})
	_, err := s.Follow(t.Context(), session.FollowRequest{Key: "k", From: session.Now, Policy: session.Block})
	if !errors.Is(err, session.ErrBlock) || !strings.Contains(err.Error(), "sessions.s.follow.block: 10s") {
		t.Errorf("%v", err)
	}
	if n := s.Stats().Followers; n != 0 {
		t.Errorf("%d followers", n)
	}
}
