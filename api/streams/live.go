package streams

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/event"
	"github.com/peltonhq/pelton/session"
	"github.com/peltonhq/pelton/session/stream"
)

// A live answer has a cursor, which a client sends with its next request, so that caches in between collapse clients
// that wait for the same and never answer with what is old: a count of intervals that never goes back.
var (
	cursorEpoch    = time.Date(2024, 10, 9, 0, 0, 0, 0, time.UTC)
	cursorInterval = 20 * time.Second
)

const cursorJitter = 180 // intervals, an hour

func nextCursor(before string, now time.Time) string {
	n := uint64(now.Sub(cursorEpoch) / cursorInterval)
	if last, ok := number(before); ok && last >= n && last < maxSafe {
		n = last + 1 + rand.Uint64N(cursorJitter)
	}
	return strconv.FormatUint(n, 10)
}

// poll answers with what is there, or with what comes while it waits.
func (h handler) poll(rq request, s start, page session.Page) error {
	if page.Current && len(page.Snapshots) == 0 && !page.Stream.Closed {
		if err := h.await(rq, page.Next); err != nil {
			return err
		}
		var err error
		if page, err = h.svc.FollowStream(rq.Context(), api.StreamRead{Name: rq.name, Key: rq.key, From: api.FromAfter, After: page.Next}); err != nil {
			return err
		}
	}
	if !page.Stream.Closed || !page.Current {
		rq.w.Header().Set(headerCursor, nextCursor(s.cursor, time.Now()))
	}
	if len(page.Snapshots) > 0 {
		return h.page(rq, s, page)
	}
	rq.place(&page)
	rq.w.Header().Set("Cache-Control", "no-store")
	rq.w.WriteHeader(http.StatusNoContent)
	return nil
}

// await returns when something follows the cursor, the stream ends, or the poll has waited long enough.
func (h handler) await(rq request, after pelton.Cursor) error {
	ctx, cancel := context.WithTimeout(rq.Context(), h.o.Poll)
	defer cancel()
	feed, err := h.svc.Follow(ctx, api.FollowRequest{Name: rq.name, Key: rq.key, From: api.FromAfter, After: after.String()})
	if err != nil {
		return err
	}
	defer feed.Close()
	got, err := feed.Next(ctx)
	switch {
	case ctx.Err() != nil && rq.Context().Err() == nil:
		return nil
	case err != nil:
		return err
	case got[0].Kind == api.KindClosed && !got[0].Final:
		return api.Errorf(api.Unavailable, "the wheel is shutting down; poll again when it is back")
	}
	return nil
}

// control is what follows each piece of data in an event stream.
type control struct {
	Next    string `json:"streamNextOffset"`
	Cursor  string `json:"streamCursor,omitempty"`
	Current bool   `json:"upToDate,omitempty"`
	Closed  bool   `json:"streamClosed,omitempty"`
}

// follow answers with an event stream that goes on as the stream does.
func (h handler) follow(rq request, s start, page session.Page) error {
	request := api.FollowRequest{Name: rq.name, Key: rq.key, From: s.from}
	switch s.from {
	case api.FromAfter:
		request.After = s.after.String()
	case api.FromNow: // of the page: what comes between is not lost
		request.From, request.After = api.FromAfter, page.Next.String()
	}
	feed, err := h.svc.Follow(rq.Context(), request)
	if err != nil {
		return err
	}
	defer feed.Close()
	f := &live{out: event.New(rq.w, h.o.Stall), feed: feed, stream: &page.Stream, cursor: s.cursor}
	f.out.Stalled = func() { h.o.Meter.Stalled.Add(1) }
	f.out.Bare = true // the protocol's suite looks for it so
	if f.binary() {
		rq.w.Header().Set(headerEncoding, "base64")
	}
	f.out.Open()
	ctx, cancel := context.WithTimeout(rq.Context(), h.o.Life)
	defer cancel()
	f.run(ctx, h.o.KeepAlive)
	return nil
}

// live is an event stream under way.
type live struct {
	out    *event.Writer
	feed   *api.Feed
	stream *stream.Stream
	cursor string
}

// run writes events until the stream or ctx ends. Every end but the stream's is a client's reason to come back.
func (f *live) run(ctx context.Context, keep time.Duration) {
	if f.feed.Current() && !f.stream.Closed {
		f.control(false)
	}
	for f.out.Flush() == nil {
		wait, cancel := context.WithTimeout(ctx, keep)
		got, err := f.feed.Next(wait)
		idle := wait.Err() != nil && ctx.Err() == nil
		cancel()
		switch {
		case err == nil:
			if !f.take(got) {
				_ = f.out.Flush()
				return
			}
		case idle && !errors.Is(err, io.EOF):
			f.out.Comment()
		default:
			return
		}
	}
}

// take writes what was given; false at the end.
func (f *live) take(got []api.Event) bool {
	var snaps []*pelton.Snapshot
	for i := range got {
		switch e := &got[i]; {
		case e.Kind == api.KindSnapshot:
			snaps = append(snaps, e.Snapshot)
		case e.Kind == api.KindClosed && e.Final:
			f.data(snaps)
			f.control(true)
			return false
		default: // a deletion, a shutdown; the next request is told more
			f.data(snaps)
			return false
		}
	}
	f.data(snaps)
	return true
}

func (f *live) data(snaps []*pelton.Snapshot) {
	if len(snaps) == 0 {
		return
	}
	body := join(f.stream, snaps)
	if f.binary() {
		body = base64.StdEncoding.AppendEncode(nil, body)
	}
	f.out.Write("data", "", body)
	f.control(false)
}

func (f *live) control(closed bool) {
	c := control{Next: offsetOf(f.feed.Cursor()), Current: closed || f.feed.Current(), Closed: closed}
	if !closed {
		f.cursor = nextCursor(f.cursor, time.Now())
		c.Cursor = f.cursor
	}
	text, err := json.Marshal(c)
	if err != nil {
		panic("streams: " + err.Error()) // strings always marshal
	}
	f.out.Write("control", "", text)
}

// binary reports whether the stream's bytes are no text.
func (f *live) binary() bool {
	return !f.stream.JSON() && !strings.HasPrefix(stream.Base(f.stream.ContentType), "text/")
}
