package api

import (
	"bufio"
	"context"
	"errors"
	"slices"
)

// backupChunk is how many bytes of a backup are given at once.
const backupChunk = 256 << 10

// Backup gives a copy of the store: first its size in bytes without a chunk, then its chunks in order, which are lent for
// the call. It ends when give fails, ctx ends or the service closes.
func (s *Service) Backup(ctx context.Context, give func(size int64, chunk []byte) error) (err error) {
	end, err := s.begin(ctx, "Backup", target{what: "the store"})
	if err != nil {
		return err
	}
	defer func() { end(err, "", "") }()
	s.mu.Lock()
	if s.closed.Err() != nil {
		s.mu.Unlock()
		return Errorf(Unavailable, "backup: %w", errShutdown)
	}
	s.feeds.Add(1) // the store stays open until it is written
	s.mu.Unlock()
	defer s.feeds.Done()
	b, err := s.b.Wheel.Backup(ctx)
	if err != nil {
		return fail(err)
	}
	defer func() { err = fail(errors.Join(err, b.Close())) }()
	if err := give(b.Size(), nil); err != nil {
		return err
	}
	out := bufio.NewWriterSize(chunked(func(chunk []byte) error {
		switch {
		case ctx.Err() != nil:
			return Wrap(ctx.Err())
		case s.closed.Err() != nil:
			return Errorf(Unavailable, "backup: %w", errShutdown)
		}
		return give(0, chunk)
	}), backupChunk)
	if err := b.Write(out); err != nil {
		return err
	}
	return out.Flush()
}

// chunked is a function as a writer. What is larger than a buffer comes past it.
type chunked func(chunk []byte) error

func (c chunked) Write(p []byte) (n int, err error) {
	for part := range slices.Chunk(p, backupChunk) {
		if err := c(part); err != nil {
			return n, err
		}
		n += len(part)
	}
	return n, nil
}
