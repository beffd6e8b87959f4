package gate

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Limits say how far behind a holder may be before it holds, and for how long it may.
type Limits struct {
	Count, Bytes uint64
	Time         time.Duration
}

// Gate is what the followers of a name hold.
type Gate struct {
	// Moved has a word for the committer when it may go on.
	Moved chan struct{}

	limits  Limits
	tell    func(text string)
	holders atomic.Int32

	mu      sync.Mutex
	all     map[*Holder]struct{}
	holding int
	since   time.Time // somebody holds
	held    time.Duration
	ended   uint64 // holders that held for too long
	passing int    // who must come through
	open    bool
}

// Stats are the figures of a gate.
type Stats struct {
	Holders int           // who may hold it
	Holding int           // who does
	Held    time.Duration // for how long somebody did
	Ended   uint64        // who held for too long
	Why     string        // of somebody who does; empty for nobody
}

// New makes an open gate. tell hears once of each holder that holds, and of each that was let go for it.
func New(l Limits, tell func(text string)) *Gate {
	return &Gate{Moved: make(chan struct{}, 1), limits: l, tell: tell, all: map[*Holder]struct{}{}}
}

// Busy reports whether anybody may hold the gate.
func (g *Gate) Busy() bool { return g.holders.Load() > 0 }

// Room is how much of count changes and of bytes may become durable next, so that no holder is further behind than the limits
// say. None while one is; then Moved tells when to ask again. It is asked when something waits, and only then.
func (g *Gate) Room(count int, bytes int64) (int, int64) {
	var news []string
	g.mu.Lock()
	for h := range g.all {
		n, size := h.room()
		if n == 0 || size == 0 {
			news = append(news, h.hold()...)
		} else {
			h.release()
		}
		count, bytes = int(min(uint64(count), n)), int64(min(uint64(bytes), size))
	}
	g.mu.Unlock()
	g.say(news)
	return count, bytes
}

func (g *Gate) say(news []string) {
	for _, text := range news {
		g.tell(text)
	}
}

// Pass opens the gate until done is called: what ends things must not wait for who holds them up.
func (g *Gate) Pass() (done func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.passing++
	g.releaseAll()
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.passing--
	}
}

// Open opens the gate for good.
func (g *Gate) Open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open = true
	g.releaseAll()
}

func (g *Gate) releaseAll() {
	for h := range g.all {
		h.release()
	}
	g.signal()
}

func (g *Gate) signal() {
	select {
	case g.Moved <- struct{}{}:
	default:
	}
}

// Stats tells the figures now.
func (g *Gate) Stats() Stats {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := Stats{Holders: len(g.all), Holding: g.holding, Held: g.held, Ended: g.ended}
	if g.holding == 0 {
		return s
	}
	s.Held += time.Since(g.since)
	for h := range g.all {
		if h.timer != nil {
			s.Why = h.why()
		}
	}
	return s
}

func (h *Holder) why() string {
	n, bytes := h.behind()
	return fmt.Sprintf("%s holds it up (slow: block), %d snapshots and %d bytes behind", h.who, n, bytes)
}
