package ingest

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/peltonhq/pelton/store"
)

// MaxID is the most bytes of an id.
const MaxID = 256

// Unit is messages that are published once, if they have an id: together, all or none.
type Unit struct {
	ID       string // an idempotency key; empty: always published
	Messages []Message
}

// Receipt tells where the messages are.
type Receipt struct {
	First []uint64 // of each unit: the sequence number of its first message
	Known []bool   // of each unit: it was there already
}

// Repeated is how many units were there already.
func (r *Receipt) Repeated() (n int) {
	for _, known := range r.Known {
		if known {
			n++
		}
	}
	return n
}

// ids is what the queue knows of the ids that it remembers; they themselves are in the store, so they take no memory.
// Each has a number, by which they are forgotten in the order in which they came.
type ids struct {
	claims   map[string]chan struct{} // in use by a call; closed when it is done with it
	next     uint64                   // number of the next id
	oldest   uint64                   // number of the oldest that is remembered
	since    time.Time                // when that one came; zero when it is not known
	trimming bool
}

// idRecord is an id as it is stored.
type idRecord struct {
	id     string
	number uint64
	time   time.Time
	first  uint64 // until it is appended: the index of the first message in its job
	count  uint64
	sum    [fingerprint]byte
}

const fingerprint = 16

// encode: number, time (8 bytes each), fingerprint, first, count as varints.
func (r *idRecord) encode() []byte {
	b := binary.BigEndian.AppendUint64(nil, r.number)
	b = binary.BigEndian.AppendUint64(b, uint64(r.time.UnixNano()))
	b = append(b, r.sum[:]...)
	return binary.AppendUvarint(binary.AppendUvarint(b, r.first), r.count)
}

func parseID(b []byte) (r idRecord, err error) {
	c := cursor{rest: b}
	if n := c.take(8); n != nil {
		r.number = binary.BigEndian.Uint64(n)
	}
	if n := c.take(8); n != nil {
		r.time = time.Unix(0, int64(binary.BigEndian.Uint64(n))).UTC()
	}
	copy(r.sum[:], c.take(fingerprint))
	r.first, r.count = c.number(), c.number()
	if c.failed || len(c.rest) > 0 {
		return idRecord{}, fmt.Errorf("%w: an id of %d bytes", errRecord, len(b))
	}
	return r, nil
}

// printOf tells units apart: by keys and payloads. Headers are not part of it, since a trace differs from try to try.
func printOf(messages []Message) (p [fingerprint]byte) {
	h := sha256.New()
	var length [binary.MaxVarintLen64]byte
	for i := range messages {
		for _, part := range [][]byte{messages[i].Key, messages[i].Payload} {
			h.Write(length[:binary.PutUvarint(length[:], uint64(len(part)))])
			h.Write(part)
		}
	}
	copy(p[:], h.Sum(nil))
	return p
}

// PublishOnce makes the messages of all units durable, all or none of them, but for units whose id is remembered with
// the same content: of those it tells where they are (Q3). Errors beside those of Publish: [ErrReused].
func (q *Queue) PublishOnce(ctx context.Context, units []Unit) (Receipt, error) {
	names, err := q.idsOf(units)
	if err != nil {
		return Receipt{}, err
	}
	release, err := q.claim(ctx, names)
	if err != nil {
		return Receipt{}, err
	}
	receipt, j, err := q.plan(units)
	if err == nil {
		err = q.check(ctx, j.messages)
	}
	if err != nil || len(j.messages) == 0 {
		release()
		return receipt, err
	}
	j.done = func(error) { release() } // not before the ids are durable, whether this call waits for that or not
	first, err := q.publish(ctx, &j)
	if !j.begun {
		release()
	}
	if err != nil {
		return Receipt{}, err
	}
	next := first
	for i := range units {
		if !receipt.Known[i] {
			receipt.First[i] = next
			next += uint64(len(units[i].Messages))
		}
	}
	q.trim(ctx)
	return receipt, nil
}

func (q *Queue) idsOf(units []Unit) (all []string, err error) {
	seen := map[string]bool{}
	for _, u := range units {
		switch {
		case u.ID == "":
			continue
		case len(u.ID) > MaxID:
			return nil, q.fail(fmt.Sprintf("idempotency key of %d bytes, at most %d are allowed", len(u.ID), MaxID), ErrTooLarge)
		case seen[u.ID]:
			return nil, q.fail(fmt.Sprintf("idempotency key %q is there twice in one request", u.ID), ErrReused)
		}
		seen[u.ID] = true
		all = append(all, u.ID)
	}
	return all, nil
}

// claim waits until no other call uses the ids, and keeps others away until release.
func (q *Queue) claim(ctx context.Context, names []string) (release func(), err error) {
	for {
		busy, mine := q.tryClaim(names)
		if busy == nil {
			return func() { q.release(names, mine) }, nil
		}
		select {
		case <-busy:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// tryClaim takes all of the ids, or none and says when to try again.
func (q *Queue) tryClaim(names []string) (busy <-chan struct{}, mine chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, id := range names {
		if c, ok := q.ids.claims[id]; ok {
			return c, nil
		}
	}
	mine = make(chan struct{})
	for _, id := range names {
		if q.ids.claims == nil {
			q.ids.claims = map[string]chan struct{}{}
		}
		q.ids.claims[id] = mine
	}
	return nil, mine
}

func (q *Queue) release(names []string, mine chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, id := range names {
		delete(q.ids.claims, id)
	}
	close(mine)
}

// plan finds out which units are there already, and makes one job of the others. The ids are claimed.
func (q *Queue) plan(units []Unit) (r Receipt, j job, err error) {
	r.First, r.Known = make([]uint64, len(units)), make([]bool, len(units))
	now := q.options.Now().UTC()
	for i, u := range units {
		if u.ID == "" || len(u.Messages) == 0 {
			j.messages = append(j.messages, u.Messages...)
			continue
		}
		sum := printOf(u.Messages)
		old, err := q.remembered(u.ID)
		switch {
		case errors.Is(err, store.ErrNotFound) || err == nil && q.expired(old.time, now):
			j.ids = append(j.ids, idRecord{id: u.ID, first: uint64(len(j.messages)), count: uint64(len(u.Messages)), sum: sum})
			j.messages = append(j.messages, u.Messages...)
		case err != nil:
			return r, j, q.fail("look for the idempotency key", err)
		case old.sum != sum || old.count != uint64(len(u.Messages)):
			return r, j, q.fail(fmt.Sprintf("idempotency key %q stands for the %d messages from position %d on, which have another content", u.ID, old.count, old.first), ErrReused)
		default:
			r.First[i], r.Known[i] = old.first, true
		}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.stats.Repeated += uint64(r.Repeated())
	return r, j, nil
}

func (q *Queue) expired(since, now time.Time) bool {
	return q.options.IDAge > 0 && now.Sub(since) > q.options.IDAge
}

func (q *Queue) idKey(id string) []byte {
	return store.Key(store.SpaceIngest, q.options.Name, kindID, id)
}

func (q *Queue) orderKey(n uint64) []byte {
	return store.Key(store.SpaceIngest, q.options.Name, kindOrder, n)
}

func (q *Queue) remembered(id string) (idRecord, error) {
	value, err := q.options.Store.Get(q.idKey(id))
	if err != nil {
		return idRecord{}, err
	}
	return parseID(value)
}

// putIDs adds the ids to the append of their messages. The lock is held.
func (q *Queue) putIDs(records []store.Record, all []idRecord, first uint64, now time.Time) []store.Record {
	for _, r := range all {
		r.number, r.time = q.ids.next, now
		r.first += first
		q.ids.next++
		records = append(records,
			store.Record{Op: store.Put, Key: q.idKey(r.id), Value: r.encode()},
			store.Record{Op: store.Put, Key: q.orderKey(r.number), Value: append(binary.BigEndian.AppendUint64(nil, uint64(now.UnixNano())), r.id...)})
	}
	return records
}
