package api

import (
	"context"
	"fmt"
	"slices"
)

// Pin lets nothing but its own health change a plugin's code, or lets it again.
func (s *Service) Pin(ctx context.Context, name string, on bool, by By) (p Plugin, err error) {
	end, err := s.begin(ctx, "Pin", target{what: fmt.Sprintf("plugin %s: %t", name, on), why: by.Why, claimed: by.Who})
	if err != nil {
		return Plugin{}, err
	}
	defer func() { end(err, "", "") }()
	by.Who = who(ctx, by.Who)
	p, err = s.b.Plugins.Pin(ctx, name, on, by)
	return p, fail(err)
}

// Pause holds a plugin back; see [Operators].
func (s *Service) Pause(ctx context.Context, name string, park bool, by By) (p Plugin, err error) {
	end, err := s.begin(ctx, "Pause", target{what: "plugin " + name, why: by.Why, claimed: by.Who})
	if err != nil {
		return Plugin{}, err
	}
	defer func() { end(err, "", "") }()
	by.Who = who(ctx, by.Who)
	p, err = s.b.Plugins.Pause(ctx, name, park, by)
	return p, fail(err)
}

// Resume lets a plugin go on.
func (s *Service) Resume(ctx context.Context, name string, by By) (p Plugin, err error) {
	end, err := s.begin(ctx, "Resume", target{what: "plugin " + name, why: by.Why, claimed: by.Who})
	if err != nil {
		return Plugin{}, err
	}
	defer func() { end(err, "", "") }()
	by.Who = who(ctx, by.Who)
	p, err = s.b.Plugins.Resume(ctx, name, by)
	return p, fail(err)
}

// levels of log lines, the worst last.
var levels = []string{"debug", "info", "warn", "error"}

// Logs gives the newest lines of a plugin's log, oldest first.
func (s *Service) Logs(ctx context.Context, q LogQuery) ([]LogLine, error) {
	if err := s.allow(ctx, "Logs", target{}); err != nil {
		return nil, err
	}
	if err := q.check(); err != nil {
		return nil, err
	}
	lines, _, err := s.b.Plugins.Log(ctx, q.Plugin, 0)
	return list(q.newest(q.choose(lines))), fail(err)
}

func (q *LogQuery) check() error {
	if q.Tail < 0 {
		return Errorf(InvalidArgument, "tail %d: must not be negative", q.Tail)
	}
	if q.Level != "" && !slices.Contains(levels, q.Level) {
		return Errorf(InvalidArgument, "level %q: want debug, info, warn or error", q.Level)
	}
	return nil
}

// choose leaves out what the query does not ask for.
func (q *LogQuery) choose(lines []LogLine) []LogLine {
	least := slices.Index(levels, q.Level)
	return slices.DeleteFunc(lines, func(l LogLine) bool { return slices.Index(levels, l.Level) < least })
}

func (q *LogQuery) newest(lines []LogLine) []LogLine {
	if q.Tail == 0 {
		return lines
	}
	return lines[max(0, len(lines)-q.Tail):]
}

// WatchLogs gives what [Service.Logs] gives, then each line as it comes, until ctx ends, give fails, or the service closes.
// Lines that a watcher is too slow for are missing from the sequence.
func (s *Service) WatchLogs(ctx context.Context, q LogQuery, give func([]LogLine) error) error {
	if err := s.allow(ctx, "WatchLogs", target{}); err != nil {
		return err
	}
	done, err := s.stream()
	if err != nil {
		return err
	}
	defer done()
	if err := q.check(); err != nil {
		return err
	}
	proven, stop := CallerOf(ctx).expiry()
	defer stop()
	for last := uint64(0); ; {
		lines, more, err := s.b.Plugins.Log(ctx, q.Plugin, last)
		if err != nil {
			return Wrap(err)
		}
		before := last
		if len(lines) > 0 {
			last = lines[len(lines)-1].Seq
		}
		if lines = q.choose(lines); before == 0 {
			lines = q.newest(lines)
		}
		if len(lines) > 0 {
			if err := give(lines); err != nil {
				return fail(err)
			}
		}
		select {
		case <-more:
		case <-ctx.Done():
			return Wrap(ctx.Err())
		case <-s.closed.Done():
			return Errorf(Unavailable, "watch: %w", errShutdown)
		case <-proven.Done():
			return expired(CallerOf(ctx).Principal)
		}
	}
}
