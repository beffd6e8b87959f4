package session

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/session/internal/book"
	"github.com/peltonhq/pelton/session/internal/gate"
	"github.com/peltonhq/pelton/session/internal/known"
	"github.com/peltonhq/pelton/session/internal/place"
	"github.com/peltonhq/pelton/session/internal/record"
	"github.com/peltonhq/pelton/store"
)

// Limits.
const (
	MaxKey     = 1 << 10  // bytes of a session key
	MaxPayload = 16 << 20 // bytes of a snapshot's payload

	defaultBuffer = 4 << 20
	maxShards     = 64
	cacheBytes    = 16 << 20 // of latest states, over all shards of a name
)

// MemoryBytes is what the sessions of one name hold in memory at most, beside Options.Buffer and what their followers are
// behind.
const MemoryBytes = cacheBytes + 2*knownBytes

// Retain says what of a session is kept. Its newest snapshot always is.
type Retain struct {
	Snapshots int           // per session; 0 keeps all. Removal is in steps, see doc.go
	Age       time.Duration // 0 keeps them forever
}

// Fold is one step of a reduced session: State and Emit in, Next out.
type Fold struct {
	Key, State, Emit []byte // read only; State is nil for a new session
	Next             []byte // the new state, owned by the session after the call
	ContentType      string // the emit's when called; of Next afterwards
	Revision         int    // of the reducer that made Next
	Err              error  // this emit is refused for good
}

// Reducer folds emits into states.
type Reducer interface {
	// Fold fills in Next or Err of every element; they are of different keys. An error that it returns is transient:
	// nothing of the call counts and it is made again after a pause, without end (E2). It may block until ctx ends.
	Fold(ctx context.Context, folds []Fold) error
}

// Options of the sessions of one name. Name and Store are required.
type Options struct {
	Name    string
	Store   store.Store
	Retain  Retain
	Buffer  int64            // bytes of effects accepted and not yet durable; default 4 MiB
	Shards  int              // worker goroutines; default one per processor, at most 64
	Reduce  Reducer          // nil: the payload of a snapshot is its emit
	Now     func() time.Time // default time.Now
	MaxLag  int              // snapshots that a live follower may be behind; default 65,536
	LagByte int64            // bytes of them; default 64 MiB
	Recent  int64            // bytes of the newest of a followed key, in each encoding, and of what a follower is given at once; default 1 MiB
	Block   time.Duration    // that a follower of policy Block may hold the name up at a time; 0: there is none
	OnHold  func(why string) // told once of each that does, and of each that was let go for it; may be nil

	Writable bool // clients write it: streams are looked for, and deleted when they expire
}

func (o *Options) complete() error {
	switch {
	case o.Name == "":
		return errors.New("session: name is empty")
	case o.Store == nil:
		return fmt.Errorf("session %s: no store", o.Name)
	case o.Retain.Snapshots < 0 || o.Retain.Age < 0:
		return fmt.Errorf("session %s: retain is negative; use 0 to keep everything", o.Name)
	case o.Buffer < 0 || o.Shards < 0 || o.MaxLag < 0 || o.LagByte < 0 || o.Block < 0 || o.Recent < 0:
		return fmt.Errorf("session %s: a limit is negative; use 0 for the default", o.Name)
	}
	o.Buffer = orDefault(o.Buffer, defaultBuffer)
	o.Shards = min(orDefault(o.Shards, runtime.GOMAXPROCS(0)), maxShards)
	o.MaxLag = orDefault(o.MaxLag, defaultLag)
	o.LagByte = orDefault(o.LagByte, defaultLagBytes)
	o.Recent = orDefault(o.Recent, defaultRecent)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.OnHold == nil {
		o.OnHold = func(string) {}
	}
	return nil
}

// holds is when a follower of policy Block holds the name up: before retention could take what it was not given, too.
func (o *Options) holds() gate.Limits {
	l := gate.Limits{Count: uint64(o.MaxLag), Bytes: uint64(o.LagByte), Time: o.Block}
	if o.Retain.Snapshots > 0 {
		l.Count = min(l.Count, uint64(o.Retain.Snapshots))
	}
	return l
}

func orDefault[T int | int64](v, otherwise T) T {
	if v == 0 {
		return otherwise
	}
	return v
}

// Sessions are all the sessions of one name. Make them with [Open]. Methods may be called from any goroutine.
type Sessions struct {
	o     Options
	token store.Token
	epoch uint64 // of the log
	seed  maphash.Seed

	queue  *queue
	shards []*shard
	hub    hub
	counts counts
	known  atomic.Pointer[known.Keys] // the keys that the store had when it was opened; nil until they are read
	book   book.Book

	ctx    context.Context // ends the goroutines
	cancel context.CancelFunc
	wg     sync.WaitGroup
	once   sync.Once
	failed chan struct{} // closed when the store failed for good
	failOf sync.Once
}

var _ pelton.Offerer = (*Sessions)(nil)

// counts are the figures of [Stats] that several goroutines add to.
type counts struct {
	sessions, seq, made, refused, retries, trimmed, rolled, slow atomic.Uint64
	follow                                                       atomic.Int64
	err                                                          atomic.Pointer[error]
	full                                                         atomic.Pointer[string]
}

// Open claims the name in the store and starts its workers. The store must outlive the sessions.
func Open(ctx context.Context, o Options) (*Sessions, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	token, err := o.Store.Claim(ctx, "session/"+o.Name)
	if err != nil {
		return nil, fmt.Errorf("session %s: claim: %w", o.Name, err)
	}
	s := &Sessions{
		o: o, token: token, seed: maphash.MakeSeed(),
		queue: newQueue(o.Buffer, o.Shards), failed: make(chan struct{}),
	}
	s.book = book.Book{Name: o.Name, Keys: record.NewKeys(o.Name), Streams: o.Writable, Chunk: o.Recent}
	if since := o.Store.Since(); !since.IsZero() {
		s.book.Since = uint64(since.UnixMicro())
	}
	if err := s.restore(ctx); err != nil {
		return nil, fmt.Errorf("session %s: %w", o.Name, err)
	}
	s.hub.gate, s.hub.most = gate.New(o.holds(), o.OnHold), o.Recent
	s.hub.init(place.Mark{Epoch: s.epoch, ID: s.counts.seq.Load()})
	s.ctx, s.cancel = context.WithCancel(context.Background())
	for i := range o.Shards {
		s.shards = append(s.shards, newShard(s, i))
	}
	before := o.Store.View()
	s.wg.Go(func() { s.learn(before) })
	for _, sh := range s.shards {
		s.wg.Go(sh.run)
	}
	s.wg.Go(newCommitter(s).run)
	if o.Retain.Age > 0 {
		s.wg.Go(s.janitor)
	}
	if o.Writable {
		s.wg.Go(s.sweeper)
	}
	return s, nil
}

// restore reads where the log ends, and begins it on first use.
func (s *Sessions) restore(ctx context.Context) error {
	seq, err := s.book.Newest(s.o.Store)
	if err != nil {
		return err
	}
	s.counts.seq.Store(seq)
	value, err := s.o.Store.Get(s.book.Keys.Name)
	if errors.Is(err, store.ErrNotFound) {
		s.epoch = epochAt(s.o.Now(), s.book.Since)
		_, err := s.o.Store.Append(ctx, s.token, []store.Record{
			{Op: store.Put, Key: s.book.Keys.Name, Value: record.Name{Epoch: s.epoch}.Encode()}})
		return err
	}
	if err != nil {
		return err
	}
	n, err := record.DecodeName(value)
	s.epoch = s.book.Shown(n.Epoch)
	s.counts.sessions.Store(n.Count)
	return err
}

// Offer implements [pelton.Offerer]. Effects of one caller and key keep their order. c must be comparable.
func (s *Sessions) Offer(effects []pelton.Effect, c pelton.Completer) int {
	n, _ := s.queue.offer(len(effects), func(i int) *item {
		e := &effects[i]
		return &item{effect: *e, key: string(e.Key), to: c, size: int64(e.Size())}
	}, s.shardOf, c)
	return n
}

func (s *Sessions) shardOf(it *item) int {
	return int(maphash.String(s.seed, it.key) % uint64(len(s.shards)))
}

// fail ends writing for good; what was not durable is never reported, as after a crash.
func (s *Sessions) fail(err error) {
	s.failOf.Do(func() {
		err = fmt.Errorf("session %s: %w", s.o.Name, err)
		s.counts.err.Store(&err)
		s.queue.close()
		close(s.failed)
	})
}

// Failed is closed when the store refused for good; Stats().Err has the reason. Reads go on.
func (s *Sessions) Failed() <-chan struct{} { return s.failed }

// Close takes no more effects, waits until those it took are durable or ctx ends, and stops. Followers get a Closed
// event. What was not durable is never reported to its sender.
func (s *Sessions) Close(ctx context.Context) error {
	s.queue.close()
	s.hub.gate.Open()
	var err error
	select {
	case <-s.queue.drained:
	case <-s.failed:
		err = *s.counts.err.Load()
	case <-s.ctx.Done():
	case <-ctx.Done():
		err = fmt.Errorf("session %s: closed with %d effects not durable: %w", s.o.Name, s.Stats().Queued, ctx.Err())
	}
	s.once.Do(s.hub.close)
	s.cancel()
	s.wg.Wait()
	return err
}

// Stats are the figures of one session name. Counters start at 0 when it is opened.
type Stats struct {
	Sessions  uint64 // that have a snapshot
	Seq       uint64 // last one of the log of the name
	Queued    int    // effects accepted and not yet settled
	Buffered  int64  // bytes of them
	Buffer    int64  // the limit of Buffered
	Snapshots uint64 // made durable
	Refused   uint64 // effects that never will be
	Retries   uint64 // calls of the reducer and of the store that were made again
	Rollbacks uint64 // times that what was ahead of the store was computed again
	Trimmed   uint64 // snapshots removed by retention
	Waiting   string // why effects wait: the store is full, the reducer fails, or a follower holds them up; empty while they flow
	Err       error  // why nothing is written any more; nil while it works
	FollowStats
}

// FollowStats are the figures of a name's followers.
type FollowStats struct {
	Followers int
	Slow      uint64    // that were too slow and ended
	Hold      HoldStats // of those that may hold the name up
	Recent    int64     // bytes of the newest snapshots of followed keys
	Shared    int64     // bytes of their encodings, which followers share
	Given     int64     // bytes of snapshots that followers were given and have not sent
}

// HoldStats are the figures of followers of policy Block.
type HoldStats = gate.Stats

// Stats tells the figures now.
func (s *Sessions) Stats() Stats {
	c := &s.counts
	st := Stats{
		Sessions: c.sessions.Load(), Seq: c.seq.Load(), Snapshots: c.made.Load(), Refused: c.refused.Load(),
		Retries: c.retries.Load(), Rollbacks: c.rolled.Load(), Trimmed: c.trimmed.Load(),
		Buffer: s.o.Buffer, FollowStats: s.hub.stats(),
	}
	st.Followers, st.Slow, st.Waiting = int(c.follow.Load()), c.slow.Load()+st.Hold.Ended, st.Hold.Why
	if full := c.full.Load(); full != nil {
		st.Waiting = *full
	}
	for _, sh := range s.shards {
		if why := sh.problem.Load(); why != nil && st.Waiting == "" {
			st.Waiting = *why
		}
	}
	if err := c.err.Load(); err != nil {
		st.Err = *err
	}
	s.queue.mu.Lock()
	st.Queued, st.Buffered = s.queue.items, s.queue.bytes
	s.queue.mu.Unlock()
	return st
}

// Flow lets nobody hold the name up until done is called.
func (s *Sessions) Flow() (done func()) { return s.hub.gate.Pass() }

// Count is the number of sessions that have a snapshot.
func (s *Sessions) Count() uint64 { return s.counts.sessions.Load() }
