package session

import (
	"time"

	"github.com/peltonhq/pelton"
)

// The core of the package: what a session is and how one change follows another. It reads no clock, starts no
// goroutine and does no I/O; the worker drives it.

// state is a session after one change: its newest snapshot, or that it was deleted. The zero state was never born.
type state struct {
	epoch, id   uint64
	gone        bool   // deleted; epoch and id are those of the life that ended
	seq         uint64 // of the change in the log of the name
	payload     []byte
	contentType string
}

// live reports whether the session has a snapshot.
func (s *state) live() bool { return s.epoch != 0 && !s.gone }

// session is one key: what is durable, and what was computed ahead of the store.
type session struct {
	key     string
	durable state
	last    state
	ahead   int    // changes between durable and last
	oldest  uint64 // no stored id of the epoch is lower; a hint where trimming begins
}

// epochAt is the epoch of a session that is born now: microseconds of the clock, and above every epoch that this key
// had before, so that ids of two lives are never confused.
func epochAt(now time.Time, before uint64) uint64 {
	return max(uint64(max(now.UnixMicro(), 1)), before+1)
}

// advance computes the snapshot that follows the last one: id + 1, or id 1 of a new epoch (S1).
func (s *session) advance(now time.Time, payload []byte, contentType string) (epoch, id uint64) {
	next := state{epoch: s.last.epoch, id: s.last.id + 1, payload: payload, contentType: contentType}
	if !s.last.live() {
		next.epoch, next.id = epochAt(now, s.last.epoch), 1
	}
	s.last = next
	s.ahead++
	return next.epoch, next.id
}

// end computes the deletion of the session.
func (s *session) end() {
	s.last = state{epoch: s.last.epoch, id: s.last.id, gone: true}
	s.ahead++
}

// commit takes one change as durable; changes become durable in the order they were computed.
func (s *session) commit(after state) {
	s.durable = after
	if s.ahead--; s.ahead == 0 {
		s.last = after
	}
	if after.id == 1 && !after.gone {
		s.oldest = 1
	}
}

// rollback forgets what was computed ahead of the store.
func (s *session) rollback() {
	s.last = s.durable
	s.ahead = 0
}

// size is the bytes that the session is charged with in a cache.
func (s *session) size() int64 {
	return int64(len(s.key) + len(s.durable.payload) + sessionOverhead)
}

const sessionOverhead = 256

// over is the highest id that count retention removes, 0 while there is nothing to do. One removal serves several
// snapshots, so a session keeps up to slack more than it must; the newest is never removed.
func (s *session) over(keep int) uint64 {
	if keep <= 0 || !s.durable.live() {
		return 0
	}
	limit := uint64(keep) + slack(keep)
	if s.durable.id+1 < s.oldest+limit+1 {
		return 0
	}
	return s.durable.id - uint64(keep)
}

// slack is how many snapshots more than the limit a session may hold.
func slack(keep int) uint64 { return uint64(min(keep, trimSlack)) }

const trimSlack = 100

// change is one step of a session on its way into the store.
type change struct {
	item    *item
	session *session         // owned by the shard; the committer only compares it
	shard   *shard           // who is told once it is durable
	snap    *pelton.Snapshot // nil for a deletion
	after   state            // seq is filled in by the committer
	made    time.Time        // when it was computed, for retention by age
	buried  uint64           // seq of the deletion that this birth replaces, else 0
	doomed  [][]byte         // a deletion: log keys of the snapshots that go with it
	size    int64
}
