package session_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/session"
	"github.com/peltonhq/pelton/store/memory"
)

// inLines writes a snapshot as a line.
var inLines = &session.Encoding{Append: func(dst []byte, e *session.Event) []byte {
	return fmt.Appendf(dst, "%s %s %s\n", e.Cursor, e.Key, e.Snapshot.Payload)
}}

// pipe is an outlet that now and then takes less than all.
type pipe struct {
	mu     sync.Mutex
	random *rand.Rand // nil: it takes everything
	text   []byte
	offers int
}

func (p *pipe) Offer(run []byte) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.offers++
	n := len(run)
	if p.random != nil && p.random.IntN(3) == 0 {
		n = p.random.IntN(n) * p.random.IntN(2)
	}
	p.text = append(p.text, run[:n]...)
	return n
}

// lines takes the whole lines.
func (p *pipe) lines(t *testing.T) (events []session.Event) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		line, rest, whole := bytes.Cut(p.text, []byte("\n"))
		if !whole {
			return events
		}
		p.text = rest
		var at, key, payload string
		if _, err := fmt.Sscan(string(line), &at, &key, &payload); err != nil {
			t.Errorf("line %q: %v", line, err)
		}
		c, err := pelton.ParseCursor(at)
		if err != nil {
			t.Error(err)
		}
		_, id, _ := bytes.Cut([]byte(payload), []byte(":"))
		var n uint64
		fmt.Sscan(string(id), &n)
		events = append(events, session.Event{
			Kind: session.KindSnapshot, Key: key, Cursor: c, Snapshot: &pelton.Snapshot{Key: key, ID: n, Payload: []byte(payload)},
		})
	}
}

// next takes what comes, as bytes where the reader takes those.
func (x *reading) next(ctx context.Context, t *testing.T) ([]session.Event, error) {
	if x.out == nil {
		return x.f.Next(ctx)
	}
	run, events, err := x.f.NextRun(ctx, inLines)
	x.out.mu.Lock()
	x.out.text = append(x.out.text, run...)
	x.out.mu.Unlock()
	return append(x.out.lines(t), events...), err
}

// Followers at the same place are given the same bytes; who waits is given them without being woken; nobody holds them when all
// are gone.
func TestShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New()
		defer m.Close()
		s := open(t, session.Options{Store: m, Shards: 1})
		p := newSender("a")
		p.give(t, s, p.effect("k", "k:1")) // born
		synctest.Wait()
		var waits, takes [2]*session.Follower
		var outs [2]pipe
		var woken sync.WaitGroup
		for i := range waits {
			takes[i] = follow(t, s, session.FollowRequest{Key: "k", From: session.Now})
			waits[i] = follow(t, s, session.FollowRequest{Key: "k", From: session.Now})
			waits[i].Outlet(&outs[i])
			woken.Go(func() {
				run, events, err := waits[i].NextRun(t.Context(), inLines)
				if run != nil || err != nil || lines(events) != "closed" {
					t.Errorf("woken for %q %s %v", run, lines(events), err)
				}
			})
		}
		synctest.Wait()
		for n := range 3 {
			p.give(t, s, p.effect("k", fmt.Sprint("k:", n+2)))
			synctest.Wait()
		}
		a, _, errA := takes[0].NextRun(t.Context(), inLines)
		b, _, errB := takes[1].NextRun(t.Context(), inLines)
		if errA != nil || errB != nil || len(a) == 0 || &a[0] != &b[0] || len(a) != len(b) || bytes.Count(a, []byte("\n")) != 3 {
			t.Errorf("%q and %q, %v %v; want three lines, the same bytes", a, b, errA, errB)
		}
		for i := range outs {
			if outs[i].offers != 3 || !bytes.Equal(outs[i].text, a) {
				t.Errorf("outlet %d was offered %q in %d parts", i, outs[i].text, outs[i].offers)
			}
		}
		if got := s.Stats().Shared; got <= 0 || got > 64<<10 {
			t.Errorf("%d bytes are shared", got)
		}
		shut(t, s)
		woken.Wait()
		for i := range waits {
			takes[i].Close()
			waits[i].Close()
		}
		if got := s.Stats().Shared; got != 0 {
			t.Errorf("%d bytes are shared by nobody", got)
		}
	})
}

// A lone follower is given events: sharing with nobody is a copy.
func TestAlone(t *testing.T) {
	m := memory.New()
	defer m.Close()
	s := open(t, session.Options{Store: m})
	defer shut(t, s)
	p := newSender("a")
	f := follow(t, s, session.FollowRequest{Key: "k", From: session.Beginning})
	p.give(t, s, p.effect("k", "k:1"))
	run, events, err := f.NextRun(t.Context(), inLines)
	if run != nil || err != nil || lines(events) != "s1" || s.Stats().Shared != 0 {
		t.Errorf("%q %s %v, %d bytes shared", run, lines(events), err, s.Stats().Shared)
	}
}

// A token may end at any moment, also before the follower has its outlet.
func TestCloseBesideOutlet(t *testing.T) {
	m := memory.New()
	defer m.Close()
	s := open(t, session.Options{Store: m})
	defer shut(t, s)
	for range 100 {
		f := follow(t, s, session.FollowRequest{Key: "k", From: session.Beginning})
		var closer sync.WaitGroup
		closer.Go(f.Close)
		f.Outlet(&pipe{})
		if _, _, err := f.NextRun(t.Context(), inLines); !errors.Is(err, session.ErrClosed) {
			t.Errorf("got %v, want ErrClosed", err)
		}
		closer.Wait()
	}
}

// Whoever gathers for a time is told once in it, of everything; each for its own time, and others at once.
func TestGather(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New()
		defer m.Close()
		s := open(t, session.Options{Store: m, Shards: 1})
		p := newSender("a")
		began := time.Now()
		var told [3][]string
		var readers sync.WaitGroup
		for i, d := range []time.Duration{0, 160 * time.Millisecond, 800 * time.Millisecond} {
			f := follow(t, s, session.FollowRequest{Key: "k", From: session.Beginning, Coalesce: d})
			readers.Go(func() {
				for {
					events, err := f.Next(t.Context())
					if err != nil {
						return
					}
					told[i] = append(told[i], fmt.Sprint(time.Since(began).Milliseconds(), " ", lines(events)))
				}
			})
		}
		for n := range 4 {
			synctest.Wait()
			p.give(t, s, p.effect("k", fmt.Sprint("k:", n+1)))
			time.Sleep(80 * time.Millisecond)
		}
		time.Sleep(time.Second)
		shut(t, s)
		readers.Wait()
		want := [3]string{
			"[0 s1 80 s2 160 s3 240 s4 1320 closed]",
			"[170 s1 s2 s3 410 s4 1320 closed]", // a sixteenth more
			"[850 s1 s2 s3 s4 1320 closed]",
		}
		for i := range want {
			if got := fmt.Sprint(told[i]); got != want[i] {
				t.Errorf("told %s, want %s", got, want[i])
			}
		}
	})
}
