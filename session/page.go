package session

import (
	"context"
	"fmt"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/session/internal/book"
	"github.com/peltonhq/pelton/session/internal/feed"
	"github.com/peltonhq/pelton/session/internal/place"
	"github.com/peltonhq/pelton/session/stream"
	"github.com/peltonhq/pelton/store"
)

// Page is part of a session as of one durable instant.
type Page struct {
	Stream         stream.Stream // of a session that no client created: what it has of one
	Hello          Hello         // where the page begins
	Snapshots      []*pelton.Snapshot
	Next           pelton.Cursor // after the page
	Current        bool          // nothing is behind the page
	Empty          bool          // the session has no snapshot at all
	Expired, Stale bool          // of the stream, now
}

// pageCount is the snapshots of a page, at most.
const pageCount = 4096

// Read gives the snapshots of one key from r's start on, about Options.Recent bytes of them, without waiting; r.OnGap is
// [OnGapError]. [ErrNotFound] when there is no such session, a [GoneError] when what follows the cursor is not there.
func (s *Sessions) Read(ctx context.Context, r FollowRequest) (Page, error) {
	if err := ctx.Err(); err != nil {
		return Page{}, err
	}
	if r.From == After {
		if err := s.checkCursor(r); err != nil {
			return Page{}, err
		}
	}
	v := s.o.Store.View()
	defer v.Close()
	h, err := s.book.Lookup(v, r.Key)
	if err != nil {
		return Page{}, err
	}
	if h.Epoch == 0 || h.End == place.Gone {
		return Page{}, fmt.Errorf("session %s key %.80q: %w", s.o.Name, r.Key, ErrNotFound)
	}
	f := &Follower{s: s, r: r, feed: feed.New(r.Key, false, 0, nil)}
	if err := f.place(v, h.Mark); err != nil {
		return Page{}, err
	}
	p := Page{Hello: f.hello, Empty: h.ID == 0}
	if err := s.describe(v, &p, r.Key, h); err != nil {
		return Page{}, err
	}
	if f.pos.Next <= h.ID {
		entries, err := s.book.ReadKey(v, r.Key, h.Epoch, f.pos.Next, pageCount)
		if err != nil {
			return Page{}, err
		}
		if len(entries) == 0 || entries[0].N != f.pos.Next {
			return Page{}, f.gone(h.Mark, Trimmed, f.hello.Oldest)
		}
		for i := range entries {
			p.Snapshots = append(p.Snapshots, entries[i].Snap)
		}
		f.pos.Next = entries[len(entries)-1].N + 1
	}
	p.Next, p.Current = f.pos.Cursor(), f.pos.Next > h.ID
	return p, nil
}

// describe fills in the stream.
func (s *Sessions) describe(v store.Reader, p *Page, key string, h book.Head) error {
	now := s.o.Now()
	if h.Stream != nil {
		p.Stream, p.Expired, p.Stale = *h.Stream, h.Stream.Expired(now), h.Stream.Stale(now)
		return nil
	}
	newest, err := s.book.Load(v, key, h.Life, h.ID)
	if err != nil {
		return err
	}
	p.Stream = stream.Stream{Epoch: h.Epoch, ContentType: typeOf(newest.ContentType, newest.Payload)}
	return nil
}
