package api

import (
	"context"
	"io"
	"strings"
)

// Plugins gives every plugin and reducer.
func (s *Service) Plugins(ctx context.Context) ([]Plugin, error) {
	plugins, err := s.b.Plugins.List(ctx)
	return list(plugins), fail(err)
}

// Has reports whether an artifact is stored.
func (s *Service) Has(ctx context.Context, digest string) (bool, error) {
	if err := checkDigest(digest); err != nil {
		return false, err
	}
	stored, err := s.b.Plugins.Has(ctx, digest)
	return stored, fail(err)
}

// Push stores an artifact of size bytes; see [Plugins].
func (s *Service) Push(ctx context.Context, digest string, size int64, r io.Reader) error {
	if err := checkDigest(digest); err != nil {
		return err
	}
	if size <= 0 {
		return Errorf(InvalidArgument, "push %s: size %d: an artifact has at least one byte", digest, size)
	}
	return fail(s.b.Plugins.Push(ctx, digest, size, r))
}

// Swap makes an artifact the plugin's new revision and waits for the outcome.
func (s *Service) Swap(ctx context.Context, name, digest string, o SwapOptions) (SwapResult, error) {
	if err := checkDigest(digest); err != nil {
		return SwapResult{}, err
	}
	result, err := s.b.Plugins.Swap(ctx, name, digest, o)
	return result, fail(err)
}

// Rollback goes back to the revision before and waits for the outcome.
func (s *Service) Rollback(ctx context.Context, name, who, why string) (SwapResult, error) {
	result, err := s.b.Plugins.Rollback(ctx, name, who, why)
	return result, fail(err)
}

// History gives every revision of a plugin, oldest first.
func (s *Service) History(ctx context.Context, name string) ([]Revision, error) {
	history, err := s.b.Plugins.History(ctx, name)
	return list(history), fail(err)
}

// DigestPrefix starts every digest; 64 lower-case hexadecimal digits follow.
const DigestPrefix = "sha256:"

func checkDigest(digest string) error {
	digits, ok := strings.CutPrefix(digest, DigestPrefix)
	if !ok || len(digits) != 64 || strings.Trim(digits, "0123456789abcdef") != "" {
		return Errorf(InvalidArgument, "digest %q: want sha256: and 64 lower-case hexadecimal digits", digest)
	}
	return nil
}
