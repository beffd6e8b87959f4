package memory

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/peltonhq/pelton/store"
	"github.com/peltonhq/pelton/store/internal/intake"
)

// Store is a store over a [Disk].
type Store struct {
	disk   *Disk
	since  time.Time
	queue  *intake.Queue
	ledger *intake.Ledger // the committer's
	closed atomic.Bool    // reads fail
	ended  chan struct{}
	moved  chan struct{} // a hook changed

	mu      sync.Mutex
	hooks   hooks
	stats   store.Stats
	waiting int // taken from the queue, not yet answered
}

var (
	_ store.Store  = (*Store)(nil)
	_ store.Prompt = (*Store)(nil)
)

// Since implements [store.Store].
func (s *Store) Since() time.Time { return s.since }

// run is the committer.
func (s *Store) run() {
	defer close(s.ended)
	var reuse []intake.Request
	for {
		taken := s.queue.Take(reuse)
		if len(taken) == 0 {
			return
		}
		s.mu.Lock()
		s.waiting = len(taken)
		s.mu.Unlock()
		for i := range taken {
			full, failed := s.wait(&taken[i])
			s.commit(&taken[i], full, failed)
			taken[i].Answer()
		}
		clear(taken)
		reuse = taken
	}
}

func (s *Store) commit(r *intake.Request, full string, failed error) {
	made := s.ledger.Admit(r, full, failed)
	if made {
		s.disk.write(r.Records, s.ledger)
	}
	s.mu.Lock()
	if made {
		s.stats.Appends++
		s.stats.Commits++
		s.stats.Records += uint64(len(r.Records))
		s.stats.Group.Observe(uint64(len(r.Records)))
	} else {
		s.stats.Rejected++
	}
	s.waiting = max(0, s.waiting-1)
	s.mu.Unlock()
}

// Claim implements [store.Store].
func (s *Store) Claim(ctx context.Context, partition string) (store.Token, error) {
	return s.queue.Claim(ctx, partition)
}

// Append implements [store.Store].
func (s *Store) Append(ctx context.Context, t store.Token, records []store.Record) (store.Pos, error) {
	return s.queue.Append(ctx, t, records)
}

// AppendAsync implements [store.Store].
func (s *Store) AppendAsync(t store.Token, records []store.Record, done func(store.Pos, error)) {
	s.queue.Push(intake.Request{Token: t, Records: records, Done: done})
}

// AppendNow implements [store.Prompt]: there is nothing to wait for unless a test holds the store.
func (s *Store) AppendNow(t store.Token, records []store.Record) (pos store.Pos, now bool, err error) {
	r := intake.Request{Token: t, Records: records}
	now = s.queue.Aside(func() bool {
		full, held, failed := s.outcome(&r)
		if !held {
			s.commit(&r, full, failed)
		}
		return !held
	})
	return r.Pos, now, r.Err
}

// Stats implements [store.Store]. There is no disk, so its bytes are 0.
func (s *Store) Stats() store.Stats {
	queued, bytes := s.queue.Waiting()
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.stats
	st.Queued, st.QueuedMem = queued+s.waiting, bytes
	st.Full, st.Err = s.hooks.full, s.hooks.broken
	return st
}

// Close implements [store.Store]. What is held back becomes durable first, as on a disk.
func (s *Store) Close() error {
	if !s.queue.Close() {
		<-s.ended
		return fmt.Errorf("store in memory: %w", store.ErrClosed)
	}
	s.Release()
	s.end()
	return nil
}

func (s *Store) end() {
	<-s.ended
	s.closed.Store(true)
	s.Fill("")
	s.disk.release()
}
