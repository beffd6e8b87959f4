package nats

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/decode"
	"github.com/peltonhq/pelton/internal/natsconn"
	"github.com/peltonhq/pelton/source"
)

// lane is the stream as a series of messages.
type lane struct {
	options   Options
	conn      *natsconn.Conn
	js        jetstream.JetStream
	id        pelton.LaneID
	retention jetstream.RetentionPolicy
	acks      *acks

	last  atomic.Uint64 // the stream's last sequence number that is known: when it was opened, or of what was read since
	start uint64        // the first that is read, as the consumer says; 0 while it is not known
	begun bool          // Read was called: the first one is from the watermark
}

var (
	_ source.Lane    = (*lane)(nil)
	_ source.Renewer = (*lane)(nil)
)

func (l *lane) ID() pelton.LaneID { return l.id }

// Endless is true: a stream goes on.
func (l *lane) Endless() bool { return true }

// Settled has what is below watermark acknowledged, soon.
func (l *lane) Settled(watermark uint64) { l.acks.settle(watermark) }

// Renewed reports whether the stream ends before position: it was restored from an earlier state.
func (l *lane) Renewed(position uint64) bool { return position > l.last.Load()+1 }

// errAgain: what was on its way may be lost; the consumer is put back and asked again.
var errAgain = errors.New("connected anew")

// Read pulls messages from position from on.
func (l *lane) Read(ctx context.Context, from uint64, d *decode.Decoder) error {
	defer d.Reset()
	if !l.begun {
		l.begun = true
		l.acks.settle(from)
	}
	r := read{lane: l, d: d, next: from}
	for {
		err := r.pass(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, errAgain):
		default:
			return l.conn.Explain(err)
		}
	}
}

// read is one Read under way.
type read struct {
	lane    *lane
	d       *decode.Decoder
	next    uint64 // sequence numbers below were handed over
	count   uint64 // deliveries of this pull
	pending bool   // something was handed over and is not flushed
	missed  uint64 // deliveries that the server counted and we did not get, at the last look
}

// pass puts the consumer back and pulls until something ends that.
func (r *read) pass(ctx context.Context) error {
	l := r.lane
	lost := l.conn.Lost() // before the look, so that nothing comes between
	info, err := l.look(ctx)
	if err != nil {
		return err
	}
	if incarnation(info) != l.id.Incarnation {
		return fmt.Errorf("stream %s was made anew: %w", l.options.Stream, source.ErrRenewed)
	}
	if r.next > info.State.LastSeq+1 {
		return fmt.Errorf("stream %s ends at %d, before position %d: %w", l.options.Stream, info.State.LastSeq, r.next, source.ErrRenewed)
	}
	c, err := l.place(ctx)
	if err != nil {
		return err
	}
	r.next, r.count, r.missed = max(r.next, l.start), 0, 0
	p, err := newPull(l)
	if err != nil {
		return err
	}
	defer p.close()
	pulling, end := context.WithCancelCause(ctx)
	var watch sync.WaitGroup
	watch.Go(func() {
		select {
		case <-lost:
			end(errAgain)
		case <-pulling.Done():
		}
	})
	defer watch.Wait()
	defer end(nil)
	return r.pull(ctx, pulling, c, p)
}

// pull hands messages over. pulling ends with ctx, and when messages on their way may be lost.
func (r *read) pull(ctx, pulling context.Context, c jetstream.Consumer, p *pull) error {
	for {
		m, err := r.wait(pulling, c, p)
		if err != nil {
			return err
		}
		meta, err := m.Metadata()
		if err != nil {
			return fmt.Errorf("stream %s: a message without its numbers: %w", r.lane.options.Stream, err)
		}
		if r.count++; meta.Sequence.Consumer != r.count {
			return r.gap(fmt.Sprintf("delivery %d came where %d was due", meta.Sequence.Consumer, r.count))
		}
		seq := meta.Sequence.Stream
		r.lane.acks.delivered(seq, m.Reply)
		if seq < r.next {
			continue // handed over before
		}
		r.pending = true
		if err := r.d.Message(ctx, r.lane.record(m, meta)); err != nil {
			return err
		}
		r.next = seq + 1
		r.lane.last.Store(max(r.lane.last.Load(), seq))
	}
}

func (r *read) gap(what string) error {
	return fmt.Errorf("consumer %s of stream %s: %s; does somebody else use it? Reading again from the watermark", r.lane.options.Durable, r.lane.options.Stream, what)
}

// wait is the next message. What was handed over is made visible before a wait that may be long.
func (r *read) wait(pulling context.Context, c jetstream.Consumer, p *pull) (*natsgo.Msg, error) {
	m, err := p.ready()
	if m == nil && err == nil && r.pending {
		if m, err = p.next(pulling, time.After(linger)); m == nil && err == nil {
			err = r.d.Flush(pulling)
			r.pending = false
		}
	}
	for quiet := firstGlance; m == nil && err == nil; quiet = min(2*quiet, lastGlance) {
		if m, err = p.next(pulling, time.After(quiet)); m == nil && err == nil {
			err = r.check(pulling, c)
		}
	}
	return m, r.why(pulling, err)
}

// why is the reason behind an error of the pull.
func (r *read) why(pulling context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case pulling.Err() != nil:
		return context.Cause(pulling)
	case errors.Is(err, errSilence):
		return fmt.Errorf("stream %s: %w for %s", r.lane.options.Stream, err, silence)
	}
	return fmt.Errorf("pull from consumer %s of stream %s: %w", r.lane.options.Durable, r.lane.options.Stream, err)
}

// check looks, while nothing comes, whether the server counts deliveries that we did not get: nothing else would tell
// that the last ones were lost, for example to a pull of a process that was killed a moment ago. What is on its way at the
// first look has come by the second.
func (r *read) check(ctx context.Context, c jetstream.Consumer) error {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	info, err := c.Info(ctx)
	if err != nil {
		return err
	}
	switch n := info.Delivered.Consumer; {
	case n <= r.count:
		r.missed = 0
	case r.missed == n:
		return r.gap(fmt.Sprintf("the server counts %d deliveries, %d came", n, r.count))
	default:
		r.missed = n
	}
	return nil
}
