package session_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/session"
	"github.com/peltonhq/pelton/store"
	"github.com/peltonhq/pelton/store/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// sender stands for a loop: it gives effects tokens and marks, and knows what was completed.
type sender struct {
	name string

	mu    sync.Mutex
	cond  *sync.Cond
	sent  []pelton.Effect
	done  map[uint64]error
	twice int
	rooms int
	room  chan struct{}
}

func newSender(name string) *sender {
	p := &sender{name: name, done: map[uint64]error{}, room: make(chan struct{}, 1)}
	p.cond = sync.NewCond(&p.mu)
	return p
}

func (p *sender) Complete(token uint64, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.done[token]; ok {
		p.twice++
	}
	p.done[token] = err
	p.cond.Broadcast()
}

func (p *sender) Room() {
	p.mu.Lock()
	p.rooms++
	p.mu.Unlock()
	select {
	case p.room <- struct{}{}:
	default:
	}
}

// effect is the n-th effect of this sender.
func (p *sender) effect(key, payload string) pelton.Effect {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := uint64(len(p.sent))
	e := pelton.Effect{
		ID: pelton.EffectID{
			Message: pelton.MessageID{Lane: pelton.LaneID{Source: p.name, Incarnation: "i", Lane: "0"}, Position: n, Path: "plugin#0"},
			Target:  pelton.Target{Kind: pelton.TargetSession, Name: "s"},
		},
		Token: n, Key: []byte(key), Payload: []byte(payload), ContentType: "text/plain",
		Time: time.Unix(int64(n), 0).UTC(), Mark: mark(p.name, n),
	}
	p.sent = append(p.sent, e)
	return e
}

// give offers all effects, waiting for room as a loop does.
func (p *sender) give(t testing.TB, s *session.Sessions, effects ...pelton.Effect) {
	t.Helper()
	for len(effects) > 0 {
		n := s.Offer(effects, p)
		if effects = effects[n:]; len(effects) > 0 {
			<-p.room
		}
	}
}

// emit offers one effect and waits until it is settled.
func (p *sender) emit(t testing.TB, s *session.Sessions, key, payload string) {
	t.Helper()
	e := p.effect(key, payload)
	p.give(t, s, e)
	if err := p.wait(e.Token); err != nil {
		t.Fatalf("emit %q to %q: %v", payload, key, err)
	}
}

func (p *sender) wait(token uint64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		if err, ok := p.done[token]; ok {
			return err
		}
		p.cond.Wait()
	}
}

func (p *sender) settled(token uint64) (bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	err, ok := p.done[token]
	return ok, err
}

func open(t testing.TB, o session.Options) *session.Sessions {
	t.Helper()
	if o.Name == "" {
		o.Name = "s"
	}
	s, err := session.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func start(t testing.TB, o session.Options) *session.Sessions {
	t.Helper()
	if o.Store == nil {
		m := memory.New()
		t.Cleanup(func() { m.Close() })
		o.Store = m
	}
	s := open(t, o)
	t.Cleanup(func() { shut(t, s) })
	return s
}

func shut(t testing.TB, s *session.Sessions) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := s.Close(ctx); err != nil && !errors.Is(err, store.ErrFailed) {
		t.Errorf("close: %v", err)
	}
}

// reducer is a Reducer of a plain function.
type reducer func(ctx context.Context, folds []session.Fold) error

func (r reducer) Fold(ctx context.Context, folds []session.Fold) error { return r(ctx, folds) }

// concat is a reducer whose state is all emits so far, joined.
func concat(_ context.Context, folds []session.Fold) error {
	for i := range folds {
		f := &folds[i]
		f.Next = fmt.Appendf(nil, "%s%s;", f.State, f.Emit)
	}
	return nil
}

func follow(t testing.TB, s *session.Sessions, r session.FollowRequest) *session.Follower {
	t.Helper()
	f, err := s.Follow(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return f
}

// next takes events until there are n.
func next(t testing.TB, f *session.Follower, n int) []session.Event {
	t.Helper()
	var events []session.Event
	for len(events) < n {
		more, err := f.Next(t.Context())
		if err != nil {
			t.Fatalf("after %d of %d events: %v", len(events), n, err)
		}
		events = append(events, more...)
	}
	return events
}

// line is an event in short: "s3" snapshot 3, "g4-7:trimmed" ids 4 to 7 are missing, "deleted", "closed".
func line(e session.Event) string {
	switch e.Kind {
	case session.KindSnapshot:
		return fmt.Sprintf("s%d", e.Cursor.ID)
	case session.KindGap:
		if e.Gap.Reason == session.Epoch {
			return "epoch"
		}
		return fmt.Sprintf("g%d-%d:%s", e.Gap.From.ID+1, e.Gap.To.ID, e.Gap.Reason)
	case session.KindDeleted:
		return "deleted"
	case session.KindClosed:
		return "closed"
	}
	return "?"
}

func lines(events []session.Event) string {
	var text strings.Builder
	for i, e := range events {
		if i > 0 {
			text.WriteString(" ")
		}
		text.WriteString(line(e))
	}
	return text.String()
}

// mark is one of a lane, as a wheel's are: those of an append share a record.
func mark(lane string, n uint64) []byte {
	key := store.AppendString(slices.Clone(store.LaneMarks), "source")
	key = store.AppendString(store.AppendString(key, lane), "1")
	return store.AppendUint64(key, n)
}
