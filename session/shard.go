package session

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/internal/invariants"
	"github.com/peltonhq/pelton/session/internal/known"
	"github.com/peltonhq/pelton/session/internal/place"
	"github.com/peltonhq/pelton/session/internal/recent"
	"github.com/peltonhq/pelton/store"
)

// Pauses between two calls of a reducer or a store that failed for now.
const (
	firstPause = 10 * time.Millisecond
	longPause  = 5 * time.Second
)

func newPause() *backoff.ExponentialBackOff {
	return &backoff.ExponentialBackOff{
		InitialInterval: firstPause, MaxInterval: longPause, Multiplier: 2, RandomizationFactor: 0.2,
	}
}

// shard is the worker of the sessions whose keys hash to it: one goroutine owns all of its fields and the sessions.
type shard struct {
	s     *Sessions
	index int
	wake  chan struct{}
	cache *recent.Set[*session] // the latest states of the sessions that were used last
	known *known.Keys           // of the sessions that were born since

	todo       []*item   // accepted, in order
	ahead      []*change // computed and not yet durable, in order
	aheadBytes int64
	gen        uint64
	ending     bool // a deletion is in ahead

	pause   *backoff.ExponentialBackOff
	retry   *time.Timer // set while quiet
	quiet   bool        // rests after a failure
	problem atomic.Pointer[string]
}

func newShard(s *Sessions, index int) *shard {
	return &shard{
		s: s, index: index, wake: s.queue.wake[index],
		cache: recent.New[*session](cacheBytes / int64(s.o.Shards)), known: known.New(knownBytes / uint(s.o.Shards)), pause: newPause(),
	}
}

// run works until the sessions are closed.
func (sh *shard) run() {
	sh.retry = time.NewTimer(time.Hour)
	sh.retry.Stop()
	defer sh.retry.Stop()
	for {
		sh.receive()
		if sh.step() {
			continue
		}
		select {
		case <-sh.wake:
		case <-sh.retry.C:
			sh.quiet = false
		case <-sh.s.ctx.Done():
			return
		}
	}
}

// receive takes what is new: items, outcomes, and whether everything ahead was taken back.
func (sh *shard) receive() {
	items, settled, gen := sh.s.queue.take(sh.index)
	sh.todo = append(sh.todo, items...)
	for _, o := range settled {
		sh.settled(o)
	}
	if gen != sh.gen {
		sh.gen = gen
		sh.rollback()
	}
}

// settled takes the oldest change ahead as durable, or as refused by the store. A refusal always comes with a
// rollback, which makes the sessions forget it.
func (sh *shard) settled(o outcome) {
	ch := sh.ahead[0]
	invariants.Check(ch == o.change, "S1: changes of a shard are settled out of order")
	sh.ahead[0] = nil
	sh.ahead = sh.ahead[1:]
	sh.aheadBytes -= ch.size
	if ch.after.gone {
		sh.ending = false
	}
	if o.err != nil {
		return
	}
	ch.session.commit(ch.after)
	sh.cache.Charge(ch.session)
	sh.trim(ch.session)
}

// rollback goes back to the durable state and puts what was ahead of it in front of what is to do.
func (sh *shard) rollback() {
	items := make([]*item, 0, len(sh.ahead)+len(sh.todo))
	for _, ch := range sh.ahead {
		ch.session.rollback()
		items = append(items, ch.item)
	}
	// A session whose only change ahead was refused is no longer in ahead.
	for ses := range sh.cache.All() {
		ses.rollback()
	}
	sh.todo = append(items, sh.todo...)
	sh.ahead, sh.aheadBytes, sh.ending = nil, 0, false
}

// step does some of what is to do; false means that it must wait.
func (sh *shard) step() bool {
	if len(sh.todo) == 0 || sh.quiet || sh.ending || sh.s.ctx.Err() != nil {
		return false
	}
	if sh.aheadBytes > 0 && sh.aheadBytes >= sh.s.o.Buffer/int64(sh.s.o.Shards) {
		return false
	}
	if head := sh.todo[0]; head.ask != nil && head.ask.alone() {
		if len(sh.ahead) > 0 {
			return false
		}
		return sh.client(head)
	}
	return sh.emits()
}

// emits folds the emits at the front.
func (sh *shard) emits() bool {
	n := 0
	for n < len(sh.todo) && n < foldBatch && (sh.todo[n].ask == nil || !sh.todo[n].ask.alone()) {
		n++
	}
	changes, rest, err := sh.fold(sh.todo[:n:n])
	if len(rest) == 0 {
		sh.todo = sh.todo[n:]
	} else {
		sh.todo = append(rest, sh.todo[n:]...)
	}
	if err != nil {
		sh.rest(err)
	} else {
		sh.flow()
	}
	sh.hand(changes)
	return true
}

// rest pauses the shard: its reducer or the store did not answer. What waits keeps its order (E2). A store that never
// will again ends the writing.
func (sh *shard) rest(err error) {
	if final(err) {
		sh.s.fail(err)
	}
	why := err.Error()
	sh.problem.Store(&why)
	sh.s.counts.retries.Add(1)
	sh.quiet = true
	sh.retry.Reset(sh.pause.NextBackOff())
}

func (sh *shard) flow() {
	if sh.problem.Load() != nil {
		sh.problem.Store(nil)
		sh.pause.Reset()
	}
}

// hand gives changes to the committer. If it took back what they were computed from, the next receive does so here:
// they are in ahead by then.
func (sh *shard) hand(changes []*change) {
	if len(changes) == 0 {
		return
	}
	for _, ch := range changes {
		sh.aheadBytes += ch.size
	}
	sh.ahead = append(sh.ahead, changes...)
	sh.s.queue.hand(changes, sh.gen)
}

// session is the key's state, from the cache or the store. What is in the store is all there is of a key that is not
// in the cache: keys with changes ahead of the store stay there.
func (sh *shard) session(key string) (*session, error) {
	if ses, ok := sh.cache.Get(key); ok {
		return ses, nil
	}
	ses := &session{key: key, since: sh.s.book.Since}
	if sh.fresh(key) {
		sh.cache.Put(ses)
		return ses, nil
	}
	head, err := sh.s.book.Lookup(sh.s.o.Store, key)
	if err != nil {
		return nil, err
	}
	ses.durable = state{epoch: head.Epoch, life: head.Life, id: head.ID, gone: head.End == place.Gone, seq: head.Seq, stream: head.Stream}
	if ses.durable.live() && head.ID > 0 {
		snap, err := sh.s.book.Load(sh.s.o.Store, key, head.Life, head.ID)
		if err != nil {
			return nil, err
		}
		ses.durable.payload, ses.durable.contentType = snap.Payload, snap.ContentType
		if ses.oldest, err = sh.s.book.Oldest(sh.s.o.Store, key, head.Life); err != nil {
			return nil, err
		}
	}
	ses.last = ses.durable
	sh.cache.Put(ses)
	return ses, nil
}

// change makes the next snapshot of a session, and the change that brings it.
func (sh *shard) change(it *item, ses *session, payload []byte, contentType string, reducer int) *change {
	now := sh.s.o.Now()
	ch := &change{item: it, session: ses, shard: sh, made: now, buried: ses.buried()}
	if st := ses.last.stream; st != nil && ses.last.live() {
		if contentType == "" {
			contentType = st.ContentType
		}
		if st.Stale(now) {
			next := *st
			next.Touched = now
			ses.last.stream, ch.stream = &next, &next
		}
	}
	ch.snap = sh.snap(it, ses, now, payload, contentType, reducer)
	ch.after = ses.last
	ch.size = int64(len(payload)+len(it.key)+len(it.effect.Mark)) + sessionOverhead
	return ch
}

// snap makes the next snapshot of a session.
func (sh *shard) snap(it *item, ses *session, now time.Time, payload []byte, contentType string, reducer int) *pelton.Snapshot {
	epoch, id := ses.advance(now, payload, contentType)
	at := it.effect.Time
	if at.IsZero() {
		at = now
	}
	if id == 1 {
		sh.known.Add(it.key)
	}
	return &pelton.Snapshot{
		Session: sh.s.o.Name, Key: it.key, Epoch: epoch, ID: id, Payload: payload, ContentType: contentType,
		EffectID: it.effectID(), Revision: it.effect.Revision, Reducer: reducer, Time: at.UTC(),
	}
}

func (it *item) effectID() string {
	if it.ask != nil {
		return it.ask.effectID()
	}
	return it.effect.ID.String()
}

// refuse tells the sender that an effect never becomes durable.
func (sh *shard) refuse(it *item, err error) {
	sh.s.counts.refused.Add(1)
	sh.s.settle(it, nil, fmt.Errorf("session %s key %.80q: %w: %w", sh.s.o.Name, it.key, ErrRefused, err))
}

// settle reports one item for good and gives its room back.
func (s *Sessions) settle(it *item, snap *pelton.Snapshot, err error) {
	if it.ask != nil {
		it.ask.snap = snap
	}
	it.to.Complete(it.effect.Token, err)
	s.queue.release(1, it.size)
}

// check finds what no snapshot can be made of.
func (sh *shard) check(it *item) error {
	switch mark := it.effect.Mark; {
	case len(it.key) > MaxKey:
		return fmt.Errorf("the key has %d bytes, at most %d are allowed", len(it.key), MaxKey)
	case len(mark) > 0 && mark[0] <= store.SpaceStore:
		return errors.New("the mark is a key of the store's own")
	}
	if invariants.Enabled && len(it.effect.Mark) > 0 && it.ask == nil {
		_, err := sh.s.o.Store.Get(it.effect.Mark)
		invariants.Check(err != nil, "S2: effect %s was offered although its mark is durable", it.effectID())
	}
	return nil
}

func tooLarge(payload []byte) error {
	return fmt.Errorf("the payload has %d bytes, at most %d are allowed", len(payload), MaxPayload)
}
