package api

import (
	"context"
	"errors"
	"strings"

	"github.com/peltonhq/pelton/internal/tap"
)

// TapRequest says what to look at.
type TapRequest = tap.Request

// TapFrame is a part of what was seen.
type TapFrame = tap.Frame

// TapStats count what all taps saw.
type TapStats = tap.Stats

// Tap gives samples of what passes a node until give fails, ctx ends, the service closes or, which is no error, at the limit.
func (s *Service) Tap(ctx context.Context, r TapRequest, give func(TapFrame) error) error {
	if err := s.allow(ctx, "Tap", target{}); err != nil {
		return err
	}
	node, err := s.node(ctx, r.Node)
	if err != nil {
		return err
	}
	if !(r.Rate >= 0) || r.Payload < 0 {
		return Errorf(InvalidArgument, "rate %v, payload %d: want 0 or more", r.Rate, r.Payload)
	}
	done, err := s.stream()
	if err != nil {
		return err
	}
	defer done()
	running, end := context.WithCancelCause(ctx)
	defer end(nil)
	defer context.AfterFunc(s.closed, func() { end(Errorf(Unavailable, "tap: %w", errShutdown)) })()
	proven, stop := CallerOf(ctx).expiry()
	defer stop()
	go func() {
		select {
		case <-proven.Done():
			end(expired(CallerOf(ctx).Principal))
		case <-running.Done():
		}
	}()
	err = s.b.Taps.Look(running, node, r, give)
	if errors.Is(err, tap.ErrMany) {
		return Errorf(ResourceExhausted, "tap %s: %v", r.Node, err)
	}
	return fail(err)
}

// node is the one that a name means.
func (s *Service) node(ctx context.Context, name string) (tap.Node, error) {
	t, err := s.b.Wheel.Topology(ctx)
	if err != nil {
		return tap.Node{}, fail(err)
	}
	var all []tap.Node
	for _, n := range t.Nodes {
		all = append(all, tap.Node{Kind: n.Kind, Name: n.Name})
		for _, o := range n.Outputs {
			all = append(all, tap.Node{Kind: n.Kind, Name: n.Name, Output: o})
		}
	}
	switch found, known := tap.Find(name, all); len(found) {
	case 0:
		return tap.Node{}, Unknown("node", name, known)
	case 1:
		return found[0], nil
	default:
		var words []string
		for _, n := range found {
			words = append(words, n.String())
		}
		return tap.Node{}, Errorf(InvalidArgument, "node %q: there is more than one of this name; say which: %s", name, strings.Join(words, " or "))
	}
}
