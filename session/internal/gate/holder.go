package gate

import (
	"fmt"
	"math"
	"time"

	"github.com/peltonhq/pelton/session/internal/feed"
	"github.com/peltonhq/pelton/session/internal/place"
)

// Holder is a follower that may hold the gate. The nil Holder never does.
type Holder struct {
	gate   *Gate
	feed   *feed.Feed
	gather *feed.Gather
	who    string // for people
	ended  chan struct{}

	// Guarded by Gate.mu.
	pos   place.Position
	seen  uint64
	live  bool
	timer *time.Timer // runs while it holds
	told  bool
	gone  bool
}

// Join is a holder for a follower of a feed. It holds once it was live, as Stand says.
func (g *Gate) Join(f *feed.Feed, gather *feed.Gather, who string) *Holder {
	h := &Holder{gate: g, feed: f, gather: gather, who: who, ended: make(chan struct{})}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.all[h] = struct{}{}
	g.holders.Add(1)
	return h
}

// Leave takes the holder away; more calls do nothing.
func (h *Holder) Leave() {
	if h == nil {
		return
	}
	h.gate.mu.Lock()
	defer h.gate.mu.Unlock()
	h.leave()
}

func (h *Holder) leave() {
	h.release()
	if !h.gone {
		h.gone = true
		delete(h.gate.all, h)
		h.gate.holders.Add(-1)
		h.gate.signal() // others may have asked for less because of it
	}
}

// Stand says where the follower stands with everything sent that it was given, and how many bytes of the feed those are.
func (h *Holder) Stand(p place.Position, seen uint64, live bool) {
	if h == nil {
		return
	}
	h.gate.mu.Lock()
	defer h.gate.mu.Unlock()
	h.pos, h.seen, h.live = p, seen, live
	if h.timer != nil {
		if n, bytes := h.room(); n > 0 && bytes > 0 {
			h.release()
		}
	}
}

// Ended is closed when the holder has held for too long.
func (h *Holder) Ended() <-chan struct{} {
	if h == nil {
		return nil
	}
	return h.ended
}

// behind is what it lacks of all that is durable.
func (h *Holder) behind() (count, bytes uint64) { return h.feed.Behind(h.pos, h.seen) }

// room is how much more it may lack. One that was never live catches up on what was there before it, and holds nobody up.
func (h *Holder) room() (count, bytes uint64) {
	l := h.gate.limits
	if !h.live || h.gate.open || h.gate.passing > 0 {
		return math.MaxInt64, math.MaxInt64
	}
	count, bytes = h.behind()
	return l.Count - min(count, l.Count), l.Bytes - min(bytes, l.Bytes)
}

// hold begins, and tells of it the first time. What it waits for by its own wish, to gather, it is told at once.
func (h *Holder) hold() (news []string) {
	if h.timer != nil {
		return nil
	}
	g := h.gate
	if g.holding++; g.holding == 1 {
		g.since = time.Now()
	}
	var t *time.Timer
	t = time.AfterFunc(g.limits.Time, func() { h.end(&t) })
	h.timer = t
	h.feed.Show(h.gather)
	if !h.told {
		h.told = true
		news = append(news, fmt.Sprintf("%s; it may for %s at a time", h.why(), g.limits.Time))
	}
	return news
}

func (h *Holder) release() {
	if h.timer == nil {
		return
	}
	h.timer.Stop()
	h.timer = nil
	g := h.gate
	if g.holding--; g.holding == 0 {
		g.held += time.Since(g.since)
		g.signal()
	}
}

// end lets go of a holder that has held for as long as it may. The timer, which Gate.mu guards, tells this time from a later one.
func (h *Holder) end(t **time.Timer) {
	g := h.gate
	g.mu.Lock()
	if h.timer != *t { // it moved in the same moment
		g.mu.Unlock()
		return
	}
	n, bytes := h.behind()
	h.leave()
	g.ended++
	close(h.ended)
	g.mu.Unlock()
	g.say([]string{fmt.Sprintf("%s has held it up for %s and is let go, %d snapshots and %d bytes behind", h.who, g.limits.Time, n, bytes)})
}
