package api

import "context"

// Publication is messages that are published together. With Key they are published once, as one: while the key is
// remembered, the same messages with it store nothing and get the same answer. Or messages have keys of their own.
type Publication struct {
	Key      string
	Messages []IngestMessage
}

// Published tells where the messages of a publication are.
type Published struct {
	First     uint64   // position of the first; the others follow it without a hole, unless there are Positions
	Count     int      // how many messages
	Positions []uint64 // of each message, if some have keys of their own; else nil
	Known     int      // how many of them were there already
}

// IngestLimits are what a source takes.
type IngestLimits struct {
	MaxMessage  int64    // bytes of a message (arena.max_message)
	MaxRequest  int64    // bytes of the payloads of a publication (ingest.max_request)
	MaxMessages int      // messages of a publication (ingest.max_messages)
	Headers     []string // of an HTTP request that its messages keep (sources.NAME.http.headers)
}

// maxKey is the most bytes of an idempotency key.
const maxKey = 256

// Publish makes messages durable in a source's queue; see [Ingest].
func (s *Service) Publish(ctx context.Context, source string, p Publication) (Published, error) {
	if err := s.allow(ctx, "Publish", target{source: source}); err != nil {
		return Published{}, err
	}
	limits, err := s.limits(source)
	if err != nil {
		return Published{}, err
	}
	if err := p.check(source, limits); err != nil {
		return Published{}, err
	}
	done, err := s.b.Ingest.Publish(ctx, source, p)
	return done, fail(err)
}

func (p *Publication) check(source string, limits IngestLimits) error {
	switch n := len(p.Messages); {
	case n == 0:
		return Errorf(InvalidArgument, "source %s: there are no messages in the request", source)
	case n > limits.MaxMessages:
		return TooLarge("source %s: %d messages in one request; ingest.max_messages allows %d", source, n, limits.MaxMessages)
	case len(p.Key) > maxKey:
		return Errorf(InvalidArgument, "source %s: the idempotency key has %d bytes; at most %d are allowed", source, len(p.Key), maxKey)
	}
	total := int64(0)
	for i := range p.Messages {
		m := &p.Messages[i]
		n := int64(len(m.Payload) + len(m.Key))
		switch {
		case n > limits.MaxMessage:
			return TooLarge("source %s: message %d has %d bytes; arena.max_message allows %d", source, i, n, limits.MaxMessage)
		case m.IdempotencyKey != "" && p.Key != "":
			return Errorf(InvalidArgument, "source %s: message %d has an idempotency key, and so has the request; give one of them", source, i)
		case len(m.IdempotencyKey) > maxKey:
			return Errorf(InvalidArgument, "source %s: message %d: the idempotency key has %d bytes; at most %d are allowed", source, i, len(m.IdempotencyKey), maxKey)
		}
		if total += n; total > max(limits.MaxRequest, limits.MaxMessage) {
			return TooLarge("source %s: the messages of one request have more than %d bytes (ingest.max_request); send fewer of them", source, limits.MaxRequest)
		}
	}
	return nil
}

// IngestLimits are the limits of a source that takes messages. A transport asks for them before it reads a message.
func (s *Service) IngestLimits(ctx context.Context, source string) (IngestLimits, error) {
	if err := s.allow(ctx, "IngestLimits", target{source: source}); err != nil {
		return IngestLimits{}, err
	}
	return s.limits(source)
}

func (s *Service) limits(source string) (IngestLimits, error) {
	limits, err := s.b.Ingest.Limits(source)
	return limits, fail(err)
}
