package session

import (
	"sync"
	"sync/atomic"

	"github.com/peltonhq/pelton/session/internal/place"
)

// feed is what all followers of one key, or of a whole name, share: the newest durable place and a ring behind it.
// It exists while somebody follows.
type feed struct {
	key string
	log bool

	mu      sync.Mutex
	mark    place.Mark
	ring    place.Ring
	bytes   uint64        // of everything pushed, for the lag of followers
	changed chan struct{} // closed at the next change; nil while nobody waits
	closed  bool

	refs  int  // followers; guarded by hub.mu
	fresh bool // pushed and not woken up; the publisher's
}

// push adds a durable change; who waits is told by a later wakeup, once per batch. The zero entry only moves the mark.
func (f *feed) push(epoch uint64, e place.Entry, to place.Mark) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if e.N != 0 {
		f.ring.Push(epoch, e)
		f.bytes += uint64(e.Size())
	}
	if f.mark.Behind(to) {
		f.mark = to
	}
}

func (f *feed) wakeup() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.notify()
}

// load takes what a reader saw in the store, which may be ahead of what was pushed.
func (f *feed) load(m place.Mark) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.mark.Behind(m) {
		f.mark = m
		f.notify()
	}
}

func (f *feed) notify() {
	if f.changed != nil {
		close(f.changed)
		f.changed = nil
	}
}

// wait is closed at the next change; f.mu is held. Registering under the lock that also guards the mark is what
// makes it safe: a change after the look at the mark finds the waiter.
func (f *feed) wait() <-chan struct{} {
	if f.changed == nil {
		f.changed = make(chan struct{})
	}
	return f.changed
}

func (f *feed) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	f.notify()
}

// hub has the feeds of one session name.
type hub struct {
	any atomic.Bool // somebody follows: the committer looks no further otherwise

	mu     sync.RWMutex
	log    *feed // of the whole name; nil while nobody follows it
	feeds  map[string]*feed
	start  place.Mark // of the log when it was opened
	closed bool
}

func (h *hub) init(start place.Mark) { h.start, h.feeds = start, map[string]*feed{} }

// attach is the feed of a key or of the whole name. From now on it gets every change that becomes durable; what was
// durable before is in the store, where the caller looks next.
func (h *hub) attach(key string, log bool) (*feed, bool) {
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
		f = &feed{key: key, log: log}
		if log {
			f.mark, h.log = h.start, f
		} else {
			h.feeds[key] = f
		}
	}
	f.refs++
	h.any.Store(true)
	return f, true
}

// detach gives a feed up; the last follower takes it away.
func (h *hub) detach(f *feed) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if f.refs--; f.refs > 0 {
		return
	}
	if f.log {
		h.log = nil
	} else {
		delete(h.feeds, f.key)
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
	var fresh []*feed
	for _, ch := range batch {
		if h.log != nil {
			for snap := range ch.snaps {
				fresh = h.log.add(fresh, epoch, place.Entry{N: snap.Seq, Snap: snap}, place.Mark{Epoch: epoch, ID: snap.Seq})
			}
			if ch.after.gone {
				e := place.Entry{N: ch.after.seq, Deleted: ch.item.key}
				fresh = h.log.add(fresh, epoch, e, place.Mark{Epoch: epoch, ID: ch.after.seq})
			}
		}
		if f := h.feeds[ch.item.key]; f != nil {
			for _, snap := range ch.before {
				f.push(snap.Epoch, place.Entry{N: snap.ID, Snap: snap}, place.Mark{Epoch: snap.Epoch, ID: snap.ID})
			}
			var e place.Entry
			if ch.snap != nil {
				e = place.Entry{N: ch.snap.ID, Snap: ch.snap}
			}
			fresh = f.add(fresh, ch.after.epoch, e, ch.mark())
		}
	}
	for _, f := range fresh {
		f.fresh = false
		f.wakeup()
	}
}

// add pushes, and notes the feed in fresh once.
func (f *feed) add(fresh []*feed, epoch uint64, e place.Entry, to place.Mark) []*feed {
	f.push(epoch, e, to)
	if f.fresh {
		return fresh
	}
	f.fresh = true
	return append(fresh, f)
}

func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	if h.log != nil {
		h.log.close()
	}
	for _, f := range h.feeds {
		f.close()
	}
}
