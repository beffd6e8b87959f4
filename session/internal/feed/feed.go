package feed

import (
	"sync"
	"sync/atomic"

	"github.com/peltonhq/pelton/session/internal/place"
)

// Total counts bytes in many feeds.
type Total struct {
	Recent atomic.Int64 // of the newest
	Shared atomic.Int64 // of their encodings
}

// New makes the feed of a key, or of the log of a name. It holds at most so many bytes of the newest, and as many in each encoding;
// they are counted in total.
func New(key string, log bool, most int64, total *Total) *Feed {
	return &Feed{Key: key, Log: log, ring: place.Ring{Most: most}, share: share{most: most, total: total}}
}

// Feed is what all followers of one key, or of a whole name, share: the newest durable place and a ring behind it.
// It exists while somebody follows.
type Feed struct {
	Key  string
	Log  bool
	Refs atomic.Int32 // followers; whoever has the feeds counts them

	mu      sync.Mutex
	mark    place.Mark
	ring    place.Ring
	bytes   uint64    // of everything pushed, for the lag of followers
	gathers []*Gather // how followers are told
	pumps   sync.WaitGroup
	closed  bool

	share share // what followers are given as bytes
	fresh bool  // pushed and not woken up; the publisher's
}

// Push adds a durable change; who waits is told by a later wakeup, once per batch. The zero entry only moves the mark.
func (f *Feed) Push(epoch uint64, e place.Entry, to place.Mark) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if e.N != 0 {
		f.bytes += uint64(e.Size())
		e.Sum = f.bytes
		before := f.ring.Bytes()
		f.ring.Push(epoch, e)
		f.share.total.Recent.Add(f.ring.Bytes() - before)
	}
	if f.mark.Behind(to) {
		f.mark = to
	}
}

// Wakeup tells who waits, once for a batch of what was pushed.
func (f *Feed) Wakeup() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fresh = false
	f.notify()
}

// Load takes what a reader saw in the store, which may be ahead of what was pushed; who reads with g goes on at once.
func (f *Feed) Load(m place.Mark, g *Gather) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.mark.Behind(m) {
		f.mark = m
		f.notify()
	}
	if g != nil && g.mark.Behind(m) {
		g.mark = m
	}
}

func (f *Feed) notify() {
	for _, g := range f.gathers {
		g.begin(f)
	}
}

// Close tells everybody that nothing follows.
func (f *Feed) Close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	for _, g := range f.gathers {
		g.stop()
		g.show(f)
	}
}

// Add pushes, and notes the feed in fresh once.
func (f *Feed) Add(fresh []*Feed, epoch uint64, e place.Entry, to place.Mark) []*Feed {
	f.Push(epoch, e, to)
	if f.fresh {
		return fresh
	}
	f.fresh = true
	return append(fresh, f)
}

// Mark is the newest durable place.
func (f *Feed) Mark() place.Mark {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.mark
}

// Bytes are those of all that was pushed.
func (f *Feed) Bytes() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.bytes
}

// Behind is what who stands at p, and was given so many bytes, lacks of all that was pushed.
func (f *Feed) Behind(p place.Position, seen uint64) (count, bytes uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if count = p.Lacks(f.mark); count > 0 {
		bytes = f.bytes - min(seen, f.bytes)
	}
	return count, bytes
}

// First is the lowest number in the ring when that is of an epoch; 0 when there is none.
func (f *Feed) First(epoch uint64) uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ring.Epoch != epoch {
		return 0
	}
	return f.ring.First(0)
}

// Look is one look for who stands at p and takes what g shows: the mark, the bytes pushed up to it, and what to wait for if
// there is nothing to do. Nothing is waited for with stay false, and when the feed is closed. With a waiter it is given runs
// meanwhile, until it is unparked.
func (f *Feed) Look(p place.Position, g *Gather, w *Waiter, stay bool) (m place.Mark, bytes uint64, wait <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	m, bytes = g.mark, g.bytes
	switch {
	case f.closed || !stay || p.Step(m) != place.Wait:
		return m, bytes, nil
	case w != nil:
		return m, bytes, g.park(w, p)
	}
	return m, bytes, g.wait()
}
