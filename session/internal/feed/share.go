package feed

import (
	"sync"

	"github.com/peltonhq/pelton/session/internal/place"
)

// Encoding is how a transport writes snapshots: it appends one to dst, and gives the same bytes for the same event; nil says
// that it can't. What it wrote for snapshots in their order, one behind the other, must be what the transport sends.
type Encoding struct {
	Append func(dst []byte, e *place.Event) []byte
}

// share is a feed's snapshots in the encodings of its followers. A lone follower has none: it would only be a copy.
type share struct {
	mu      sync.Mutex // taken before Feed.mu
	scrolls map[*Encoding]*place.Scroll
	scratch []byte
	dropped bool
	most    int64  // bytes of one encoding
	total   *Total // with those of other feeds
}

// Drop lets go of what is shared: nobody follows any more.
func (f *Feed) Drop() {
	f.pumps.Wait()
	s := &f.share
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, scroll := range s.scrolls {
		s.total.Shared.Add(-scroll.Bytes())
	}
	s.scrolls, s.scratch, s.dropped = nil, nil, true
	f.mu.Lock()
	defer f.mu.Unlock()
	s.total.Recent.Add(-f.ring.Bytes())
	f.ring = place.Ring{}
}

// Run gives who stands at a place the snapshots behind it, as many as lie together; nil when there is something else to
// tell, or they are not in the ring. The first who asks for one encodes it.
func (f *Feed) Run(as *Encoding, at place.Position) (run []byte, next, sum uint64) {
	s := &f.share
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dropped || f.Refs.Load() < 2 {
		return nil, 0, 0
	}
	scroll := s.scrolls[as]
	if scroll == nil {
		if s.scrolls == nil {
			s.scrolls = map[*Encoding]*place.Scroll{}
		}
		scroll = &place.Scroll{Most: s.most}
		s.scrolls[as] = scroll
	}
	before := scroll.Bytes()
	n, ok := scroll.Lacks(at.Epoch, at.Next)
	if !ok {
		return nil, 0, 0
	}
	entries := f.Entries(at.Epoch, n, most)
	for i := range entries {
		e := &entries[i]
		if e.Snap == nil {
			break
		}
		event := e.Event(at.Epoch, at.Log)
		text := as.Append(s.scratch[:0], &event)
		if text == nil {
			break
		}
		scroll.Add(e, text)
		s.scratch = text
	}
	if cap(s.scratch) > maxScratch {
		s.scratch = nil
	}
	s.total.Shared.Add(scroll.Bytes() - before)
	return scroll.Run(at.Next)
}

// most is how many entries are encoded at once: all of a ring.
const most = 256

// maxScratch is the largest buffer that a share keeps.
const maxScratch = 64 << 10

// Entries are those of the ring from number n on.
func (f *Feed) Entries(epoch, n uint64, limit int) []place.Entry {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ring.Read(epoch, n, limit)
}
