package session

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/session/internal/feed"
	"github.com/peltonhq/pelton/session/internal/place"
	"github.com/peltonhq/pelton/store"
)

// From says where a follower begins.
type From uint8

// The beginnings. The zero From is invalid.
const (
	Beginning From = iota + 1 // with the oldest snapshot that is kept
	After                     // behind FollowRequest.After
	Latest                    // with the newest snapshot
	Now                       // with the next one to be made
)

// OnGap says what a follower does when it meets a hole that it did not ask for. The log of a whole name has holes
// wherever retention removed something of any key, so followers of All want OnGapReset.
type OnGap uint8

// What to do at a hole.
const (
	OnGapError OnGap = iota // end with a [GoneError]
	OnGapReset              // declare it with a [Gap] and go on
)

// Policy says what happens to a follower that is slower than its session.
type Policy uint8

// The policies.
const (
	Disconnect Policy = iota // end with a [SlowError] once it was live and falls behind Options.MaxLag or LagByte
	Conflate                 // jump to the newest when more than MaxBatch are waiting; every hole of an epoch is a [Gap]
	Block                    // hold the name up while it would fall behind further than that, for Options.Block at a time; then Disconnect
)

// Limits of followers.
const (
	maxBatch        = 256 // events of one Next, and the default
	defaultLag      = 65_536
	defaultLagBytes = 64 << 20
	defaultRecent   = 1 << 20
)

// FollowRequest says whom to follow, from where, and how.
type FollowRequest struct {
	Key      string
	All      bool // the whole session name by its log; Key is not used
	From     From
	After    pelton.Cursor // From After: of the key, or with All of the log
	OnGap    OnGap
	Policy   Policy
	MaxBatch int           // events of one Next, at most and by default 256
	Coalesce time.Duration // a change is told together with all others that come within this time
	Who      string        // with policy Block: for people who look for who it is

	Keys   []string // with All: only these, and those that begin with Prefix; neither means every key
	Prefix string
}

func (r *FollowRequest) filters() bool { return len(r.Keys) > 0 || r.Prefix != "" }

// wants reports whether an event is given: all but what is of another key.
func (r *FollowRequest) wants(e *Event) bool {
	if !r.filters() || e.Kind != KindSnapshot && e.Kind != KindDeleted {
		return true
	}
	return r.Prefix != "" && strings.HasPrefix(e.Key, r.Prefix) || slices.Contains(r.Keys, e.Key)
}

// Hello tells where a follower begins. All is zero while the key is not born.
type Hello struct {
	Epoch          uint64
	Oldest, Latest uint64        // ids (seqs with All) that are kept; 0 when there are none
	Cursor         pelton.Cursor // what was given so far: the place before the first event
}

// The words of what a follower is told.
type (
	// Kind says what an [Event] is.
	Kind = place.Kind
	// Event is one thing that a follower is told.
	Event = place.Event
	// Gap declares that what lies behind From, up to and including To, is not given (S1).
	Gap = place.Gap
	// Encoding is how a transport writes snapshots, see [Follower.NextRun].
	Encoding = feed.Encoding
	// Reason says why a range of ids is missing.
	Reason = place.Reason
)

// The kinds of event, and the reasons of a [Gap] and of a [GoneError].
const (
	KindSnapshot = place.KindSnapshot
	KindGap      = place.KindGap
	KindDeleted  = place.KindDeleted
	KindClosed   = place.KindClosed

	Trimmed   = place.Trimmed
	Conflated = place.Conflated
	Epoch     = place.Epoch
	Future    = place.Future
	Deleted   = place.Deleted
)

// Follow begins to follow a key or the whole name. A key that is not born yet is waited for. A cursor that cannot be
// followed is a [GoneError], or [ErrCursorKind]. With policy Block the follower holds nobody up once ctx has ended.
func (s *Sessions) Follow(ctx context.Context, r FollowRequest) (*Follower, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if r.From < Beginning || r.From > Now {
		return nil, fmt.Errorf("session %s: follow: From is not set", s.o.Name)
	}
	if r.From == After {
		if err := s.checkCursor(r); err != nil {
			return nil, err
		}
	}
	if r.Policy == Block && s.o.Block == 0 {
		return nil, fmt.Errorf("session %s: %w: slow: block is for names with follow.block in the config (sessions.%s.follow.block: 10s); follow with disconnect or conflate",
			s.o.Name, ErrBlock, s.o.Name)
	}
	if r.MaxBatch <= 0 || r.MaxBatch > maxBatch {
		r.MaxBatch = maxBatch
	}
	if r.All {
		r.Key = ""
	} else if r.filters() {
		return nil, fmt.Errorf("session %s: follow: keys or a prefix select from the whole name, and one key was asked for: %w", s.o.Name, ErrCursorKind)
	}
	of, ok := s.hub.attach(r.Key, r.All)
	if !ok {
		return nil, fmt.Errorf("session %s: follow: %w", s.o.Name, ErrClosed)
	}
	f := &Follower{s: s, r: r, feed: of, gather: of.Gather(r.Coalesce), quit: make(chan struct{})}
	if s.counts.follow.Add(1); r.Policy == Block {
		f.holder = s.hub.gate.Join(of, f.gather, r.who())
		f.letGo = context.AfterFunc(ctx, f.holder.Leave)
	}
	if err := f.begin(); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// who is the follower in words.
func (r *FollowRequest) who() string {
	text := "a follower"
	if r.Who != "" {
		text += ", " + r.Who + ","
	}
	if r.All {
		return text + " of the whole name"
	}
	return fmt.Sprintf("%s of key %.80q", text, r.Key)
}

func (s *Sessions) checkCursor(r FollowRequest) error {
	switch {
	case !r.After.Valid():
		return fmt.Errorf("session %s: follow: From is After, but there is no cursor", s.o.Name)
	case r.After.Log && !r.All:
		return fmt.Errorf("session %s key %.80q: cursor %s is of the whole name, not of a key: %w", s.o.Name, r.Key, r.After, ErrCursorKind)
	case !r.After.Log && r.All:
		return fmt.Errorf("session %s: cursor %s is of one key; the whole name is followed by its log cursor, @epoch:seq: %w", s.o.Name, r.After, ErrCursorKind)
	}
	return nil
}

// begin finds the follower's place. The feed already gets every later change, so nothing falls between this look at
// the store and the first Next.
func (f *Follower) begin() error {
	v := f.s.o.Store.View()
	defer v.Close()
	m, err := f.s.markOf(v, f.r.Key, f.r.All)
	if err != nil {
		return err
	}
	if err := f.place(v, m); err != nil {
		return err
	}
	if f.pos.Step(m) == place.Wait {
		f.live, f.seen = true, f.feed.Bytes()
		f.holder.Stand(f.pos, f.seen, true)
	}
	return nil
}

// place puts the follower where its request says.
func (f *Follower) place(v store.Reader, m place.Mark) (err error) {
	f.feed.Load(m, f.gather)
	oldest := uint64(0)
	if m.Epoch != 0 && m.End != place.Gone {
		if oldest, err = f.s.firstFrom(v, f.r.Key, f.r.All, m.Epoch, 0); err != nil {
			return err
		}
		f.hello = Hello{Epoch: m.Epoch, Oldest: oldest, Latest: m.ID}
	}
	f.pos = place.Position{Log: f.r.All}
	switch {
	case f.r.From == After:
		f.pos.Epoch, f.pos.Next = f.r.After.Epoch, f.r.After.ID+1
		if err := f.admit(v, m); err != nil {
			return err
		}
	case m.Epoch == 0 || m.End == place.Gone:
		f.pos.Floor = m.Epoch
	case f.r.From == Beginning:
		f.pos.Epoch, f.pos.Next = m.Epoch, max(oldest, 1)
	case f.r.From == Latest:
		f.pos.Epoch, f.pos.Next = m.Epoch, max(m.ID, 1)
	case f.r.From == Now:
		f.pos.Epoch, f.pos.Next = m.Epoch, m.ID+1
	}
	f.hello.Cursor = f.pos.Cursor()
	return nil
}

// admit tells whether a cursor can be followed.
func (f *Follower) admit(v store.Reader, m place.Mark) error {
	if m.Epoch == f.pos.Epoch && f.r.After.ID > m.ID {
		return f.gone(m, Future, f.hello.Oldest)
	}
	if f.r.OnGap == OnGapReset {
		return nil
	}
	switch f.pos.Step(m) {
	case place.Reset:
		oldest := f.hello.Oldest
		if m.End == place.Gone {
			oldest = 0
		}
		return f.gone(m, Epoch, oldest)
	case place.Ended:
		return f.gone(m, Deleted, 0)
	case place.Wait:
		if m.Epoch == 0 {
			return f.gone(m, Epoch, 0)
		}
	case place.Read:
		if m.End == place.Gone {
			return f.gone(m, Deleted, 0)
		}
		next, err := f.s.firstFrom(v, f.r.Key, f.r.All, m.Epoch, f.pos.Next)
		if err != nil {
			return err
		}
		if next != f.pos.Next {
			return f.gone(m, Trimmed, next)
		}
	}
	return nil
}

// gone is the error that says where to resume: at oldest, if that is not 0.
func (f *Follower) gone(m place.Mark, why Reason, oldest uint64) error {
	e := &GoneError{Name: f.s.o.Name, Key: f.r.Key, At: f.pos.Cursor(), Reason: why}
	if oldest != 0 {
		e.Oldest = pelton.Cursor{Epoch: m.Epoch, ID: oldest, Log: f.r.All}
	}
	if m.Epoch != 0 && m.End != place.Gone {
		e.Latest = pelton.Cursor{Epoch: m.Epoch, ID: m.ID, Log: f.r.All}
	}
	return e
}
