package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/internal/kafka"
	"github.com/peltonhq/pelton/sink"
)

// Defaults of the options.
const (
	DefaultMaxMessage = 1_000_000
	DefaultTimeout    = 30 * time.Second
)

// Compression says how batches are compressed.
type Compression string

// The values of [Compression]. Empty means Snappy.
const (
	None   Compression = "none"
	Gzip   Compression = "gzip"
	Snappy Compression = "snappy"
	LZ4    Compression = "lz4"
	Zstd   Compression = "zstd"
)

// Options of a sink. Access and Topic are required; the zero value of any other is its default.
type Options struct {
	Access      kafka.Access
	Topic       string
	Compression Compression
	MaxMessage  int64         // bytes of a record with its key and headers
	Timeout     time.Duration // of an attempt
}

// Sink writes one topic. Make it with [Open].
type Sink struct {
	o      Options
	client *kgo.Client
	// written tells, for the first effects of the coming Write, which of them are durable already: an attempt before
	// got them through and others not.
	written []bool
}

var _ sink.Sink = (*Sink)(nil)

// retries is how often the client tries a record before the worker hears of the failure and tries on. What may have
// reached a broker it goes on with all the same, so that it is not written twice.
const retries = 3

// Open makes the sink; it reads the files of secrets, and connects to nothing yet.
func Open(o Options) (*Sink, error) {
	if o.MaxMessage == 0 {
		o.MaxMessage = DefaultMaxMessage
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	codec, ok := map[Compression]kgo.CompressionCodec{
		"": kgo.SnappyCompression(), Snappy: kgo.SnappyCompression(), None: kgo.NoCompression(), Gzip: kgo.GzipCompression(),
		LZ4: kgo.Lz4Compression(), Zstd: kgo.ZstdCompression(),
	}[o.Compression]
	if !ok {
		return nil, fmt.Errorf("kafka: compression: unknown %q", o.Compression)
	}
	options, err := o.Access.Options()
	if err != nil {
		return nil, fmt.Errorf("kafka: access: %w", err)
	}
	client, err := kgo.NewClient(append(options,
		kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.ProducerBatchCompression(codec),
		kgo.ProducerBatchMaxBytes(int32(o.MaxMessage)),
		kgo.BrokerMaxWriteBytes(int32(max(100<<20, 2*o.MaxMessage))),
		kgo.ManualFlushing(), // so that what is sent at once is one batch for each partition
		kgo.RecordRetries(retries),
		kgo.RecordDeliveryTimeout(o.Timeout),
	)...)
	if err != nil {
		return nil, fmt.Errorf("kafka: options: %w", err)
	}
	return &Sink{o: o, client: client}, nil
}

// Write implements [sink.Sink]. After an error it goes on where it was, so it must be given the same effects again, or
// those behind the rejected one, as the contract says.
func (s *Sink) Write(ctx context.Context, effects []pelton.Effect) error {
	for len(s.written) < len(effects) {
		s.written = append(s.written, false)
	}
	err := s.write(ctx, effects)
	var rejected *sink.Rejected
	switch {
	case err == nil:
		s.written = s.written[:0]
	case errors.As(err, &rejected):
		s.written = append(s.written[:0], s.written[rejected.Index+1:]...)
	}
	return err
}

func (s *Sink) write(ctx context.Context, effects []pelton.Effect) error {
	end := len(effects)
	for i := range effects {
		if size := sizeOf(&effects[i]); size > s.o.MaxMessage && !s.written[i] {
			end = i
			break
		}
	}
	for from := 0; from < end; {
		to := s.batch(effects[:end], from)
		refused, err := s.send(ctx, effects[from:to], s.written[from:to])
		if err == nil && refused {
			err = s.each(ctx, effects[:to])
		}
		if err != nil {
			return err
		}
		from = to
	}
	if end < len(effects) {
		why := fmt.Errorf("kafka: topic %s: %d bytes are more than max_message (%d)", s.o.Topic, sizeOf(&effects[end]), s.o.MaxMessage)
		return &sink.Rejected{Index: end, Err: why}
	}
	return nil
}

// outcome is what became of one record.
type outcome struct {
	i         int
	partition int32
	err       error
}

// batch is the end of the effects from one on that fit into one batch, whatever their partitions: it is taken or not as a
// whole, and the next one is sent only then. With two on the way the second could be taken and the first not, and a key's
// order would be wrong when that is sent again.
func (s *Sink) batch(effects []pelton.Effect, from int) (to int) {
	size := int64(0)
	for to = from; to < len(effects); to++ {
		size += sizeOf(&effects[to])
		if size > s.o.MaxMessage && to > from {
			break
		}
	}
	return to
}

// send writes all at once what is not written. refused: the brokers will never take a batch of them; those behind it in
// its partition count as not written then, since their order is wrong.
func (s *Sink) send(ctx context.Context, effects []pelton.Effect, written []bool) (refused bool, err error) {
	outcomes := make(chan outcome, len(effects)) // of this attempt: who is late finds room and nobody who listens
	sent := 0
	for i := range effects {
		if written[i] {
			continue
		}
		sent++
		s.client.Produce(ctx, s.record(&effects[i]), func(r *kgo.Record, err error) { outcomes <- outcome{i, r.Partition, err} })
	}
	if err := s.client.Flush(ctx); err != nil {
		return false, err
	}
	partitions := slices.Repeat([]int32{-1}, len(effects)) // where each went just now
	first := map[int32]int{}                               // that was refused, by partition
	for range sent {
		select {
		case o := <-outcomes:
			switch {
			case o.err == nil:
				written[o.i], partitions[o.i] = true, o.partition
			case permanent(o.err):
				if at, ok := first[o.partition]; !ok || o.i < at {
					first[o.partition] = o.i
				}
			case err == nil:
				err = s.fail(o.err)
			}
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
	for i := range effects {
		if at, ok := first[partitions[i]]; ok && i > at {
			written[i] = false
		}
	}
	return len(first) > 0, err
}

// each writes one by one what is not written, up to the one that is refused.
func (s *Sink) each(ctx context.Context, effects []pelton.Effect) error {
	for i := range effects {
		if s.written[i] {
			continue
		}
		done := make(chan error, 1)
		s.client.Produce(ctx, s.record(&effects[i]), func(_ *kgo.Record, err error) { done <- err })
		if err := s.client.Flush(ctx); err != nil {
			return err
		}
		var err error
		select {
		case err = <-done:
		case <-ctx.Done():
			return ctx.Err()
		}
		switch {
		case permanent(err):
			return &sink.Rejected{Index: i, Err: s.fail(err)}
		case err != nil:
			return s.fail(err)
		}
		s.written[i] = true
	}
	return nil
}

// permanent reports whether the brokers will never take that record.
func permanent(err error) bool {
	for _, never := range []error{kerr.MessageTooLarge, kerr.RecordListTooLarge, kerr.InvalidRecord, kerr.InvalidTimestamp} {
		if errors.Is(err, never) {
			return true
		}
	}
	return false
}

// fail names the topic. One that was deleted and made again is looked for anew.
func (s *Sink) fail(err error) error {
	if errors.Is(err, kerr.UnknownTopicID) {
		s.client.PurgeTopicsFromProducing(s.o.Topic)
	}
	return fmt.Errorf("kafka: topic %s: %w", s.o.Topic, err)
}

// The headers of a record.
const (
	headerEffect = "pelton-effect"
	headerTime   = "pelton-time"
	headerType   = "content-type"
	headerTrace  = "traceparent"
)

func (s *Sink) record(e *pelton.Effect) *kgo.Record {
	r := &kgo.Record{Topic: s.o.Topic, Key: e.Key, Value: e.Payload, Headers: []kgo.RecordHeader{{Key: headerEffect, Value: []byte(e.ID.String())}}}
	if !e.Time.IsZero() {
		r.Headers = append(r.Headers, kgo.RecordHeader{Key: headerTime, Value: e.Time.UTC().AppendFormat(nil, time.RFC3339Nano)})
	}
	if e.ContentType != "" {
		r.Headers = append(r.Headers, kgo.RecordHeader{Key: headerType, Value: []byte(e.ContentType)})
	}
	if e.Trace != "" {
		r.Headers = append(r.Headers, kgo.RecordHeader{Key: headerTrace, Value: []byte(e.Trace)})
	}
	return r
}

// envelope is the most that a batch of one record adds to its key, value, and the bytes of its headers.
const envelope = 256

func sizeOf(e *pelton.Effect) int64 {
	return int64(len(e.Key) + len(e.Payload) + len(e.ContentType) + len(e.Trace) + len(e.ID.String()) + envelope)
}

// Close implements [sink.Sink]. What is on its way may still arrive.
func (s *Sink) Close() error {
	s.client.Close()
	return nil
}
