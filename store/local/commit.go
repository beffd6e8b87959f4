package local

import (
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/peltonhq/pelton/store"
	"github.com/peltonhq/pelton/store/internal/intake"
)

// run is the committer.
func (s *Store) run() {
	defer close(s.ended)
	var reuse []intake.Request
	for {
		taken := s.queue.Take(reuse)
		if len(taken) == 0 {
			return
		}
		for rest := taken; len(rest) > 0; {
			n, bytes := group(rest)
			s.commit(rest[:n], bytes)
			rest = rest[n:]
		}
		clear(taken)
		reuse = taken
	}
}

// group is how many requests from the front go into the next commit: at least one, then up to the limits.
func group(waiting []intake.Request) (n int, bytes int64) {
	records := 0
	for i := range waiting {
		size := store.Size(waiting[i].Records)
		records += len(waiting[i].Records)
		if i > 0 && (records > groupRecords || bytes+size > groupBytes) {
			return i, bytes
		}
		bytes += size
	}
	return len(waiting), bytes
}

// commit makes one group durable, then visible, then answers it: D2, S4.
func (s *Store) commit(requests []intake.Request, bytes int64) {
	full := s.room.admit(bytes)
	failed := s.failure()
	b := s.db.NewBatch()
	made, records := 0, 0
	for i := range requests {
		if s.ledger.Admit(&requests[i], full, failed) {
			made++
			records += len(requests[i].Records)
			add(b, requests[i].Records)
		}
	}
	if made > 0 {
		start := time.Now()
		if err := s.apply(b); err != nil {
			refuse(requests, err)
			made, records = 0, 0
		} else {
			s.view.publish(s.db)
			s.deleted.note(requests)
		}
		s.count(made, records, time.Since(start))
	}
	s.reject(len(requests) - made)
	_ = b.Close() // never fails
	for i := range requests {
		requests[i].Answer()
	}
}

// refuse turns the requests that were admitted into failed ones.
func refuse(requests []intake.Request, err error) {
	for i := range requests {
		if requests[i].Err == nil {
			requests[i].Err = fmt.Errorf("partition %q: %w", requests[i].Token.Partition, err)
		}
	}
}

// add puts records into a batch in memory, which cannot fail: they were checked.
func add(b *pebble.Batch, records []store.Record) {
	for i := range records {
		switch r := &records[i]; r.Op {
		case store.Put:
			_ = b.Set(r.Key, r.Value, nil)
		case store.Delete:
			_ = b.Delete(r.Key, nil)
		case store.DeleteRange:
			_ = b.DeleteRange(r.Key, r.End, nil)
		}
	}
}

// apply writes a batch and the partitions it moved, and waits for the fsync. Pebble reports a failed one through its
// logger or by a panic, with its locks held: either way the store has failed.
func (s *Store) apply(b *pebble.Batch) (err error) {
	defer func() {
		if p := recover(); p != nil {
			s.stuck.Store(true)
			s.fail(fmt.Errorf("%v", p))
			err = s.failure()
		}
	}()
	s.ledger.Flush(func(key, value []byte) { _ = b.Set(key, value, nil) })
	if err := s.db.Apply(b, pebble.Sync); err != nil {
		s.fail(err)
	}
	return s.failure()
}
