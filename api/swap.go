package api

import (
	"context"
	"fmt"
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
	what := digest
	if what == "" {
		what = fmt.Sprintf("revision %d", o.Revision)
	}
	end, err := s.begin(ctx, "Swap", target{what: "plugin " + name + " to " + what, why: o.Why, claimed: o.Who})
	if err != nil {
		return SwapResult{}, err
	}
	defer func() { end(err, result.Outcome, result.Reason) }()
	switch {
	case o.Revision < 0 || o.Expect < 0:
		return SwapResult{}, Errorf(InvalidArgument, "revision %d: revisions count from 1", min(o.Revision, o.Expect))
	case digest != "" && o.Revision != 0:
		return SwapResult{}, Errorf(InvalidArgument, "want a digest or a revision, not both")
	case digest != "" || o.Revision == 0:
		if err := checkDigest(digest); err != nil {
			return SwapResult{}, err
		}
	}
	if err := o.Strategy.check(); err != nil {
		return SwapResult{}, err
	}
	o.Who = who(ctx, o.Who)
	result, err = s.b.Plugins.Swap(ctx, name, digest, o)
	return result, fail(err)
}

// Rollback goes back to the revision before and waits for the outcome.
func (s *Service) Rollback(ctx context.Context, name string, o SwapOptions) (result SwapResult, err error) {
	end, err := s.begin(ctx, "Rollback", target{what: "plugin " + name, why: o.Why, claimed: o.Who})
	if err != nil {
		return SwapResult{}, err
	}
	defer func() { end(err, result.Outcome, result.Reason) }()
	if err := o.Strategy.check(); err != nil {
		return SwapResult{}, err
	}
	o.Who = who(ctx, o.Who)
	result, err = s.b.Plugins.Rollback(ctx, name, o)
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

// Diff says what differs between two revisions of a plugin; see [Plugins].
func (s *Service) Diff(ctx context.Context, name string, from, to int) (Diff, error) {
	if err := s.allow(ctx, "Diff", target{}); err != nil {
		return Diff{}, err
	}
	if from < 0 || to < 0 {
		return Diff{}, Errorf(InvalidArgument, "revision %d: revisions count from 1", min(from, to))
	}
	d, err := s.b.Plugins.Diff(ctx, name, from, to)
	d.Changes = list(d.Changes)
	return d, fail(err)
}

// Remove deletes what is not needed any more; see [Plugins].
func (s *Service) Remove(ctx context.Context, r Removal) (removed Removed, err error) {
	what := "artifact " + r.Artifact
	if r.Plugin != "" {
		what = "plugin " + r.Plugin
	}
	if r.Revision != 0 {
		what = fmt.Sprintf("%s, revision %d", what, r.Revision)
	}
	end, err := s.begin(ctx, "Remove", target{what: what})
	if err != nil {
		return Removed{}, err
	}
	defer func() { end(err, "", "") }()
	switch {
	case r.Artifact == "" && r.Plugin == "":
		return Removed{}, Errorf(InvalidArgument, "want a plugin, or an artifact")
	case r.Artifact != "" && (r.Plugin != "" || r.Revision != 0):
		return Removed{}, Errorf(InvalidArgument, "want a plugin or an artifact, not both")
	case r.Revision < 0:
		return Removed{}, Errorf(InvalidArgument, "revision %d: revisions count from 1", r.Revision)
	case r.Artifact != "":
		if err := checkDigest(r.Artifact); err != nil {
			return Removed{}, err
		}
	}
	removed, err = s.b.Plugins.Delete(ctx, r)
	return removed, fail(err)
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
