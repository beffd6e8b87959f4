package ingest

import (
	"bytes"
	"context"
	"strings"
	"sync"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/decode"
	"github.com/peltonhq/pelton/source"
	"github.com/peltonhq/pelton/store"
)

// chunk is how many messages are read from the store at once.
const chunk = 64

// lane reads the queue in order.
type lane struct {
	queue *Queue
	began sync.Once
}

var _ source.Lane = (*lane)(nil)

func (l *lane) ID() pelton.LaneID { return l.queue.id }

// Endless reports whether the queue has no end.
func (l *lane) Endless() bool { return !l.queue.options.Finite }

// Read hands over the messages from number from on, and waits for more until the queue ends.
func (l *lane) Read(ctx context.Context, from uint64, d *decode.Decoder) error {
	defer d.Reset()
	// The first read starts at the watermark. One after a failure starts behind what was handed over, which is not settled.
	l.began.Do(func() { l.Settled(from) })
	for {
		wake, ended, cause := l.queue.waiter() // before the look, so that nothing comes between
		next, err := l.pass(ctx, from, d)
		if err != nil {
			return err
		}
		if next != from {
			from = next
			continue
		}
		if err := d.Flush(ctx); err != nil {
			return err
		}
		if ended {
			return cause
		}
		select {
		case <-wake:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// pass hands over one chunk of what is durable and returns where to go on.
func (l *lane) pass(ctx context.Context, from uint64, d *decode.Decoder) (uint64, error) {
	q := l.queue
	for e, err := range q.options.Store.Scan(q.key(from), q.end(), store.ScanOptions{Limit: chunk}) {
		if err != nil {
			return from, q.fail("read the queue", err)
		}
		seq, m, err := q.read(e)
		if err != nil {
			return from, err
		}
		if err := hand(ctx, d, seq, m); err != nil {
			return from, err
		}
		from = seq + 1
	}
	return from, ctx.Err()
}

func hand(ctx context.Context, d *decode.Decoder, seq uint64, m Message) error {
	if m.Bad == nil {
		return d.Message(ctx, record(seq, m))
	}
	bad := *m.Bad
	bad.Payload = bytes.Clone(m.Payload) // it goes to the loop, which keeps it
	return d.Bad(ctx, record(seq, m), bad)
}

func record(seq uint64, m Message) decode.Record {
	meta := pelton.Meta{Time: m.Time, Headers: m.Headers}
	for _, h := range m.Headers {
		if strings.EqualFold(h.Name, "traceparent") {
			meta.Trace = h.Value
		}
	}
	return decode.Record{Position: seq, Next: seq + 1, Key: m.Key, Payload: m.Payload, Meta: meta}
}

// Settled deletes what is below watermark, but for the newest message (Q2). It does not wait: while a deletion is on
// its way, further watermarks are gathered.
func (l *lane) Settled(watermark uint64) {
	q := l.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	if watermark = min(watermark, q.next); watermark <= q.settled {
		return
	}
	q.settled = watermark
	q.backlog.settle(watermark)
	q.roomy()
	q.clean()
}

// clean starts a deletion if there is something to delete and none on its way. The lock is held.
func (q *Queue) clean() {
	end := min(q.settled, q.durable)
	if q.busy || end <= q.deleted {
		return
	}
	q.busy, q.deleted = true, end
	records := []store.Record{{Op: store.DeleteRange, Key: q.key(0), End: q.key(end)}}
	q.options.Store.AppendAsync(q.token, records, func(store.Pos, error) {
		// What a failed deletion leaves goes with the next one, which starts at 0 too; or it is settled and read again
		// after a restart, from the watermark on.
		q.mu.Lock()
		defer q.mu.Unlock()
		q.busy = false
		q.clean()
	})
}

func (q *Queue) waiter() (wake <-chan struct{}, ended bool, cause error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.wake, q.tail.ended && q.options.Finite, q.tail.cause
}
