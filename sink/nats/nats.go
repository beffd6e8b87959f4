package nats

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/internal/natsconn"
	"github.com/peltonhq/pelton/sink"
)

// Options say where effects go. Name, Conn and Subject are required.
type Options struct {
	Name       string // of the sink
	Conn       natsconn.Options
	Subject    Subject
	Stream     string        // that must take them; empty means any
	Core       bool          // without JetStream: nothing is stored
	MaxPending int           // messages that are not acknowledged yet; 0 means DefaultMaxPending
	AckTimeout time.Duration // for an acknowledgement, then it is sent again; 0 means DefaultAckTimeout
}

// Defaults of the options.
const (
	DefaultMaxPending = 1024
	DefaultAckTimeout = 5 * time.Second
)

// answerTime bounds the question for the stream.
const answerTime = 5 * time.Second

// Sink publishes. Make it with [Open].
type Sink struct {
	options Options
	conn    *natsconn.Conn
	js      jetstream.JetStream

	futures []jetstream.PubAckFuture // of the Write under way
	done    int                      // effects of it that earlier attempts have made durable
	renamed int                      // from this one on they get new ids; meaningful with round
	round   int                      // how often that was so in this Write
}

var _ sink.Sink = (*Sink)(nil)

// Open connects and looks whether a stream takes the subject.
func Open(ctx context.Context, o Options) (*Sink, error) {
	if o.MaxPending == 0 {
		o.MaxPending = DefaultMaxPending
	}
	if o.AckTimeout == 0 {
		o.AckTimeout = DefaultAckTimeout
	}
	if o.Conn.Name == "" {
		o.Conn.Name = "pelton sink " + o.Name
	}
	conn, err := natsconn.Dial(ctx, o.Conn)
	if errors.Is(err, natsconn.ErrUnreachable) {
		return nil, sink.Unavailable(fmt.Errorf("nats.url %w", err))
	}
	if err != nil {
		return nil, fmt.Errorf("nats.%w", err)
	}
	s := &Sink{options: o, conn: conn}
	if err := s.open(ctx); err != nil {
		err = conn.Explain(err)
		conn.Close()
		return nil, err
	}
	return s, nil
}

func (s *Sink) open(ctx context.Context) (err error) {
	if s.options.Core {
		return nil
	}
	s.js, err = jetstream.New(s.conn.Conn,
		jetstream.WithPublishAsyncMaxPending(s.options.MaxPending), jetstream.WithPublishAsyncTimeout(s.options.AckTimeout))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	name, err := s.js.StreamNameBySubject(ctx, s.options.Subject.pattern())
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound):
		return fmt.Errorf("nats.subject %s: no stream on %s takes it; make one, for example with: nats stream add, or set mode: core", s.options.Subject.pattern(), s.options.Conn.URL)
	case errors.Is(err, jetstream.ErrJetStreamNotEnabled), errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount), errors.Is(err, natsgo.ErrNoResponders):
		return fmt.Errorf("nats.url %s has no JetStream for us; start the server with it (nats-server -js), or set mode: core", s.options.Conn.URL)
	case err == nil && s.options.Stream != "" && name != s.options.Stream:
		return fmt.Errorf("nats.stream %s: subject %s goes to stream %s", s.options.Stream, s.options.Subject.pattern(), name)
	}
	return nil // that we may not ask for streams is no reason against publishing
}

// Close ends the connection.
func (s *Sink) Close() error {
	if s.js != nil {
		s.js.CleanupPublisher()
	}
	s.conn.Close()
	return nil
}

// Write implements [sink.Sink]. After an error it goes on behind what is durable, so it must be given the same effects
// again, as the contract says.
func (s *Sink) Write(ctx context.Context, effects []pelton.Effect) error {
	var err error
	if s.options.Core {
		err = s.send(ctx, effects)
	} else {
		err = s.store(ctx, effects)
	}
	if permanent(err) {
		err = &sink.Rejected{Index: s.done, Err: s.refused(err, &effects[s.done])}
	}
	var rejected *sink.Rejected
	if err == nil || errors.As(err, &rejected) {
		s.done, s.round = 0, 0
		return err
	}
	return fmt.Errorf("publish to %s: %w", s.options.Conn.URL, s.conn.Explain(err))
}

// store publishes to JetStream, all at once, and waits for the acknowledgements in their order.
func (s *Sink) store(ctx context.Context, effects []pelton.Effect) error {
	s.futures = s.futures[:0]
	defer func() { clear(s.futures) }()
	opts := []jetstream.PublishOpt{jetstream.WithRetryAttempts(0), jetstream.WithStallWait(s.options.AckTimeout)}
	if s.options.Stream != "" {
		opts = append(opts, jetstream.WithExpectStream(s.options.Stream))
	}
	first := s.done
	var failed error // the first failure, of effect s.done
	for i := first; i < len(effects) && ctx.Err() == nil; i++ {
		m, err := s.message(effects, i)
		var f jetstream.PubAckFuture
		if err == nil {
			f, err = s.js.PublishMsgAsync(m, opts...)
		}
		if err != nil {
			failed = err
			break
		}
		s.futures = append(s.futures, f)
	}
	late := false // a later one is durable although an earlier one is not
	ended := len(s.futures)
	for i, f := range s.futures {
		err := acknowledged(ctx, f)
		switch {
		case err != nil && i < ended:
			ended, failed = i, err
		case err == nil && i > ended:
			late = true
		}
	}
	s.done = first + ended
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if late && !permanent(failed) {
		s.renamed, s.round = s.done, s.round+1
	}
	return failed
}

// acknowledged waits for the answer about one message. Every future gets one, or its timeout.
func acknowledged(ctx context.Context, f jetstream.PubAckFuture) error {
	select {
	case <-f.Ok():
		return nil
	case err := <-f.Err():
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// send publishes without JetStream: durable means that the server has it. It counts as done once the server has answered
// behind it.
func (s *Sink) send(ctx context.Context, effects []pelton.Effect) error {
	sent := s.done
	var failed error
	for ; sent < len(effects); sent++ {
		m, err := s.message(effects, sent)
		if err == nil {
			err = s.conn.PublishMsg(m)
		}
		if err != nil {
			failed = err
			break
		}
	}
	ctx, cancel := context.WithTimeout(ctx, s.options.AckTimeout)
	defer cancel()
	if err := s.conn.FlushWithContext(ctx); err != nil {
		return err
	}
	s.done = sent
	return failed
}

// message is one effect as NATS has it.
func (s *Sink) message(effects []pelton.Effect, i int) (*natsgo.Msg, error) {
	e := &effects[i]
	subject, err := s.options.Subject.of(e.Key)
	if err != nil {
		return nil, err
	}
	id := e.ID.String()
	if s.round > 0 && i >= s.renamed {
		id += "~" + strconv.Itoa(s.round)
	}
	m := &natsgo.Msg{Subject: subject, Data: e.Payload, Header: natsgo.Header{jetstream.MsgIDHeader: {id}}}
	if e.ContentType != "" {
		m.Header["Content-Type"] = []string{e.ContentType}
	}
	if e.Trace != "" {
		m.Header["traceparent"] = []string{e.Trace}
	}
	return m, nil
}

// permanent reports that a message will never be taken.
func permanent(err error) bool {
	return errors.Is(err, natsgo.ErrMaxPayload) || errors.Is(err, jetstream.ErrStreamMessageExceedsMaximum) || errors.Is(err, errNoKey)
}

// refused is a permanent error with what there is to do about it.
func (s *Sink) refused(err error, e *pelton.Effect) error {
	switch {
	case errors.Is(err, natsgo.ErrMaxPayload):
		return fmt.Errorf("%d bytes and their headers are more than the server's max_payload (%d)", len(e.Payload), s.conn.MaxPayload())
	case errors.Is(err, jetstream.ErrStreamMessageExceedsMaximum):
		return fmt.Errorf("%d bytes are more than the stream's max_msg_size", len(e.Payload))
	}
	return err
}
