package ingest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/peltonhq/pelton/store"
)

const (
	slack = 256 // ids above MaxIDs before the oldest are forgotten: many at once cost less
	bite  = 512 // ids that are forgotten at once
)

// loadIDs finds the oldest and the newest id in the store.
func (q *Queue) loadIDs() error {
	from, to := q.orderKey(0), store.PrefixEnd(store.Key(store.SpaceIngest, q.options.Name, kindOrder))
	for _, reverse := range []bool{false, true} {
		for e, err := range q.options.Store.Scan(from, to, store.ScanOptions{Limit: 1, Reverse: reverse}) {
			if err != nil {
				return err
			}
			o, err := parseOrder(e)
			if err != nil {
				return err
			}
			if reverse {
				q.ids.next = o.number + 1
			} else {
				q.ids.oldest, q.ids.since = o.number, o.time
			}
		}
	}
	return nil
}

// order is one entry of the ids by number.
type order struct {
	number uint64
	time   time.Time
	id     string
}

func parseOrder(e store.Entry) (o order, err error) {
	if len(e.Value) < 8 {
		return o, fmt.Errorf("%w: an id's number", errRecord)
	}
	o.number, _, err = store.CutUint64(e.Key[max(0, len(e.Key)-8):])
	o.time = time.Unix(0, int64(binary.BigEndian.Uint64(e.Value))).UTC()
	o.id = string(e.Value[8:])
	return o, err
}

// trim forgets ids that are too many or too old. It runs on a publisher's goroutine, one at a time. What it can't do now
// it does next time.
func (q *Queue) trim(ctx context.Context) {
	for ctx.Err() == nil && q.beginTrim() {
		n, err := q.forget(ctx)
		q.mu.Lock()
		q.ids.trimming = false
		q.mu.Unlock()
		if n == 0 || err != nil {
			return
		}
	}
}

// beginTrim reports whether there is something to forget, and nobody at it.
func (q *Queue) beginTrim() bool {
	now := q.options.Now().UTC()
	q.mu.Lock()
	defer q.mu.Unlock()
	i := &q.ids
	if i.oldest == i.next {
		return false
	}
	due := i.next-i.oldest > uint64(q.options.MaxIDs)+slack || q.options.IDAge > 0 && (i.since.IsZero() || q.expired(i.since, now))
	if i.trimming || !due {
		return false
	}
	i.trimming = true
	return true
}

// forget removes one bite, and returns how many ids that were.
func (q *Queue) forget(ctx context.Context) (int, error) {
	q.mu.Lock()
	oldest, next := q.ids.oldest, q.ids.next
	q.mu.Unlock()
	b := bundle{queue: q, end: oldest, keep: next - min(next, uint64(q.options.MaxIDs)), now: q.options.Now().UTC()}
	defer b.release()
	for e, err := range q.options.Store.Scan(q.orderKey(oldest), q.orderKey(next), store.ScanOptions{Limit: bite}) {
		if err != nil {
			return 0, err
		}
		if goesOn, err := b.add(e); err != nil || !goesOn {
			if err != nil {
				return 0, err
			}
			break
		}
	}
	if b.end != oldest {
		b.records = append(b.records, store.Record{Op: store.DeleteRange, Key: q.orderKey(0), End: q.orderKey(b.end)})
		if _, err := q.options.Store.Append(ctx, q.token, b.records); err != nil {
			return 0, err
		}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ids.oldest, q.ids.since = b.end, b.since
	return int(b.end - oldest), nil
}

// bundle is ids that are forgotten together.
type bundle struct {
	queue    *Queue
	keep     uint64 // ids from this number on are not too many
	now      time.Time
	end      uint64    // behind the last
	since    time.Time // when the one at end came; zero when that is not known
	records  []store.Record
	releases []func()
}

func (b *bundle) release() {
	for _, f := range b.releases {
		f()
	}
}

// add adds the next id; false when it stays.
func (b *bundle) add(e store.Entry) (bool, error) {
	q := b.queue
	o, err := parseOrder(e)
	if err != nil {
		return false, err
	}
	if b.since = o.time; o.number >= b.keep && !q.expired(o.time, b.now) {
		return false, nil
	}
	busy, mine := q.tryClaim([]string{o.id})
	if busy != nil { // it is being published again; next time
		return false, nil
	}
	b.releases = append(b.releases, func() { q.release([]string{o.id}, mine) })
	r, err := q.remembered(o.id)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return false, err
	}
	if err == nil && r.number == o.number { // else it was published again behind its age, under another number
		b.records = append(b.records, store.Record{Op: store.Delete, Key: q.idKey(o.id)})
	}
	b.end, b.since = o.number+1, time.Time{}
	return true, nil
}
