package follow

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// crowd is many followers of one server.
type crowd struct {
	clients []*client
	members []*member // in the order of their connections
	ended   sync.WaitGroup
	failed  chan error // the first error of a follower
	closing atomic.Bool
}

// member is a follower with what it was given.
type member struct {
	scan *scanner
	last atomic.Uint64

	mu        sync.Mutex
	latencies []time.Duration
}

// dialing is how many connect at once.
const dialing = 64

// gather connects n followers.
func gather(address string, d dialect, n, buffer int) (c *crowd, err error) {
	each := max(1, d.streams)
	c = &crowd{clients: make([]*client, (n+each-1)/each), members: make([]*member, n), failed: make(chan error, 1)}
	var group sync.WaitGroup
	var next atomic.Int64
	for range dialing {
		group.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(c.clients) {
					return
				}
				one, err := dial(address, d, buffer, min(each, n-i*each))
				if err != nil {
					c.fail(err)
					return
				}
				c.clients[i] = one
			}
		})
	}
	group.Wait()
	select {
	case err := <-c.failed:
		_ = c.close()
		return nil, fmt.Errorf("connecting %d followers: %w", n, err)
	default:
	}
	for i := range c.members {
		c.members[i] = new(member)
	}
	for i, one := range c.clients {
		c.ended.Go(func() { c.follow(one, c.members[i*each:min(n, (i+1)*each)]) })
	}
	return c, nil
}

func (c *crowd) fail(err error) {
	select {
	case c.failed <- err:
	default:
	}
}

// follow reads for the followers of a connection until the end.
func (c *crowd) follow(from *client, members []*member) {
	var now time.Time
	for _, m := range members {
		m.scan = &scanner{seen: func(n uint64, at time.Time) error {
			if last := m.last.Load(); n != last+1 {
				return fmt.Errorf("a follower was given message %d behind %d", n, last)
			}
			m.latencies = append(m.latencies, now.Sub(at))
			m.last.Store(n)
			return nil
		}}
	}
	for {
		who, text, err := from.read()
		now = time.Now().Round(0)
		if err == nil {
			m := members[who]
			m.mu.Lock()
			err = m.scan.feed(text)
			m.mu.Unlock()
		}
		if err != nil {
			if !c.closing.Load() {
				c.fail(err)
			}
			return
		}
	}
}

// taken is how far the slowest follower is.
func (c *crowd) taken() uint64 {
	least := c.members[0].last.Load()
	for _, m := range c.members {
		least = min(least, m.last.Load())
	}
	return least
}

// latencies are those of all followers since the last call, sorted.
func (c *crowd) latencies() (all []time.Duration) {
	for _, m := range c.members {
		m.mu.Lock()
		all = append(all, m.latencies...)
		m.latencies = m.latencies[:0]
		m.mu.Unlock()
	}
	slices.Sort(all)
	return all
}

// close lets the followers go, and gives the error of one.
func (c *crowd) close() error {
	c.closing.Store(true)
	for _, one := range c.clients {
		if one != nil {
			one.close()
		}
	}
	c.ended.Wait()
	select {
	case err := <-c.failed:
		return err
	default:
		return nil
	}
}
