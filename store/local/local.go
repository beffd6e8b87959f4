package local

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/peltonhq/pelton/store"
	"github.com/peltonhq/pelton/store/internal/intake"
)

// Store is a store in a directory; [Open] makes it.
type Store struct {
	o       Options
	files   *files
	lock    *pebble.Lock
	db      *pebble.DB
	queue   *intake.Queue
	ledger  *intake.Ledger // the committer's
	view    views
	room    room
	deleted span
	ended   chan struct{} // closed when the committer has ended
	backup  sync.Mutex    // held while a backup is open
	history history       // what Open found

	failed atomic.Pointer[error]
	stuck  atomic.Bool // Pebble panicked and holds its own locks
	statMu sync.Mutex
	stats  store.Stats // counters only
}

var _ store.Store = (*Store)(nil)

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

// Full implements [store.Store].
func (s *Store) Full() (reason string, room <-chan struct{}) { return s.room.full() }

// fail stops the store for good; the first reason stays.
func (s *Store) fail(err error) {
	err = fmt.Errorf("store %s: %w: %w; nothing after this was acknowledged, check the disk and start again", s.o.Dir, store.ErrFailed, err)
	s.failed.CompareAndSwap(nil, &err)
}

func (s *Store) failure() error {
	if err := s.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// usage measures what [room] limits.
func (s *Store) usage() (used, free int64, known bool) {
	if s.o.MaxBytes > 0 {
		m := s.db.Metrics()
		// Logs kept for reuse are no data, and no delete makes them go.
		used = int64(m.DiskSpaceUsage() - m.WAL.ObsoletePhysicalSize)
	}
	free, known = s.files.available()
	return used, free, known
}

// Cut reports whether Open found what a power cut may have taken writes from: the store was written with [SyncOff], and the
// machine went down before it was closed.
func (s *Store) Cut() bool { return s.history.cut }

// Lost is how many bytes of its newest writes a power cut had torn; [Open] cut them off. It is 0 but for a store that was
// written with [SyncOff].
func (s *Store) Lost() int64 { return s.history.lost }

func (s *Store) count(made, records int, took time.Duration) {
	s.statMu.Lock()
	defer s.statMu.Unlock()
	s.stats.Appends += uint64(made)
	s.stats.Records += uint64(records)
	s.stats.Commits++
	s.stats.Group.Observe(uint64(records))
	s.stats.Sync.Observe(uint64(took))
}

func (s *Store) reject(n int) {
	s.statMu.Lock()
	s.stats.Rejected += uint64(n)
	s.statMu.Unlock()
}

// Stats implements [store.Store].
func (s *Store) Stats() store.Stats {
	s.statMu.Lock()
	st := s.stats
	s.statMu.Unlock()
	st.MaxBytes, st.Reserve = s.o.MaxBytes, s.o.Reserve
	st.Queued, st.QueuedMem = s.queue.Waiting()
	st.Full, _ = s.room.full()
	st.Err = s.failure()
	st.Free, _ = s.files.available()
	if s.view.enter("stats", nil) == nil {
		defer s.view.gate.RUnlock()
		if !s.stuck.Load() {
			st.Bytes = int64(s.db.Metrics().DiskSpaceUsage())
		}
	}
	return st
}

// Close implements [store.Store].
func (s *Store) Close() error {
	if !s.queue.Close() {
		<-s.ended
		return fmt.Errorf("store %s: %w", s.o.Dir, store.ErrClosed)
	}
	<-s.ended
	s.room.close()
	s.view.close()
	if s.stuck.Load() {
		return s.failure() // closing would wait for locks that nobody gives back; the process's end frees the directory
	}
	if err := s.db.Close(); err != nil {
		s.fail(err)
	} else if err := s.settle(); err != nil {
		s.fail(err)
	}
	return errors.Join(s.failure(), s.release())
}
