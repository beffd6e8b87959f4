package api

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/session"
)

// The words of a follow are those of package session.
type (
	// From says where a follow starts.
	From = session.From
	// OnGap says what happens when snapshots that the follower asked for are gone.
	OnGap = session.OnGap
	// Slow says what happens to a follower that reads too slowly.
	Slow = session.Policy
	// Hello tells where a follow begins.
	Hello = session.Hello
	// Event is one thing that a follower is told: a snapshot, a gap, a deletion, or that nothing follows.
	Event = session.Event
	// Gap declares that snapshots are missing.
	Gap = session.Gap
)

// Where a follow starts, what happens at gaps, what to slow followers, and the kinds of event.
const (
	FromBeginning = session.Beginning
	FromAfter     = session.After
	FromLatest    = session.Latest
	FromNow       = session.Now

	OnGapFail  = session.OnGapError
	OnGapReset = session.OnGapReset

	SlowDisconnect = session.Disconnect
	SlowConflate   = session.Conflate
	SlowBlock      = session.Block

	KindSnapshot = session.KindSnapshot
	KindGap      = session.KindGap
	KindDeleted  = session.KindDeleted
	KindClosed   = session.KindClosed
)

// FollowRequest says whom to follow, from where, and how.
type FollowRequest struct {
	Name, Key string
	Log       bool   // every key of the name, by log cursors; Key must be empty
	From      From   // 0: After when that is set, else Latest
	After     string // a cursor; with FromAfter, the empty one is the beginning
	OnGap     OnGap
	Slow      Slow

	Keys     []string      // with Log: only these, and those that begin with Prefix; neither means every key
	Prefix   string        //
	Coalesce time.Duration // what comes within this time is told together; at most 1 s
}

// maxCoalesce keeps a follow from looking dead.
const maxCoalesce = time.Second

// Feed is a follow in progress. One goroutine at a time calls Next; Close may be called from any, and must be.
type Feed struct {
	s     *Service
	f     *session.Follower
	stop  func() bool // no longer end with the service
	done  func()      // no longer counted
	once  sync.Once
	ended bool

	caller  *Principal
	unwatch func()
	expired atomic.Bool
}

// Follow begins to follow a session, or the log of a whole name. Cursors that cannot be followed are [OutOfRange],
// with where to resume; malformed ones, or those of the other kind, [InvalidArgument].
func (s *Service) Follow(ctx context.Context, r FollowRequest) (*Feed, error) {
	if err := s.allow(ctx, "Follow", target{session: r.Name, key: r.Key, all: r.Log}); err != nil {
		return nil, err
	}
	sessions, err := s.b.Sessions.Open(r.Name)
	if err != nil {
		return nil, Wrap(err)
	}
	request, err := r.request()
	if err != nil {
		return nil, err
	}
	request.Who = strings.TrimSuffix(who(ctx, "")+" at "+CallerOf(ctx).From, " at ")
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed.Err() != nil {
		return nil, Errorf(Unavailable, "follow %s: %w", r.Name, errShutdown)
	}
	done, err := s.stream()
	if err != nil {
		return nil, err
	}
	f, err := sessions.Follow(ctx, request)
	if err != nil {
		done()
		return nil, Wrap(err)
	}
	s.feeds.Add(1)
	feed := &Feed{s: s, f: f, stop: context.AfterFunc(s.closed, f.Close), done: done, caller: CallerOf(ctx).Principal}
	feed.watch()
	return feed, nil
}

// watch ends the follow when what its caller has proven ends.
func (f *Feed) watch() {
	proven, stop := Caller{Principal: f.caller}.expiry()
	f.unwatch = stop
	if proven.Done() != nil {
		cancel := context.AfterFunc(proven, func() {
			f.expired.Store(true)
			f.f.Close()
		})
		f.unwatch = func() { cancel(); stop() }
	}
}

func (r FollowRequest) request() (session.FollowRequest, error) {
	out := session.FollowRequest{Key: r.Key, All: r.Log, From: r.From, OnGap: r.OnGap, Policy: r.Slow, Keys: r.Keys, Prefix: r.Prefix, Coalesce: r.Coalesce}
	switch {
	case r.Log && r.Key != "":
		return out, Errorf(InvalidArgument, "follow %s: the whole name and key %q were asked for; want one of them", r.Name, r.Key)
	case !r.Log && (len(r.Keys) > 0 || r.Prefix != ""):
		return out, Errorf(InvalidArgument, "follow %s: keys and prefix select from the whole name; want log, or one key", r.Name)
	case r.Coalesce < 0 || r.Coalesce > maxCoalesce:
		return out, Errorf(InvalidArgument, "follow %s: coalesce %s: want 0 to %s", r.Name, r.Coalesce, maxCoalesce)
	case r.From > FromNow || r.OnGap > OnGapReset || r.Slow > SlowBlock:
		return out, Errorf(InvalidArgument, "follow %s: from, on_gap or slow has an unknown value", r.Name)
	case r.From == 0 && r.After != "":
		out.From = FromAfter
	case r.From == 0:
		out.From = FromLatest
	case r.From == FromAfter && r.After == "":
		out.From = FromBeginning
	case r.From != FromAfter && r.After != "":
		return out, Errorf(InvalidArgument, "follow %s: cursor %q was given together with another start; want one of them", r.Name, r.After)
	}
	if out.From != FromAfter {
		return out, nil
	}
	cursor, err := pelton.ParseCursor(r.After)
	if err != nil {
		return out, Errorf(InvalidArgument, "follow %s: %w", r.Name, err)
	}
	out.After = cursor
	return out, nil
}

// Hello tells where the feed begins.
func (f *Feed) Hello() Hello { return f.f.Hello() }

// Cursor is the place after the last event that Next returned; the zero Cursor while the key is not born.
func (f *Feed) Cursor() pelton.Cursor { return f.f.Cursor() }

// Current reports whether the feed gave everything that is durable.
func (f *Feed) Current() bool { return f.f.Current() }

// Next waits for events and returns at least one, in order. Their snapshots are shared by all followers: read only.
// After [KindClosed] it returns io.EOF, and when the caller's token ends [Unauthenticated] with where to resume. When ctx ends first, Next may be called again.
func (f *Feed) Next(ctx context.Context) ([]Event, error) {
	_, events, err := f.NextRun(ctx, nil)
	return events, err
}

// Outlet lets what comes go out while NextRun waits. It is called before that, or never; o is used until Close.
func (f *Feed) Outlet(o session.Outlet) { f.f.Outlet(o) }

// NextRun is [Feed.Next] for a transport that can send snapshots as bytes which all followers of the session share: it gives
// either some, or events. Nobody may change them; they may be kept.
func (f *Feed) NextRun(ctx context.Context, as *session.Encoding) (run []byte, events []Event, err error) {
	if f.ended {
		return nil, nil, io.EOF
	}
	run, events, err = f.f.NextRun(ctx, as)
	if errors.Is(err, session.ErrClosed) && f.s.closed.Err() != nil {
		events, err = []Event{{Kind: KindClosed, Cursor: f.f.Cursor()}}, nil
	}
	if errors.Is(err, session.ErrClosed) && f.expired.Load() {
		return nil, nil, expired(f.caller).With(DetailResume, cursorText(f.f.Cursor()))
	}
	if err != nil {
		return nil, nil, Wrap(err)
	}
	f.ended = run == nil && events[len(events)-1].Kind == KindClosed
	return run, events, nil
}

func cursorText(c pelton.Cursor) string {
	if !c.Valid() {
		return ""
	}
	return c.String()
}

// Close lets go of the session.
func (f *Feed) Close() {
	f.once.Do(func() {
		f.stop()
		f.unwatch()
		f.f.Close()
		f.done()
		f.s.feeds.Done()
	})
}
