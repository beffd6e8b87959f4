package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/client"

	"github.com/peltonhq/pelton/internal/faults/record"
	"github.com/peltonhq/pelton/internal/faults/wheel"
)

// attempts is the limit of the config.
const attempts = 3

// poison has a plugin that fails at one message in a hundred, and kills the wheel now and then. Each of them must be in
// the dead letters once, with all its attempts; when the plugin is cured, a replay must bring them all through.
func (s *suite) poison(ctx context.Context, name, source string) (row Row, err error) {
	kills, most := 2, 10_000
	if s.long {
		kills, most = 10, 32_000
	}
	cure := filepath.Join(s.dir, name+"-cure")
	c, err := s.course(name, where{source: source, store: "sync: always", cure: cure})
	if err != nil {
		return row, err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	c.ledger.Loose = record.Message.Poison // a replay has no order
	for i := range kills {
		if err := c.killed(ctx, s.rnd.IntN(most)); err != nil {
			return row, fmt.Errorf("kill %d: %w", i+1, err)
		}
	}
	dead := 0
	c.dead = func(ctx context.Context, w *wheel.Wheel) (err error) {
		dead, err = c.cured(ctx, w, cure)
		return err
	}
	row = Row{Name: source, Rate: c.rate()}
	row.Figures, err = c.finish(ctx)
	row.Did = fmt.Sprintf("%s dead letters, each once and after %d attempts; %d kills; a replay leaves none", thousands(dead), attempts, kills)
	return row, err
}

// cured holds the dead letters against the record, cures the plugin and replays them. It gives how many there were.
func (c *course) cured(ctx context.Context, w *wheel.Wheel, cure string) (n int, err error) {
	to := w.Client()
	defer to.Close()
	letters, err := to.AllDead(ctx, api.DeadQuery{})
	if err != nil {
		return 0, err
	}
	if err := c.poisoned(letters); err != nil {
		return 0, err
	}
	if err := os.WriteFile(cure, nil, 0o600); err != nil {
		return 0, err
	}
	if _, err := to.Replay(ctx, nil, api.DeadQuery{}, api.ReplayOptions{}); err != nil {
		return 0, err
	}
	_, err = w.Until(ctx, func(api.Stats) bool { return settled(ctx, to) })
	return len(letters), err
}

// settled reports whether all dead letters are.
func settled(ctx context.Context, to *client.Client) bool {
	for _, state := range []string{api.DeadStateDead, api.DeadStateReplaying} {
		if page, _, err := to.Dead(ctx, api.DeadQuery{State: state, Limit: 1}); err != nil || len(page) > 0 {
			return false
		}
	}
	return true
}

// poisoned checks that every acknowledged poison is there, once and with all its attempts, and nothing else is.
func (c *course) poisoned(letters []api.DeadLetter) error {
	seen := map[record.Message]bool{}
	for _, d := range letters {
		m, err := record.Parse(d.Payload)
		switch {
		case err != nil:
			return fmt.Errorf("dead letter %s: %w", d.ID, err)
		case !m.Poison() || seen[m] || d.Attempts != attempts:
			return fmt.Errorf("dead letter %s of message %d, seen before: %v, after %d attempts: %s", d.ID, m, seen[m], d.Attempts, d.Reason)
		}
		seen[m] = true
	}
	for _, m := range c.ledger.Acknowledged() {
		if m.Poison() && !seen[m] {
			return fmt.Errorf("message %d is poison and no dead letter", m)
		}
	}
	return nil
}
