package session_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/session"
	"github.com/peltonhq/pelton/store/memory"
)

// reading is one reader's view of a range: where it stands and what it was told. It resumes by cursor when the
// sessions restart, and after every error that says where.
type reading struct {
	r         session.FollowRequest
	f         *session.Follower
	at        pelton.Cursor // covered up to here
	snapshots int
	gaps      int
	shared    bool // it takes runs
	out       *pipe
}

// take checks that an event continues what was covered (S1).
func (x *reading) take(t *testing.T, e session.Event) {
	t.Helper()
	switch e.Kind {
	case session.KindSnapshot:
		if x.at.ID+1 != e.Cursor.ID || x.at.Epoch != e.Cursor.Epoch {
			t.Fatalf("S1: %+v: snapshot %s after %s", x.r, e.Cursor, x.at)
		}
		if want := fmt.Sprint(e.Snapshot.Key, ":", e.Snapshot.ID); string(e.Snapshot.Payload) != want {
			t.Fatalf("%+v: payload %q, want %q", x.r, e.Snapshot.Payload, want)
		}
		x.snapshots++
	case session.KindGap:
		if e.Gap.From != x.at || e.Gap.To.ID <= x.at.ID || e.Gap.To != e.Cursor || e.Gap.To.Epoch != x.at.Epoch {
			t.Fatalf("S1: %+v: gap %+v after %s", x.r, e.Gap, x.at)
		}
		x.gaps++
	case session.KindClosed:
		return
	default:
		t.Fatalf("%+v: event %+v", x.r, e)
	}
	x.at = e.Cursor
}

// run reads until goal is covered, or the sessions are closed.
func (x *reading) run(t *testing.T, s *session.Sessions, goal func() uint64, r *rand.Rand) {
	for goal() == 0 || x.at.ID < goal() {
		if x.f == nil && !x.open(t, s) {
			return
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond) // only to look at the goal again
		events, err := x.next(ctx, t)
		cancel()
		for _, e := range events {
			x.take(t, e)
		}
		var gone *session.GoneError
		var slow *session.SlowError
		switch {
		case errors.Is(err, context.DeadlineExceeded) || err == nil && r.IntN(20) > 0:
			continue
		case errors.As(err, &gone):
			if x.r.OnGap != session.OnGapError || gone.Reason != session.Trimmed || gone.Resume().ID <= x.at.ID {
				t.Errorf("S1: %+v at %s: %v", x.r, x.at, err)
				return
			}
			x.at = gone.Resume() // the error says that what is between is gone
			x.gaps++
		case errors.As(err, &slow):
			if slow.Cursor != x.at {
				t.Errorf("S1: slow at %s, was given up to %s", slow.Cursor, x.at)
			}
		case errors.Is(err, session.ErrClosed):
			x.f.Close()
			x.f = nil
			return
		case err != nil:
			t.Errorf("%+v at %s: %v", x.r, x.at, err)
			return
		}
		x.f.Close()
		x.f = nil // and resume by cursor
	}
}

func (x *reading) open(t *testing.T, s *session.Sessions) bool {
	r := x.r
	if x.at.Valid() {
		r.From, r.After = session.After, x.at
	}
	f, err := s.Follow(t.Context(), r)
	var gone *session.GoneError
	if errors.As(err, &gone) && r.OnGap == session.OnGapError && gone.Reason == session.Trimmed {
		x.at = gone.Resume()
		x.gaps++
		return x.open(t, s)
	}
	if err != nil {
		if !errors.Is(err, session.ErrClosed) {
			t.Errorf("%+v after %s: %v", r, x.at, err)
		}
		return false
	}
	x.f = f
	if x.shared {
		x.out = &pipe{random: rand.New(rand.NewPCG(x.at.ID, 1))}
		f.Outlet(x.out)
	}
	if !x.at.Valid() {
		x.at = f.Hello().Cursor
	}
	return true
}

// Followers of every policy, batch and kind, while a count trims, over restarts: what each is given and told is
// missing tiles the range exactly.
func TestTiling(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	disk, p := memory.NewDisk(), newSender("a")
	var readers []*reading
	for _, all := range []bool{false, true} {
		for _, gap := range []session.OnGap{session.OnGapError, session.OnGapReset} {
			for _, policy := range []session.Policy{session.Disconnect, session.Conflate, session.Block} {
				for i, batch := range []int{1, 7, 256, 7, 256} {
					r := session.FollowRequest{Key: "k1", All: all, From: session.Beginning, OnGap: gap, Policy: policy, MaxBatch: batch}
					if i == 4 {
						r.Coalesce = 2 * time.Millisecond
					}
					readers = append(readers, &reading{r: r, shared: i > 2})
				}
			}
		}
	}
	const rounds, each, keys = 4, 600, 3
	ids := map[string]int{}
	for round := range rounds {
		m, err := disk.Open()
		if err != nil {
			t.Fatal(err)
		}
		s := open(t, session.Options{Store: m, Retain: session.Retain{Snapshots: 20}, MaxLag: 50, Shards: 2, Block: 5 * time.Millisecond})
		if round == 0 {
			give(t, p, s, ids, keys, keys) // born, so that a beginning has a cursor
			for _, e := range p.sent {
				if err := p.wait(e.Token); err != nil {
					t.Fatal(err)
				}
			}
		}
		tile(t, s, p, readers, ids, each, keys, seed+uint64(round))
		shut(t, s)
		m.Close()
	}
	gaps := 0
	for _, x := range readers {
		gaps += x.gaps
		covered := uint64(ids["k1"])
		if x.r.All {
			covered = uint64(len(p.sent))
		}
		if x.at.ID != covered || x.snapshots == 0 {
			t.Errorf("%+v covered %d of %d, %d snapshots", x.r, x.at.ID, covered, x.snapshots)
		}
	}
	if gaps == 0 {
		t.Error("nobody met a gap: the test shows nothing")
	}
}

func give(t *testing.T, p *sender, s *session.Sessions, ids map[string]int, n, keys int) {
	for i := range n {
		key := fmt.Sprint("k", i%keys)
		ids[key]++
		p.give(t, s, p.effect(key, fmt.Sprint(key, ":", ids[key])))
	}
}

// tile is one life of the sessions: readers run beside the sender until they covered everything.
func tile(t *testing.T, s *session.Sessions, p *sender, readers []*reading, ids map[string]int, n, keys int, seed uint64) {
	t.Helper()
	ends := make(chan [2]uint64, 1)
	var goals [2]uint64
	ready := make(chan struct{})
	go func() { goals = <-ends; close(ready) }()
	done := make(chan struct{})
	for i, x := range readers {
		go func() {
			defer func() { done <- struct{}{} }()
			x.f = nil
			x.run(t, s, func() uint64 {
				select {
				case <-ready:
				default:
					return 0
				}
				if x.r.All {
					return goals[1]
				}
				return goals[0]
			}, rand.New(rand.NewPCG(seed, uint64(i))))
			if x.f != nil {
				x.f.Close()
			}
		}()
	}
	give(t, p, s, ids, n, keys)
	ends <- [2]uint64{uint64(ids["k1"]), uint64(len(p.sent))}
	for range readers {
		<-done
	}
}
