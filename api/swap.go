package api

import (
	"context"
	"io"
	"strings"
)

// Plugins gives every plugin and reducer.
func (s *Service) Plugins(ctx context.Context) ([]Plugin, error) {
	if err := s.allow(ctx, "Plugins", target{}); err != nil {
		return nil, err
	}
	plugins, err := s.b.Plugins.List(ctx)
	return list(plugins), fail(err)
}

// Has reports whether an artifact is stored.
func (s *Service) Has(ctx context.Context, digest string) (bool, error) {
	if err := s.allow(ctx, "Has", target{}); err != nil {
		return false, err
	}
	if err := checkDigest(digest); err != nil {
		return false, err
	}
	stored, err := s.b.Plugins.Has(ctx, digest)
	return stored, fail(err)
}

// Push stores an artifact of size bytes; see [Plugins].
func (s *Service) Push(ctx context.Context, digest string, size int64, r io.Reader) (err error) {
	end, err := s.begin(ctx, "Push", target{what: digest})
	if err != nil {
		return err
	}
	defer func() { end(err, "", "") }()
	if err := checkDigest(digest); err != nil {
		return err
	}
	if size <= 0 {
		return Errorf(InvalidArgument, "push %s: size %d: an artifact has at least one byte", digest, size)
	}
	return fail(s.b.Plugins.Push(ctx, digest, size, r))
}

// Swap makes an artifact the plugin's new revision and waits for the outcome.
func (s *Service) Swap(ctx context.Context, name, digest string, o SwapOptions) (result SwapResult, err error) {
	end, err := s.begin(ctx, "Swap", target{what: "plugin " + name + " to " + digest, why: o.Why, claimed: o.Who})
	if err != nil {
		return SwapResult{}, err
	}
	defer func() { end(err, result.Outcome, result.Reason) }()
	if err := checkDigest(digest); err != nil {
		return SwapResult{}, err
	}
	o.Who = who(ctx, o.Who)
	result, err = s.b.Plugins.Swap(ctx, name, digest, o)
	return result, fail(err)
}

// Rollback goes back to the revision before and waits for the outcome.
func (s *Service) Rollback(ctx context.Context, name, claimed, why string) (result SwapResult, err error) {
	end, err := s.begin(ctx, "Rollback", target{what: "plugin " + name, why: why, claimed: claimed})
	if err != nil {
		return SwapResult{}, err
	}
	defer func() { end(err, result.Outcome, result.Reason) }()
	result, err = s.b.Plugins.Rollback(ctx, name, who(ctx, claimed), why)
	return result, fail(err)
}

// History gives every revision of a plugin, oldest first.
func (s *Service) History(ctx context.Context, name string) ([]Revision, error) {
	if err := s.allow(ctx, "History", target{}); err != nil {
		return nil, err
	}
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
