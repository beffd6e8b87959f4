package session

import (
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/session/internal/place"
	"github.com/peltonhq/pelton/session/stream"
)

// The core of the package: what a session is and how one change follows another. It reads no clock, starts no
// goroutine and does no I/O; the worker drives it.

// state is a session after one change: its newest snapshot, or that it was deleted. The zero state was never born. A
// stream that a client created is born without a snapshot: its id is 0.
type state struct {
	epoch, id   uint64
	life        uint64 // the epoch in its keys: below epoch when the store's history began later
	gone        bool   // deleted; epoch and id are those of the life that ended
	seq         uint64 // of the change in the log of the name
	payload     []byte
	contentType string
	stream      *stream.Stream // nil unless a client created it; never changed, only replaced
}

// live reports whether the session is there.
func (s *state) live() bool { return s.epoch != 0 && !s.gone }

// session is one key: what is durable, and what was computed ahead of the store.
type session struct {
	key     string
	durable state
	last    state
	ahead   int    // changes between durable and last
	since   uint64 // when the store's history began: no epoch is lower
	oldest  uint64 // no stored id of the epoch is lower; a hint where trimming begins

	producers map[string]*stream.Producer // those that were looked up, with what is ahead of the store
}

// epochAt is the epoch of a session that is born now: microseconds of the clock, and above every epoch that this key
// had before, so that ids of two lives are never confused.
func epochAt(now time.Time, before uint64) uint64 {
	return max(uint64(max(now.UnixMicro(), 1)), before+1)
}

func (s *session) epochAt(now time.Time) uint64 { return epochAt(now, max(s.last.epoch, s.since)) }

// advance computes the snapshot that follows the last one: id + 1, or id 1 of a new epoch (S1).
func (s *session) advance(now time.Time, payload []byte, contentType string) (epoch, id uint64) {
	next := state{epoch: s.last.epoch, life: s.last.life, id: s.last.id + 1, payload: payload, contentType: contentType, stream: s.last.stream}
	if !s.last.live() {
		next.epoch, next.id, next.stream = s.epochAt(now), 1, nil
		next.life = next.epoch
	}
	s.last = next
	s.ahead++
	return next.epoch, next.id
}

// end computes the deletion of the session.
func (s *session) end() {
	s.last = state{epoch: s.last.epoch, life: s.last.life, id: s.last.id, gone: true}
	s.producers = nil
	s.ahead++
}

// buried is the seq of the deletion whose entry in the log the next numbered change replaces, 0 when there is none.
func (s *session) buried() uint64 {
	if s.last.gone || s.last.id == 0 {
		return s.last.seq
	}
	return 0
}

// commit takes one change as durable; changes become durable in the order they were computed.
func (s *session) commit(after state) {
	if after.epoch != s.durable.epoch {
		s.oldest = 1
	}
	s.durable = after
	if s.ahead--; s.ahead == 0 {
		s.last = after
	}
}

// rollback forgets what was computed ahead of the store.
func (s *session) rollback() {
	s.last = s.durable
	s.ahead = 0
	s.producers = nil
}

// Name, Size and Busy implement [recent.Item]: what was computed ahead of the store is nowhere else, so it stays.
func (s *session) Name() string { return s.key }
func (s *session) Size() int64  { return int64(len(s.key) + len(s.durable.payload) + sessionOverhead) }
func (s *session) Busy() bool   { return s.ahead > 0 }

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

// change is one step of a session on its way into the store: a snapshot or several, a deletion (after.gone), or neither,
// when a client created or closed a stream.
type change struct {
	item     *item
	session  *session           // owned by the shard; the committer only compares it
	shard    *shard             // who is told once it is durable
	before   []*pelton.Snapshot // those of the same write before snap
	snap     *pelton.Snapshot   // nil when there is none
	after    state              // seq is filled in by the committer
	made     time.Time          // when it was computed, for retention by age
	buried   uint64             // seq of the deletion that this one replaces, else 0
	doomed   [][]byte           // a deletion: log keys of the snapshots that go with it
	stream   *stream.Stream     // written with it; nil when it stays
	producer *stream.Producer   // written with it; nil when there is none
	size     int64
}

// snaps gives each snapshot of the change, in order.
func (ch *change) snaps(yield func(*pelton.Snapshot) bool) {
	for _, snap := range ch.before {
		if !yield(snap) {
			return
		}
	}
	if ch.snap != nil {
		yield(ch.snap)
	}
}

// mark is the place after the change.
func (ch *change) mark() place.Mark {
	m := place.Mark{Epoch: ch.after.epoch, ID: ch.after.id}
	switch {
	case ch.after.gone:
		m.End = place.Gone
	case ch.after.stream != nil && ch.after.stream.Closed:
		m.End = place.Closed
	}
	return m
}
