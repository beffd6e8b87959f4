package main

import (
	"context"
	"errors"
	"fmt"
)

// kill kills a wheel with -9 again and again while messages flow, behind a random number of them, now and then as soon
// as it listens.
func (s *suite) kill(ctx context.Context, name, source string) (row Row, err error) {
	kills, most := 6, 20_000
	if s.long {
		kills, most = 50, 32_000
	}
	c, err := s.course(name, where{source: source, store: "sync: always"})
	if err != nil {
		return row, err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	for i := range kills {
		acks := s.rnd.IntN(most)
		if i%5 == 4 {
			acks = 0
		}
		if err := c.killed(ctx, acks); err != nil {
			return row, fmt.Errorf("kill %d: %w", i+1, err)
		}
		s.tell("%s: kill %d behind %d messages, %d in all", name, i+1, acks, c.ledger.Acked())
	}
	row = Row{Name: source, Times: kills, Rate: c.rate()}
	row.Figures, err = c.finish(ctx)
	return row, err
}

func (c *course) killed(ctx context.Context, acks int) error {
	w, err := c.start(ctx)
	if err != nil {
		return err
	}
	defer w.Kill()
	err = c.flow(ctx, w, acks, func(context.Context) error {
		w.Kill()
		if !w.Killed() {
			return fmt.Errorf("the wheel ended before it was killed: %s", w.Said())
		}
		return nil
	})
	return errors.Join(err, w.Crashed())
}
