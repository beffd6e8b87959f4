package graphql

import (
	"context"

	"github.com/peltonhq/pelton/api"
)

func (q query) Diff(ctx context.Context, plugin string, from, to *int) (*api.Diff, error) {
	d, err := q.svc.Diff(ctx, plugin, or(from), or(to))
	return &d, err
}

func (q query) Logs(ctx context.Context, plugin string, tail *int, level *string) ([]api.LogLine, error) {
	return q.svc.Logs(ctx, api.LogQuery{Plugin: plugin, Tail: or(tail), Level: or(level)})
}

// Logs watches what a plugin logs.
func (s subscription) Logs(ctx context.Context, plugin string, tail *int, level *string) (<-chan *api.LogLine, error) {
	out := make(chan *api.LogLine)
	go func() {
		defer close(out)
		err := s.svc.WatchLogs(ctx, api.LogQuery{Plugin: plugin, Tail: or(tail), Level: or(level)}, func(lines []api.LogLine) error {
			for i := range lines {
				select {
				case out <- &lines[i]:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			return nil
		})
		if ctx.Err() == nil {
			fault(ctx, err)
		}
	}()
	return out, nil
}

func (m mutation) Swap(ctx context.Context, plugin string, digest *string, revision *int, who, why *string, expect *int, strategy *api.Strategy) (*api.SwapResult, error) {
	result, err := m.svc.Swap(ctx, plugin, or(digest), api.SwapOptions{
		Who: or(who), Why: or(why), Expect: or(expect), Revision: or(revision), Strategy: strategy,
	})
	return &result, err
}

func (m mutation) Rollback(ctx context.Context, plugin string, who, why *string, expect *int, strategy *api.Strategy) (*api.SwapResult, error) {
	result, err := m.svc.Rollback(ctx, plugin, api.SwapOptions{Who: or(who), Why: or(why), Expect: or(expect), Strategy: strategy})
	return &result, err
}

func (m mutation) Pin(ctx context.Context, plugin string, on *bool, who, why *string) (*api.Plugin, error) {
	p, err := m.svc.Pin(ctx, plugin, on == nil || *on, api.By{Who: or(who), Why: or(why)})
	return &p, err
}

func (m mutation) Pause(ctx context.Context, plugin string, park *bool, who, why *string) (*api.Plugin, error) {
	p, err := m.svc.Pause(ctx, plugin, or(park), api.By{Who: or(who), Why: or(why)})
	return &p, err
}

func (m mutation) Resume(ctx context.Context, plugin string, who, why *string) (*api.Plugin, error) {
	p, err := m.svc.Resume(ctx, plugin, api.By{Who: or(who), Why: or(why)})
	return &p, err
}

func (m mutation) DeletePlugin(ctx context.Context, plugin *string, revision *int, artifact *string) (*api.Removed, error) {
	removed, err := m.svc.Remove(ctx, api.Removal{Plugin: or(plugin), Revision: or(revision), Artifact: or(artifact)})
	return &removed, err
}
