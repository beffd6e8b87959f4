package local

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// How often and how far usage is looked at: each costs some microseconds.
const (
	roomBytes = 256 << 10              // bytes committed between two looks at the store's own size
	roomAge   = 250 * time.Millisecond // the oldest figure that counts
	roomWatch = 100 * time.Millisecond // between two looks while full
)

// room knows whether the store may take more data. The committer asks before each group; while the answer is no, a
// watcher looks until it is yes again.
type room struct {
	maxBytes int64
	reserve  int64
	usage    func() (used, free int64, known bool)
	reclaim  func(ctx context.Context) // gives back the space of deleted records

	mu      sync.Mutex
	reason  string
	open    chan struct{} // closed when there is room; nil while there is
	used    int64         // at the last look
	looked  time.Time
	written int64 // since the last look

	ctx     context.Context // ends at Close
	stop    context.CancelFunc
	workers sync.WaitGroup // the watcher and one reclaim
}

func (r *room) init(maxBytes, reserve int64, usage func() (int64, int64, bool), reclaim func(context.Context)) {
	r.maxBytes, r.reserve, r.usage, r.reclaim = maxBytes, reserve, usage, reclaim
	r.ctx, r.stop = context.WithCancel(context.Background())
}

// admit returns why the store takes no data, before a group of so many bytes; empty when it does.
func (r *room) admit(bytes int64) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.maxBytes == 0 && r.reserve == 0 || r.reason != "" {
		return r.reason // the watcher is the one to lift it
	}
	// Free disk changes by other programs too, and looking it up is cheap: every group. The store's own size changes
	// only by what is written here.
	r.written += bytes
	if r.reserve > 0 || r.written >= roomBytes || time.Since(r.looked) > roomAge {
		if r.reason = r.look(0); r.reason != "" {
			r.open = make(chan struct{})
			r.workers.Go(r.watch)
		}
	}
	return r.reason
}

// look measures. slack is what must be free beyond the limits, so that a full store does not flap.
func (r *room) look(slack int64) string {
	used, free, known := r.usage()
	r.used, r.looked, r.written = used, time.Now(), 0
	if r.maxBytes > 0 && used+slack*r.maxBytes/slackParts >= r.maxBytes {
		return fmt.Sprintf("it has %s on disk, store.max_bytes is %s; drop dead letters, shorten retention or raise it", size(used), size(r.maxBytes))
	}
	if r.reserve > 0 && known && free < r.reserve+slack*r.reserve/slackParts {
		return fmt.Sprintf("the disk has %s free, store.reserve is %s; free some space or lower it", size(free), size(r.reserve))
	}
	return ""
}

const slackParts = 32

// watch runs while the store is full.
func (r *room) watch() {
	tick := time.NewTicker(roomWatch)
	defer tick.Stop()
	idle := make(chan struct{}, 1)
	for {
		select {
		case idle <- struct{}{}: // no reclaim is running
			r.workers.Go(func() {
				r.reclaim(r.ctx)
				<-idle
			})
		default:
		}
		select {
		case <-r.ctx.Done():
			return
		case <-tick.C:
		}
		if r.lift() {
			return
		}
	}
}

func (r *room) lift() (lifted bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if reason := r.look(1); reason != "" {
		r.reason = reason
		return false
	}
	r.reason = ""
	close(r.open)
	r.open = nil
	return true
}

func (r *room) full() (string, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.reason, r.open
}

// close ends the watcher and wakes who waits for room. The committer has ended by now.
func (r *room) close() {
	r.stop()
	r.workers.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.open != nil {
		close(r.open)
		r.open = nil
		r.reason = ""
	}
}

func size(n int64) string {
	switch {
	case n >= 10<<30:
		return fmt.Sprintf("%d GiB", n>>30)
	case n >= 10<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return fmt.Sprintf("%d KiB", n>>10)
}
