package local

import (
	"bytes"
	"context"
	"sync"

	"github.com/peltonhq/pelton/store"
	"github.com/peltonhq/pelton/store/internal/intake"
)

// span is the range of keys that deletes touched since their space was last reclaimed.
type span struct {
	mu       sync.Mutex
	from, to []byte
}

func (s *span) add(from, to []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.from == nil || bytes.Compare(from, s.from) < 0 {
		s.from = bytes.Clone(from)
	}
	if bytes.Compare(to, s.to) > 0 {
		s.to = bytes.Clone(to)
	}
}

// note adds what the requests of a group deleted; after its commit, or reclaiming would come too early.
func (s *span) note(requests []intake.Request) {
	for i := range requests {
		if requests[i].Err != nil {
			continue
		}
		for _, r := range requests[i].Records {
			switch r.Op {
			case store.Delete:
				s.add(r.Key, r.Key)
			case store.DeleteRange:
				s.add(r.Key, r.End)
			}
		}
	}
}

func (s *span) take() (from, to []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	from, to = s.from, s.to
	s.from, s.to = nil, nil
	return from, to
}

// reclaim gives the space of deleted records back. Pebble does so in its own time, by later writes; a full store has
// none. It runs while the store is full, one at a time; a failure leaves the span for the next one.
func (s *Store) reclaim(ctx context.Context) {
	from, to := s.deleted.take()
	if from == nil {
		return
	}
	if err := s.db.Compact(ctx, from, append(to, 0), false); err != nil {
		s.deleted.add(from, to)
	}
}
