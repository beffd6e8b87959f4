package sink

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/peltonhq/pelton"
)

// Worker feeds one sink from one goroutine, and stands between it and the loops. Make it with [Start].
type Worker struct {
	o     Options
	queue *queue

	ctx    context.Context // of the writes; ends when Close gives one up
	cancel context.CancelFunc
	stop   chan struct{} // closed by the first Close
	once   sync.Once
	done   chan struct{} // closed when the goroutine has ended
	err    error         // of the sink's Close; written before done is closed

	report    sync.Mutex // held while senders are told, so that Close can say that nobody is told any more
	abandoned bool

	// The goroutine's own.
	taken  batch // from the queue; those before next are settled
	next   int
	pauses *backoff.ExponentialBackOff
}

var _ pelton.Offerer = (*Worker)(nil)

// Start starts the goroutine that writes to o.Sink, until Close.
func Start(o Options) *Worker {
	o.complete()
	w := &Worker{
		o: o, queue: newQueue(o.Buffer), stop: make(chan struct{}), done: make(chan struct{}),
		pauses: &backoff.ExponentialBackOff{
			InitialInterval: firstWait, RandomizationFactor: backoff.DefaultRandomizationFactor, Multiplier: 2, MaxInterval: o.MaxWait,
		},
	}
	w.ctx, w.cancel = context.WithCancel(context.Background())
	go w.run()
	return w
}

// Offer implements [pelton.Offerer]. The effects of one caller are written in the order of its calls. After Close
// nothing is taken. c must be comparable.
func (w *Worker) Offer(effects []pelton.Effect, c pelton.Completer) int {
	return w.queue.offer(effects, c)
}

// Stats tells the figures now.
func (w *Worker) Stats() Stats { return w.queue.figures() }

// Close lets the Write in progress end, with its completions, gives up everything else that is queued, and closes the
// sink. When ctx ends first, Close cancels the Write's context and returns without waiting for it: a Write that heeds
// its context ends soon, one that is blocked in the operating system (a pipe that nobody reads) stays, with the
// worker's goroutine, until it returns or the process exits. Whatever happens, no sender is told anything after Close
// has returned.
func (w *Worker) Close(ctx context.Context) error {
	w.once.Do(func() {
		w.queue.close()
		close(w.stop)
	})
	select {
	case <-w.done:
		return w.err
	case <-ctx.Done():
	}
	w.report.Lock()
	w.abandoned = true
	w.report.Unlock()
	w.cancel()
	return fmt.Errorf("sink %s: closed with %d effects not written, one write still in progress: %w", w.o.Name, w.Stats().Queued, ctx.Err())
}

// run is the goroutine.
func (w *Worker) run() {
	defer close(w.done)
	defer w.cancel()
	for w.wait() && w.deliver() {
	}
	if err := w.o.Sink.Close(); err != nil {
		w.err = fmt.Errorf("sink %s: close: %w", w.o.Name, err)
	}
}

// wait waits until there is something to write; false when there will be nothing any more.
func (w *Worker) wait() bool {
	for !w.stopped() {
		if w.next < w.taken.len() {
			return true
		}
		w.taken.clear()
		w.taken, w.next = w.queue.take(w.taken), 0
		if w.taken.len() > 0 {
			continue
		}
		select {
		case <-w.queue.wake:
		case <-w.stop:
		}
	}
	return false
}

func (w *Worker) stopped() bool {
	select {
	case <-w.stop:
		return true
	default:
		return false
	}
}

// deliver writes one batch, however often that takes (E2); false when it was stopped meanwhile.
func (w *Worker) deliver() bool {
	batch := w.taken.part(w.next, min(w.next+w.o.Batch, w.taken.len()))
	for {
		w.queue.writing()
		err := w.o.Sink.Write(w.ctx, batch.effects)
		w.queue.wrote()
		var rejected *Rejected
		switch {
		case err == nil:
			w.settle(batch, nil)
			return true
		case errors.As(err, &rejected) && rejected.Index >= 0 && rejected.Index < batch.len():
			w.settle(batch.part(0, rejected.Index+1), rejected)
			return true
		case rejected != nil:
			err = fmt.Errorf("rejected effect %d of a write of %d, which is a mistake of the sink: %w", rejected.Index, batch.len(), err)
		}
		if !w.pause(err) {
			return false
		}
	}
}

// pause waits for the next attempt; false when it was stopped meanwhile.
func (w *Worker) pause(err error) bool {
	if w.stopped() {
		return false
	}
	wait := min(w.pauses.NextBackOff(), w.o.MaxWait)
	var later *Later
	if errors.As(err, &later) {
		wait = max(wait, later.After)
	}
	w.queue.failed(err)
	w.o.OnRetry(err, wait)
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-w.stop:
		return false
	}
}

// settle tells the senders that these entries are durable, except the last one if it was rejected.
func (w *Worker) settle(done batch, rejected *Rejected) {
	w.next += done.len()
	w.pauses.Reset()
	told := w.queue.settle(done.effects, rejected != nil)
	w.report.Lock()
	defer w.report.Unlock()
	if w.abandoned {
		return
	}
	for i, to := range done.to {
		var err error
		if rejected != nil && i == done.len()-1 {
			err = rejected
		}
		to.Complete(done.effects[i].Token, err)
	}
	clear(done.effects) // the rest of what was taken may have to wait for long
	clear(done.to)
	for _, c := range told {
		c.Room()
	}
}
