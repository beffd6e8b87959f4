package session

import "container/list"

// cache keeps the latest state of the sessions that were used last, bounded by bytes. One shard owns it.
type cache struct {
	limit, bytes int64
	sessions     map[string]*list.Element
	order        list.List // front: used last
}

type cached struct {
	session *session
	size    int64 // as charged
}

func newCache(limit int64) *cache {
	return &cache{limit: limit, sessions: map[string]*list.Element{}}
}

func (c *cache) get(key string) *session {
	e, ok := c.sessions[key]
	if !ok {
		return nil
	}
	c.order.MoveToFront(e)
	return e.Value.(*cached).session
}

func (c *cache) put(s *session) {
	v := &cached{session: s, size: s.size()}
	c.sessions[s.key] = c.order.PushFront(v)
	c.bytes += v.size
	c.evict()
}

// charge corrects the bytes of a session whose durable state changed.
func (c *cache) charge(s *session) {
	if e, ok := c.sessions[s.key]; ok {
		v := e.Value.(*cached)
		c.bytes += s.size() - v.size
		v.size = s.size()
		c.evict()
	}
}

// evict forgets sessions that were not used for longest. One with changes ahead of the store stays: what it computed
// is nowhere else. The newest stays too, so that its user may go on with it.
func (c *cache) evict() {
	for e := c.order.Back(); e != nil && e != c.order.Front() && c.bytes > c.limit; {
		v, before := e.Value.(*cached), e.Prev()
		if v.session.ahead == 0 {
			c.order.Remove(e)
			delete(c.sessions, v.session.key)
			c.bytes -= v.size
		}
		e = before
	}
}
