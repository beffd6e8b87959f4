package api

import "context"

// publishMost is how many messages one publish carries.
const publishMost = 100_000

// Publish makes messages durable in a source's queue; see [Ingest].
func (s *Service) Publish(ctx context.Context, source string, messages []IngestMessage) (first uint64, err error) {
	most, err := s.MaxMessage(source)
	if err != nil {
		return 0, err
	}
	switch {
	case len(messages) == 0:
		return 0, Errorf(InvalidArgument, "source %s: there are no messages in the request", source)
	case len(messages) > publishMost:
		return 0, Errorf(InvalidArgument, "source %s: %d messages in one request; send at most %d", source, len(messages), publishMost)
	}
	for i := range messages {
		if n := int64(len(messages[i].Payload)); n > most {
			return 0, TooLarge("source %s: message %d has %d bytes; arena.max_message allows %d", source, i, n, most)
		}
	}
	first, err = s.b.Ingest.Publish(ctx, source, messages)
	return first, fail(err)
}

// MaxMessage is the largest message that a source takes, in bytes.
func (s *Service) MaxMessage(source string) (int64, error) {
	most, err := s.b.Ingest.MaxMessage(source)
	return most, fail(err)
}
