package sink

import (
	"slices"
	"sync"
	"time"

	"github.com/peltonhq/pelton"
)

// batch is accepted effects and, beside them, who is told of the outcome of each: a sink gets a part of the former as it
// is, without copying.
type batch struct {
	effects []pelton.Effect
	to      []pelton.Completer
}

func (b *batch) len() int { return len(b.to) }

func (b *batch) clear() {
	clear(b.effects)
	clear(b.to)
	b.effects, b.to = b.effects[:0], b.to[:0]
}

func (b *batch) part(from, to int) batch { return batch{b.effects[from:to], b.to[from:to]} }

// queue is what senders and the worker share. Its critical sections are short and never wait. Everything accepted
// and not yet settled is charged to it, also what is being written (A2).
type queue struct {
	mu      sync.Mutex
	inbox   batch // accepted, not yet taken by the worker
	waiting []pelton.Completer
	closed  bool
	stats   Stats
	wake    chan struct{}
}

func newQueue(limit int64) *queue {
	return &queue{wake: make(chan struct{}, 1), stats: Stats{Buffer: limit}}
}

// offer takes effects from the front until the limit is reached. The one that passes it is still taken: were it to wait
// for room of its size, the small ones of other senders would keep a large one out for ever.
func (q *queue) offer(effects []pelton.Effect, c pelton.Completer) (taken int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return 0
	}
	for ; taken < len(effects); taken++ {
		if q.stats.QueuedBytes >= q.stats.Buffer {
			q.wait(c)
			break
		}
		q.inbox.to = append(q.inbox.to, c)
		q.stats.Queued++
		q.stats.QueuedBytes += int64(effects[taken].Size())
	}
	q.inbox.effects = append(q.inbox.effects, effects[:taken]...)
	if taken > 0 {
		select {
		case q.wake <- struct{}{}:
		default:
		}
	}
	return taken
}

func (q *queue) wait(c pelton.Completer) {
	if slices.Contains(q.waiting, c) {
		return
	}
	q.waiting = append(q.waiting, c)
}

// take gives the worker everything new and keeps the spare batch, which is empty, for what comes next.
func (q *queue) take(spare batch) batch {
	q.mu.Lock()
	defer q.mu.Unlock()
	taken := q.inbox
	q.inbox = spare
	return taken
}

// settle counts entries as done, those before the last as written and the last as rejected or written, and returns who
// is to be told of room: at three quarters, so that a full queue does not wake its senders for every single write.
func (q *queue) settle(done []pelton.Effect, rejected bool) (told []pelton.Completer) {
	q.mu.Lock()
	defer q.mu.Unlock()
	s := &q.stats
	for i := range done {
		e := &done[i]
		s.Queued--
		s.QueuedBytes -= int64(e.Size())
		if rejected && i == len(done)-1 {
			s.Rejected++
			continue
		}
		s.Written++
		s.Bytes += uint64(len(e.Payload))
	}
	s.Waiting, s.Since = false, time.Time{}
	if s.QueuedBytes <= s.Buffer/4*3 {
		told, q.waiting = q.waiting, nil
	}
	return told
}

// writing notes that a Write begins.
func (q *queue) writing() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.stats.Writing = time.Now()
}

// wrote notes that the Write is over.
func (q *queue) wrote() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.stats.Writing = time.Time{}
}

// failed notes an attempt that will be made again.
func (q *queue) failed(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	s := &q.stats
	s.Retries++
	s.LastError = err
	if !s.Waiting {
		s.Waiting, s.Since = true, time.Now()
	}
}

// close takes nothing more and forgets who waits.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.waiting = nil
}

func (q *queue) figures() Stats {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.stats
}
