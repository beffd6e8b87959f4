package session

import (
	"sync"
	"sync/atomic"

	"github.com/peltonhq/pelton/session/internal/feed"
	"github.com/peltonhq/pelton/session/internal/gate"
	"github.com/peltonhq/pelton/session/internal/place"
)

// hub has the feeds of one session name.
type hub struct {
	any atomic.Bool // somebody follows: the committer looks no further otherwise

	total feed.Total   // bytes in all feeds
	given atomic.Int64 // bytes of what followers were given and have not sent
	most  int64        // bytes of one feed's newest
	gate  *gate.Gate   // that followers may hold

	mu     sync.RWMutex
	log    *feed.Feed // of the whole name; nil while nobody follows it
	feeds  map[string]*feed.Feed
	start  place.Mark // of the log when it was opened
	closed bool
}

// stats are the figures that it has.
func (h *hub) stats() FollowStats {
	return FollowStats{Hold: h.gate.Stats(), Recent: h.total.Recent.Load(), Shared: h.total.Shared.Load(), Given: h.given.Load()}
}

func (h *hub) init(start place.Mark) { h.start, h.feeds = start, map[string]*feed.Feed{} }

// attach is the feed of a key or of the whole name. From now on it gets every change that becomes durable; what was
// durable before is in the store, where the caller looks next.
func (h *hub) attach(key string, log bool) (*feed.Feed, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, false
	}
	f := h.feeds[key]
	if log {
		f = h.log
	}
	if f == nil {
		f = feed.New(key, log, h.most, &h.total)
		if log {
			f.Load(h.start, nil)
			h.log = f
		} else {
			h.feeds[key] = f
		}
	}
	f.Refs.Add(1)
	h.any.Store(true)
	return f, true
}

// detach gives a feed up; the last follower takes it away.
func (h *hub) detach(f *feed.Feed) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if f.Refs.Add(-1) > 0 {
		return
	}
	f.Drop()
	if f.Log {
		h.log = nil
	} else {
		delete(h.feeds, f.Key)
	}
	h.any.Store(h.log != nil || len(h.feeds) > 0)
}

// publish shows a durable batch to whoever follows.
func (h *hub) publish(epoch uint64, batch []*change) {
	if !h.any.Load() {
		return
	}
	h.mu.RLock()
	defer h.mu.RUnlock()
	var fresh []*feed.Feed
	for _, ch := range batch {
		if h.log != nil {
			for snap := range ch.snaps {
				fresh = h.log.Add(fresh, epoch, place.Entry{N: snap.Seq, Snap: snap}, place.Mark{Epoch: epoch, ID: snap.Seq})
			}
			if ch.after.gone {
				e := place.Entry{N: ch.after.seq, Deleted: ch.item.key}
				fresh = h.log.Add(fresh, epoch, e, place.Mark{Epoch: epoch, ID: ch.after.seq})
			}
		}
		if f := h.feeds[ch.item.key]; f != nil {
			for _, snap := range ch.before {
				f.Push(snap.Epoch, place.Entry{N: snap.ID, Snap: snap}, place.Mark{Epoch: snap.Epoch, ID: snap.ID})
			}
			var e place.Entry
			if ch.snap != nil {
				e = place.Entry{N: ch.snap.ID, Snap: ch.snap}
			}
			fresh = f.Add(fresh, ch.after.epoch, e, ch.mark())
		}
	}
	for _, f := range fresh {
		f.Wakeup()
	}
}

func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	if h.log != nil {
		h.log.Close()
	}
	for _, f := range h.feeds {
		f.Close()
	}
}
