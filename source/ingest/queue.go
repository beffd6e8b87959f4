package ingest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/source"
	"github.com/peltonhq/pelton/store"
)

// Defaults of the options.
const (
	DefaultMaxBytes   = 1 << 30
	DefaultMaxMessage = 1 << 20
	DefaultMaxIDs     = 100_000
)

// Options configure a queue.
type Options struct {
	Name       string // of the source
	Store      store.Store
	MaxBytes   int64            // of unsettled messages; 0 means DefaultMaxBytes
	MaxAge     time.Duration    // of the oldest unsettled message; 0 means any
	MaxMessage int64            // bytes of a payload and its key; 0 means DefaultMaxMessage
	MaxIDs     int              // how many ids are remembered, to within a few hundred; 0 means DefaultMaxIDs
	IDAge      time.Duration    // how long an id is remembered; 0 means any
	Finite     bool             // the lane ends behind End, when everything is read
	Now        func() time.Time // nil means time.Now
}

// Queue is the source: it takes messages and has the one lane that reads them.
type Queue struct {
	options Options
	token   store.Token
	id      pelton.LaneID
	done    chan struct{} // closed by Close

	mu      sync.Mutex // held for bookkeeping only, never over I/O
	next    uint64     // sequence number of the next message
	durable uint64     // of the newest message that is durable; 0 when there is none
	backlog backlog
	settled uint64        // everything below is settled
	deleted uint64        // everything below is deleted, or being deleted
	busy    bool          // a deletion is on its way
	wake    chan struct{} // closed when there is something new to read, or no more
	room    chan struct{} // closed when something was settled
	ids     ids
	stats   Stats
	tail    tail
}

// tail is the end of a queue: nothing more is published.
type tail struct {
	ended bool
	cause error // why, if that is an error
}

// Stats are a queue's figures since it was opened.
type Stats struct {
	Bytes    int64  // that wait, as MaxBytes counts them
	Limit    int64  // MaxBytes
	Refused  uint64 // publications that a full queue refused
	Waits    uint64 // publications that waited for room
	Repeated uint64 // units that were there already (Q3)
}

var _ source.Source = (*Queue)(nil)

// The keys of a queue: SpaceIngest, name, then one of these.
const (
	kindIncarnation uint64 = iota
	kindMessage            // and the sequence number
	kindID                 // and the id
	kindOrder              // and the number of an id
)

// Open opens the queue of a source, which is created if the store has none.
func Open(ctx context.Context, o Options) (*Queue, error) {
	if o.MaxBytes == 0 {
		o.MaxBytes = DefaultMaxBytes
	}
	if o.MaxMessage == 0 {
		o.MaxMessage = DefaultMaxMessage
	}
	if o.MaxIDs == 0 {
		o.MaxIDs = DefaultMaxIDs
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	q := &Queue{options: o, next: 1, wake: make(chan struct{}), room: make(chan struct{}), done: make(chan struct{})}
	token, err := o.Store.Claim(ctx, "ingest/"+o.Name)
	if err != nil {
		return nil, q.fail("claim the queue", err)
	}
	q.token = token
	incarnation, err := q.incarnation(ctx)
	if err != nil {
		return nil, err
	}
	q.id = pelton.LaneID{Source: o.Name, Incarnation: incarnation, Lane: "ingest"}
	if err := q.load(); err != nil {
		return nil, err
	}
	if err := q.loadIDs(); err != nil {
		return nil, q.fail("read the queue", err)
	}
	return q, nil
}

func (q *Queue) fail(what string, err error) error {
	return fmt.Errorf("source %s: %s: %w", q.options.Name, what, err)
}

// incarnation is the queue's random name, made when the store has no queue yet.
func (q *Queue) incarnation(ctx context.Context) (string, error) {
	key := store.Key(store.SpaceIngest, q.options.Name, kindIncarnation)
	value, err := q.options.Store.Get(key)
	if err == nil {
		return string(value), nil
	}
	if !errors.Is(err, store.ErrNotFound) {
		return "", q.fail("read the queue", err)
	}
	made := rand.Text()
	if _, err := q.options.Store.Append(ctx, q.token, []store.Record{{Op: store.Put, Key: key, Value: []byte(made)}}); err != nil {
		return "", q.fail("create the queue", err)
	}
	return made, nil
}

// load counts what is in the store.
func (q *Queue) load() error {
	for e, err := range q.options.Store.Scan(q.key(0), q.end(), store.ScanOptions{}) {
		if err != nil {
			return q.fail("read the queue", err)
		}
		seq, m, err := q.read(e)
		if err != nil {
			return err
		}
		q.backlog.add(seq, m.Size(), m.Time, q.piece())
		q.next, q.durable = seq+1, seq
	}
	return nil
}

// piece is the most bytes in one run of the backlog.
func (q *Queue) piece() int64 { return q.options.MaxBytes / 64 }

func (q *Queue) key(seq uint64) []byte {
	return store.Key(store.SpaceIngest, q.options.Name, kindMessage, seq)
}

func (q *Queue) end() []byte {
	return store.PrefixEnd(store.Key(store.SpaceIngest, q.options.Name, kindMessage))
}

func (q *Queue) read(e store.Entry) (seq uint64, m Message, err error) {
	seq, _, err = store.CutUint64(e.Key[max(0, len(e.Key)-8):])
	if err == nil {
		m, err = parse(e.Value)
	}
	if err != nil {
		err = q.fail(fmt.Sprintf("read message %d", seq), err)
	}
	return seq, m, err
}

// Messages are those in the store, in order: all that are not settled, and the newest.
func (q *Queue) Messages() iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		for e, err := range q.options.Store.Scan(q.key(0), q.end(), store.ScanOptions{}) {
			var m Message
			if err == nil {
				_, m, err = q.read(e)
			}
			if !yield(m, err) || err != nil {
				return
			}
		}
	}
}

// Open gives the one lane.
func (q *Queue) Open(context.Context) ([]source.Lane, error) {
	return []source.Lane{&lane{queue: q}}, nil
}

// Stats tells the figures now.
func (q *Queue) Stats() Stats {
	q.mu.Lock()
	defer q.mu.Unlock()
	s := q.stats
	s.Bytes, s.Limit = q.backlog.bytes, q.options.MaxBytes
	return s
}

// End says that nothing more is published; what was is durable. The lane of a finite queue ends when all is read, with
// cause if that is an error.
func (q *Queue) End(cause error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.tail = tail{ended: true, cause: cause}
	close(q.wake)
	q.wake = make(chan struct{})
}

// Close refuses further messages, and ends who waits for room. Those on their way are still made durable, and readers go
// on until their context ends.
func (q *Queue) Close() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.isClosed() {
		close(q.done)
	}
	return nil
}

func (q *Queue) isClosed() bool {
	select {
	case <-q.done:
		return true
	default:
		return false
	}
}
