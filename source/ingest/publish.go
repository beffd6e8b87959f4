package ingest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/peltonhq/pelton/store"
)

// retryAfter is when a full queue is worth another try: a wheel that turns has settled something by then.
const retryAfter = time.Second

// Publish makes the messages durable, all or none of them, and returns the sequence number of the first. Concurrent
// calls share the store's commits. Errors: a [FullError], ErrTooLarge, ErrClosed, ctx's, the store's.
func (q *Queue) Publish(ctx context.Context, messages []Message) (first uint64, err error) {
	if err := q.check(ctx, messages); err != nil || len(messages) == 0 {
		return 0, err
	}
	return q.publish(ctx, &job{messages: messages})
}

// Wait is Publish for who would only try again: it waits for room.
func (q *Queue) Wait(ctx context.Context, messages []Message) (first uint64, err error) {
	for {
		done := make(chan error, 1)
		if err := q.Send(ctx, messages, func(err error) { done <- err }); err != nil {
			return 0, err
		}
		select {
		case err = <-done:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
		if !errors.Is(err, store.ErrFull) {
			return 0, err
		}
	}
}

// Send waits for room, hands the messages over, and returns. done is called once, with nil when they are durable; with
// [store.ErrFull] if there was no room after all. It is called on the store's goroutine and must not block. Calls of one
// goroutine keep their order. When Send returns an error, done is not called.
func (q *Queue) Send(ctx context.Context, messages []Message, done func(error)) error {
	if err := q.check(ctx, messages); err != nil {
		return err
	}
	if len(messages) == 0 {
		done(nil)
		return nil
	}
	for counted := false; ; counted = true {
		room := q.roomier()
		reason, space := q.options.Store.Full()
		if reason == "" {
			_, err := q.append(&job{messages: messages, done: done})
			if !errors.Is(err, ErrFull) {
				return err
			}
		}
		if !counted {
			q.count(&q.stats.Waits)
		}
		select {
		case <-room:
		case <-space: // nil, and so never, while the store has room
		case <-q.done:
			return q.fail("publish", ErrClosed)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// roomier is a channel that is closed when something is settled.
func (q *Queue) roomier() <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.room
}

func (q *Queue) count(figure *uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	*figure++
}

// job is one append of a publication.
type job struct {
	messages []Message
	ids      []idRecord  // that are stored with them
	done     func(error) // see Send
	begun    bool        // the store has it, and done will be called
}

// publish waits for the outcome of a job.
func (q *Queue) publish(ctx context.Context, j *job) (first uint64, err error) {
	done, told := make(chan error, 1), j.done
	j.done = func(err error) {
		if told != nil {
			told(err)
		}
		done <- err
	}
	first, err = q.append(j)
	if errors.Is(err, ErrFull) {
		q.count(&q.stats.Refused)
	}
	if err != nil {
		return 0, err
	}
	select {
	case err = <-done:
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	if errors.Is(err, store.ErrFull) {
		q.count(&q.stats.Refused)
		return 0, q.full(err.Error())
	}
	if err != nil {
		return 0, q.fail("publish", err)
	}
	return first, nil
}

func (q *Queue) check(ctx context.Context, messages []Message) error {
	for i := range messages {
		if n := int64(len(messages[i].Payload) + len(messages[i].Key)); n > q.options.MaxMessage {
			return q.fail(fmt.Sprintf("message %d of %d has %d bytes, max_message is %d", i+1, len(messages), n, q.options.MaxMessage), ErrTooLarge)
		}
	}
	return ctx.Err()
}

func (q *Queue) full(reason string) error {
	return &FullError{Name: q.options.Name, Reason: reason, RetryAfter: retryAfter}
}

// append gives the messages their numbers and hands them to the store; both under one lock, so that the order of the
// numbers is that of the log. j.done is called only if the error is nil.
func (q *Queue) append(j *job) (uint64, error) {
	now := q.options.Now().UTC()
	records := make([]store.Record, len(j.messages), len(j.messages)+2*len(j.ids))
	size := int64(0)
	for i := range j.messages {
		m := j.messages[i]
		if m.Time.IsZero() {
			m.Time = now
		}
		records[i] = store.Record{Op: store.Put, Value: m.encode()}
		size += m.Size()
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if err := q.admit(size, now); err != nil {
		return 0, err
	}
	first := q.next
	q.next += uint64(len(j.messages))
	for i := range records {
		seq := first + uint64(i)
		records[i].Key = q.key(seq)
		q.backlog.add(seq, j.messages[i].Size(), now, q.piece())
	}
	records = q.putIDs(records, j.ids, first, now)
	j.begun = true
	q.options.Store.AppendAsync(q.token, records, func(_ store.Pos, err error) {
		q.appended(first, j.messages, err)
		j.done(err)
	})
	return first, nil
}

// admit tells whether there is room for size bytes more. The lock is held.
func (q *Queue) admit(size int64, now time.Time) error {
	if q.isClosed() {
		return q.fail("publish", ErrClosed)
	}
	if size > q.options.MaxBytes {
		return q.fail(fmt.Sprintf("%d bytes at once are more than max_bytes of %d", size, q.options.MaxBytes), ErrTooLarge)
	}
	if have := q.backlog.bytes; have+size > q.options.MaxBytes {
		return q.full(fmt.Sprintf("%d bytes wait, max_bytes is %d", have, q.options.MaxBytes))
	}
	if oldest, ok := q.backlog.oldest(); ok && q.options.MaxAge > 0 && now.Sub(oldest) > q.options.MaxAge {
		return q.full(fmt.Sprintf("the oldest message waits for %s, max_age is %s", now.Sub(oldest).Round(time.Second), q.options.MaxAge))
	}
	return nil
}

// appended wakes the readers, or takes back what was counted. It runs on the store's goroutine.
func (q *Queue) appended(first uint64, messages []Message, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if err != nil {
		for i := range messages {
			q.backlog.cancel(first+uint64(i), messages[i].Size())
		}
		q.roomy()
		return
	}
	q.durable = first + uint64(len(messages)) - 1
	close(q.wake)
	q.wake = make(chan struct{})
}

// roomy wakes who waits for room. The lock is held.
func (q *Queue) roomy() {
	close(q.room)
	q.room = make(chan struct{})
}
