package session

import (
	"slices"
	"sync"

	"github.com/peltonhq/pelton"
)

// item is one thing for a shard to do, in the order it came: an effect, or a client's append or deletion.
type item struct {
	effect pelton.Effect
	key    string
	to     pelton.Completer
	ask    *ask // a client's, else nil
	size   int64
}

// outcome tells a shard what became of its changes, in their order.
type outcome struct {
	change *change
	err    error // it will never be durable
}

// queue is what senders, shards and the committer share. Its critical sections are short and never wait.
//
// Everything accepted and not yet settled is charged to bytes, so that limit bounds what is queued, being folded, and
// computed ahead of the store (A2).
type queue struct {
	mu      sync.Mutex
	limit   int64
	bytes   int64
	items   int
	closed  bool
	waiting []pelton.Completer // told of room once
	drained chan struct{}      // closed when closed and empty

	inbox   [][]*item   // per shard
	settled [][]outcome // per shard
	wake    []chan struct{}

	pending []*change     // computed, not yet handed to the store
	work    chan struct{} // wakes the committer
	gen     uint64        // grows when everything ahead of the store is taken back
}

func newQueue(limit int64, shards int) *queue {
	q := &queue{
		limit: limit, drained: make(chan struct{}), work: make(chan struct{}, 1),
		inbox: make([][]*item, shards), settled: make([][]outcome, shards), wake: make([]chan struct{}, shards),
	}
	for i := range q.wake {
		q.wake[i] = make(chan struct{}, 1)
	}
	return q
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// offer takes items from the front while there is room, and at least one into an empty queue. shard(i) is where the
// i-th belongs; to is told of room if not all were taken.
func (q *queue) offer(n int, build func(int) *item, shard func(*item) int, to pelton.Completer) (taken int, open bool) {
	var touched uint64
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		return 0, false
	}
	for ; taken < n; taken++ {
		it := build(taken)
		if q.bytes > 0 && q.bytes+it.size > q.limit {
			q.wait(to)
			break
		}
		q.bytes += it.size
		q.items++
		i := shard(it)
		q.inbox[i] = append(q.inbox[i], it)
		touched |= 1 << i
	}
	q.mu.Unlock()
	for i := range q.wake {
		if touched&(1<<i) != 0 {
			signal(q.wake[i])
		}
	}
	return taken, true
}

func (q *queue) wait(to pelton.Completer) {
	if slices.Contains(q.waiting, to) {
		return
	}
	q.waiting = append(q.waiting, to)
}

// release gives back the room of settled items. Who waits is told at three quarters, so that a full queue does not
// wake its senders for every single item.
func (q *queue) release(items int, bytes int64) {
	q.mu.Lock()
	q.items -= items
	q.bytes -= bytes
	var told []pelton.Completer
	if q.bytes <= q.limit/4*3 {
		told, q.waiting = q.waiting, nil
	}
	if q.closed && q.items == 0 {
		q.finish()
	}
	q.mu.Unlock()
	for _, w := range told {
		w.Room()
	}
}

// finish closes drained once; q.mu is held.
func (q *queue) finish() {
	select {
	case <-q.drained:
	default:
		close(q.drained)
	}
}

// close takes nothing more; drained is closed once everything taken is settled.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.waiting = nil
	if q.items == 0 {
		q.finish()
	}
}

// take gives a shard what is new for it, in one instant: outcomes that are not in settled when gen has grown were
// taken back.
func (q *queue) take(shard int) (items []*item, settled []outcome, gen uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	items, q.inbox[shard] = q.inbox[shard], nil
	settled, q.settled[shard] = q.settled[shard], nil
	return items, settled, q.gen
}

// hand gives computed changes to the committer, unless what they were computed from was taken back since.
func (q *queue) hand(changes []*change, gen uint64) bool {
	q.mu.Lock()
	if gen != q.gen {
		q.mu.Unlock()
		return false
	}
	q.pending = append(q.pending, changes...)
	q.mu.Unlock()
	signal(q.work)
	return true
}

// batch takes the next changes for the store, up to a count and a size, at least one if there is any.
func (q *queue) batch(count int, bytes int64) []*change {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := 0
	for size := int64(0); n < len(q.pending) && n < count; n++ {
		if size += q.pending[n].size; n > 0 && size > bytes {
			break
		}
	}
	b := q.pending[:n:n]
	if q.pending = q.pending[n:]; len(q.pending) == 0 {
		q.pending = nil
	}
	return b
}

// waits reports whether a change waits for the store.
func (q *queue) waits() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.pending) > 0
}

// settle tells the shards the outcome of a batch.
func (q *queue) settle(batch []*change, err error) {
	q.mu.Lock()
	for _, ch := range batch {
		i := ch.shard.index
		q.settled[i] = append(q.settled[i], outcome{ch, err})
	}
	q.mu.Unlock()
	for _, ch := range batch {
		signal(ch.shard.wake)
	}
}

// rollback takes back everything computed ahead of the store; the shards compute it again.
func (q *queue) rollback() {
	q.mu.Lock()
	q.gen++
	q.pending = nil
	q.mu.Unlock()
	for _, w := range q.wake {
		signal(w)
	}
}
