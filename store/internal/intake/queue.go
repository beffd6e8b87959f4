package intake

import (
	"fmt"
	"sync"

	"github.com/peltonhq/pelton/store"
)

// Request is one append, or one claim when Claimed is set.
type Request struct {
	Token   store.Token // of a claim: only the partition
	Records []store.Record
	Done    func(store.Pos, error)
	Claimed func(store.Token, error)

	Pos  store.Pos // the outcome, by the committer
	Err  error
	late bool
}

// Answer tells the caller the outcome.
func (r *Request) Answer() {
	if r.Claimed != nil {
		r.Claimed(r.Token, r.Err)
		return
	}
	if r.Err != nil {
		r.Pos = store.Pos{}
	}
	r.Done(r.Pos, r.Err)
}

func (r *Request) what() string {
	if r.Claimed != nil {
		return "claim"
	}
	return "append"
}

// Queue holds requests until the committer takes them. It is bounded by its callers.
type Queue struct {
	mu      sync.Mutex
	waiting []Request
	bytes   int64
	rests   bool // the committer waits for requests
	closed  bool // no new requests
	ended   bool // the committer is gone
	refuser bool // a goroutine answers late requests
	wake    chan struct{}
}

// NewQueue is an empty queue.
func NewQueue() *Queue { return &Queue{wake: make(chan struct{}, 1)} }

// Push hands a request to the committer; it never blocks.
func (q *Queue) Push(r Request) {
	q.mu.Lock()
	defer q.mu.Unlock()
	r.late = q.closed
	q.waiting = append(q.waiting, r)
	q.bytes += store.Size(r.Records)
	if q.ended && !q.refuser {
		q.refuser = true
		go q.refuse()
	}
	q.signal()
}

func (q *Queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// Take waits for requests and returns all of them, into a slice that it may reuse. It returns none once the queue is
// closed and empty: then the committer has ended as far as the queue is concerned.
func (q *Queue) Take(reuse []Request) []Request {
	for {
		q.mu.Lock()
		if len(q.waiting) > 0 || q.closed {
			taken := q.waiting
			q.waiting, q.bytes = reuse[:0], 0
			q.ended, q.rests = len(taken) == 0, false
			q.mu.Unlock()
			return taken
		}
		q.rests = true
		q.mu.Unlock()
		<-q.wake
	}
}

// Aside runs f, which may do the committer's work, if the committer has nothing to do: nothing is taken meanwhile. It reports
// what f did, or false if it was not run.
func (q *Queue) Aside(f func() bool) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.rests && !q.closed && len(q.waiting) == 0 && f()
}

// Waiting is the number of requests that wait to be taken and the bytes in them.
func (q *Queue) Waiting() (requests int, bytes int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting), q.bytes
}

// Close ends the queue: requests pushed from now on are late. It reports whether this call closed it.
func (q *Queue) Close() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return false
	}
	q.closed = true
	q.signal()
	return true
}

// refuse answers late requests on a goroutine of its own, because a caller of Push may hold locks that its done takes.
func (q *Queue) refuse() {
	for {
		q.mu.Lock()
		late := q.waiting
		q.waiting, q.bytes = nil, 0
		q.refuser = len(late) > 0
		q.mu.Unlock()
		if len(late) == 0 {
			return
		}
		for i := range late {
			late[i].Err = late[i].closed()
			late[i].Answer()
		}
	}
}

func (r *Request) closed() error {
	return fmt.Errorf("%s to partition %q: %w", r.what(), r.Token.Partition, store.ErrClosed)
}
