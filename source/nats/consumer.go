package nats

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/mod/semver"
)

// startKey is the consumer's metadata that says where it began, and that it is ours.
const startKey = "pelton-start"

// look asks for the stream.
func (l *lane) look(ctx context.Context) (*jetstream.StreamInfo, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	stream, err := l.js.Stream(ctx, l.options.Stream)
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound):
		return nil, fmt.Errorf("nats.stream %s does not exist on %s; make it, for example with: nats stream add %s", l.options.Stream, l.options.Conn.URL, l.options.Stream)
	case errors.Is(err, jetstream.ErrJetStreamNotEnabled), errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount), errors.Is(err, natsgo.ErrNoResponders):
		return nil, fmt.Errorf("nats.url %s has no JetStream for us (%w); start the server with it (nats-server -js), or use another account", l.options.Conn.URL, err)
	case err != nil:
		return nil, fmt.Errorf("nats.stream %s: %w", l.options.Stream, err)
	}
	return stream.CachedInfo(), nil
}

// each reports whether every message is acknowledged by itself: a work queue wants that. Elsewhere an acknowledgement
// is for all before it, too.
func (l *lane) each() bool { return l.retention == jetstream.WorkQueuePolicy }

// config is the consumer as we want it.
func (l *lane) config() jetstream.ConsumerConfig {
	c := jetstream.ConsumerConfig{
		Durable: l.options.Durable, Description: "Pelton, source " + l.options.Name, AckPolicy: jetstream.AckAllPolicy,
		AckWait: ackWait, MaxDeliver: -1, MaxAckPending: l.options.MaxAckPending, FilterSubjects: l.options.Subjects,
		Metadata: map[string]string{startKey: strconv.FormatUint(l.start, 10)},
	}
	if l.each() {
		c.AckPolicy = jetstream.AckExplicitPolicy
	}
	return c
}

// consumer finds the consumer, or makes it. Where it began is written in it, so that a source that wants new messages
// only does not begin anew after a crash.
func (l *lane) consumer(ctx context.Context) (jetstream.Consumer, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	name := l.options.Durable
	found, err := l.js.Consumer(ctx, l.options.Stream, name)
	switch {
	case errors.Is(err, jetstream.ErrConsumerNotFound):
		if l.start == 0 {
			l.start = 1
			if l.options.New {
				l.start = l.last.Load() + 1
			}
		}
		made, err := l.js.CreateConsumer(ctx, l.options.Stream, l.config())
		if err != nil {
			return nil, fmt.Errorf("nats.durable: make consumer %s of stream %s: %w", name, l.options.Stream, err)
		}
		return made, nil
	case errors.Is(err, jetstream.ErrNotPullConsumer):
		return nil, l.foreign()
	case err != nil:
		return nil, fmt.Errorf("nats.durable: consumer %s of stream %s: %w", name, l.options.Stream, err)
	}
	have := found.CachedInfo().Config
	start, err := strconv.ParseUint(have.Metadata[startKey], 10, 64)
	if err != nil || start == 0 {
		return nil, l.foreign()
	}
	l.start = start
	if same(have, l.config()) {
		return found, nil
	}
	want := l.config()
	want.DeliverPolicy, want.OptStartSeq = have.DeliverPolicy, have.OptStartSeq // which never change
	updated, err := l.js.UpdateConsumer(ctx, l.options.Stream, want)
	if err != nil {
		return nil, fmt.Errorf("nats.durable: change consumer %s of stream %s: %w", name, l.options.Stream, err)
	}
	return updated, nil
}

func (l *lane) foreign() error {
	return fmt.Errorf("nats.durable %s: stream %s has a consumer of that name which Pelton did not make; give another name, or delete it", l.options.Durable, l.options.Stream)
}

// same reports whether a consumer needs no change. A filter of one subject may come back in another field.
func same(have, want jetstream.ConsumerConfig) bool {
	subjects := have.FilterSubjects
	if have.FilterSubject != "" {
		subjects = []string{have.FilterSubject}
	}
	return slices.Equal(subjects, want.FilterSubjects) && have.MaxAckPending == want.MaxAckPending && have.AckWait == want.AckWait && have.AckPolicy == want.AckPolicy
}

// place puts the consumer back to the watermark, so that the next delivery is number 1 and the messages come in their
// order. In a work queue that is the first message: what is below the watermark and still there was not acknowledged.
func (l *lane) place(ctx context.Context) (jetstream.Consumer, error) {
	c, err := l.consumer(ctx)
	if err != nil {
		return nil, err
	}
	at := max(l.start, l.acks.watermark())
	if l.each() {
		at = 1
	}
	l.acks.forget()
	if l.resets() {
		ctx, cancel := context.WithTimeout(ctx, answerTime)
		defer cancel()
		_, err = l.js.ResetConsumerToSequence(ctx, l.options.Stream, l.options.Durable, at)
		if err == nil {
			return c, nil
		}
		if !unknown(err) {
			return nil, fmt.Errorf("reset consumer %s of stream %s to %d: %w", l.options.Durable, l.options.Stream, at, err)
		}
	}
	return l.replace(ctx, at)
}

// resets reports whether the server knows how to put a consumer back: before 2.14 it would not answer.
func (l *lane) resets() bool {
	return !l.options.noReset && semver.Compare("v"+l.conn.ConnectedServerVersion(), "v2.14.0-0") >= 0
}

// unknown reports that the server can't put this consumer back: the one with the consumer may be older than ours.
func unknown(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, natsgo.ErrNoResponders) || errors.Is(err, jetstream.ErrJetStreamNotEnabled)
}

// replace does what place does for servers that can't reset: it deletes the consumer and makes another. A stream that
// keeps messages for as long as a consumer wants them would lose them in between.
func (l *lane) replace(ctx context.Context, at uint64) (jetstream.Consumer, error) {
	if l.retention == jetstream.InterestPolicy {
		return nil, fmt.Errorf("stream %s has interest retention, which needs a server that can reset consumers: nats-server 2.14 or later (this one is %s)",
			l.options.Stream, l.conn.ConnectedServerVersion())
	}
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	if err := l.js.DeleteConsumer(ctx, l.options.Stream, l.options.Durable); err != nil {
		return nil, fmt.Errorf("delete consumer %s of stream %s: %w", l.options.Durable, l.options.Stream, err)
	}
	want := l.config()
	if !l.each() {
		want.DeliverPolicy, want.OptStartSeq = jetstream.DeliverByStartSequencePolicy, at
	}
	c, err := l.js.CreateConsumer(ctx, l.options.Stream, want)
	if err != nil {
		return nil, fmt.Errorf("make consumer %s of stream %s at %d: %w", l.options.Durable, l.options.Stream, at, err)
	}
	return c, nil
}
