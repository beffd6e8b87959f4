package dev

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/engine"
)

// artifact is the code of a plugin, built.
type artifact struct {
	bytes  []byte
	digest string
}

func (s *session) build(ctx context.Context, plugin string) (a artifact, err error) {
	a.bytes, a.digest, err = engine.Artifact(ctx, s.c, s.o.Engine, plugin)
	return a, err
}

// swap builds a plugin that was saved, swaps it in, and shows what that changed.
func (s *session) swap(ctx context.Context, plugin string, began time.Time) {
	tell := func(e Event) {
		e.Plugin, e.Took = plugin, time.Since(began)
		if ctx.Err() == nil {
			s.tell(e)
		}
	}
	next, err := s.build(ctx, plugin)
	if err != nil {
		tell(Event{Kind: "broken", Err: err})
		return
	}
	built := time.Since(began)
	before := s.code[plugin]
	if next.digest == before.digest {
		tell(Event{Kind: "same"})
		return
	}
	result, err := s.exchange(ctx, plugin, next)
	switch {
	case err != nil:
		tell(Event{Kind: "refused", Err: err})
		return
	case result.Outcome != api.OutcomeLive:
		tell(Event{Kind: "refused", Revision: result.Revision, Err: errors.New(result.Reason)})
		return
	}
	s.code[plugin] = next
	tell(Event{Kind: "live", Revision: result.Revision, Built: built})
	s.contrast(ctx, plugin, before, next, tell)
}

// contrast shows what another version makes of a sample, if the one before is known.
func (s *session) contrast(ctx context.Context, plugin string, before, next artifact, tell func(Event)) {
	if before.bytes == nil {
		return
	}
	if c, err := s.compare(ctx, plugin, before, next); err != nil {
		tell(Event{Kind: "compared", Plugin: plugin, Err: err})
	} else if c != nil {
		tell(Event{Kind: "compared", Plugin: plugin, Change: c})
	}
}

// exchange uploads the code and swaps it in. While the swap before is being judged, which takes no longer than a window, it
// waits.
func (s *session) exchange(ctx context.Context, plugin string, a artifact) (api.SwapResult, error) {
	c := s.wheel.client
	if err := c.Push(ctx, a.digest, int64(len(a.bytes)), bytes.NewReader(a.bytes), nil); err != nil {
		return api.SwapResult{}, err
	}
	until := time.Now().Add(4 * window)
	for {
		result, err := c.Swap(ctx, plugin, a.digest, api.SwapOptions{Who: "dev", Why: "saved"})
		if !errors.Is(err, &api.Error{Code: api.FailedPrecondition}) || time.Now().After(until) {
			return result, err
		}
		select {
		case <-time.After(window / 10):
		case <-ctx.Done():
			return result, ctx.Err()
		}
	}
}
