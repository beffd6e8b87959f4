package api

import (
	"context"
	"time"
)

// Topology gives the graph of the wheel.
func (s *Service) Topology(ctx context.Context) (Topology, error) {
	if err := s.allow(ctx, "Topology", target{}); err != nil {
		return Topology{}, err
	}
	t, err := s.b.Wheel.Topology(ctx)
	t.Nodes, t.Edges = list(t.Nodes), list(t.Edges)
	return t, fail(err)
}

// Stats gives the figures now.
func (s *Service) Stats(ctx context.Context) (Stats, error) {
	if err := s.allow(ctx, "Stats", target{}); err != nil {
		return Stats{}, err
	}
	return s.stats(ctx)
}

func (s *Service) stats(ctx context.Context) (Stats, error) {
	stats, err := s.b.Wheel.Stats(ctx)
	stats.API = s.meter.Figures()
	stats.GraphQL = s.GraphQL.Stats()
	return stats, fail(err)
}

// Ready is nil once the wheel takes messages and answers, until it shuts down.
func (s *Service) Ready(ctx context.Context) error {
	if s.closed.Err() != nil {
		return Errorf(Unavailable, "not ready: %w", errShutdown)
	}
	return fail(s.b.Wheel.Ready(ctx))
}

// Live is nil until only a restart can help.
func (s *Service) Live(ctx context.Context) error { return fail(s.b.Wheel.Live(ctx)) }

// Bounds of the interval of [Service.WatchStats].
const (
	watchDefault = time.Second
	watchLeast   = 100 * time.Millisecond
)

// WatchStats gives the figures now and then at every interval (0 means a second), until give fails, ctx ends or the
// service closes. It always returns an error.
func (s *Service) WatchStats(ctx context.Context, interval time.Duration, give func(Stats) error) error {
	if err := s.allow(ctx, "WatchStats", target{}); err != nil {
		return err
	}
	if interval == 0 {
		interval = watchDefault
	}
	if interval < watchLeast {
		return Errorf(InvalidArgument, "interval %s: want at least %s", interval, watchLeast)
	}
	done, err := s.stream()
	if err != nil {
		return err
	}
	defer done()
	tick := time.NewTicker(interval)
	defer tick.Stop()
	proven, stop := CallerOf(ctx).expiry()
	defer stop()
	for {
		stats, err := s.stats(ctx)
		if err != nil {
			return err
		}
		if err := give(stats); err != nil {
			return fail(err)
		}
		select {
		case <-ctx.Done():
			return Wrap(ctx.Err())
		case <-s.closed.Done():
			return Errorf(Unavailable, "watch: %w", errShutdown)
		case <-proven.Done():
			return expired(CallerOf(ctx).Principal)
		case <-tick.C:
		}
	}
}
