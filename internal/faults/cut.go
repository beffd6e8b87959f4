package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/peltonhq/pelton/internal/faults/disk"
	"github.com/peltonhq/pelton/internal/faults/wheel"
)

// cut cuts the power of a wheel's disk again and again, before a random operation of the disk: while messages flow, and
// every third time while the wheel starts. By turns the disk forgets all that was not synced, or a random part of it.
func (s *suite) cut(ctx context.Context, name, source, sync string) (row Row, err error) {
	cuts, most := 6, 4_000
	if s.long {
		cuts, most = 30, 20_000
	}
	home := filepath.Join(s.dir, name+"-disk")
	if err := os.Mkdir(home, 0o755); err != nil {
		return row, err
	}
	d := disk.New()
	w := where{source: source, store: "sync: " + sync, home: home, read: d.Read}
	if sync == "off" {
		w.onNew = "truncate" // a store that has forgotten all does not know the file; to append would double what it still has of the queue
	}
	c, err := s.course(name, w)
	if err != nil {
		return row, err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	for i := range cuts {
		loss := disk.Loss(i % 2)
		if err := c.powered(d, home, func() error { return c.darken(ctx, d, cutting{i%3 == 2, sync == "off", s.rnd.IntN(most)}) }); err != nil {
			return row, fmt.Errorf("cut %d: %w", i+1, err)
		}
		d.Restore(loss, s.rnd)
		s.tell("%s: cut %d, %d messages in all", name, i+1, c.ledger.Acked())
	}
	row = Row{Name: fmt.Sprintf("`sync: %s`, %s", sync, source), Times: cuts, Rate: c.rate(), Lossy: sync == "off"}
	err = c.powered(d, home, func() (err error) {
		row.Figures, err = c.finish(ctx)
		return err
	})
	return row, err
}

// powered calls f while the disk is mounted.
func (c *course) powered(d *disk.Disk, home string, f func() error) error {
	m, err := disk.Mount(d, home)
	if err != nil {
		return err
	}
	return errors.Join(f(), m.Close())
}

// cutting is when the power is cut.
type cutting struct {
	early bool // while the wheel starts
	lazy  bool // behind a time in which the system wrote back by itself
	acks  int  // behind so many messages
}

// darken runs a wheel into a cut.
func (c *course) darken(ctx context.Context, d *disk.Disk, cut cutting) error {
	ctx, cancel := limited(ctx)
	defer cancel()
	if cut.early {
		d.CutAfter(c.rnd.IntN(60))
		cut.acks = 0
	}
	w, err := wheel.Launch(c.wheel)
	if err != nil {
		return err
	}
	defer w.Kill()
	select {
	case <-w.Ready():
	case <-d.Dark():
		w.Kill()
		return crashed(w)
	case <-w.Done():
		select {
		case <-d.Dark():
			return crashed(w)
		default:
			return fmt.Errorf("the wheel did not start behind a cut: %s", w.Said())
		}
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	err = c.flow(ctx, w, cut.acks, func(ctx context.Context) error {
		if cut.lazy { // some of it would be written back in time; what comes behind is what may be lost
			d.WriteBack()
			if err := c.await(ctx, w, c.ledger.Acked()+cut.acks/10); err != nil {
				return err
			}
		}
		if !cut.early {
			d.CutAfter(c.rnd.IntN(200))
		}
		select {
		case <-d.Dark():
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		w.Kill()
		return nil
	})
	if errors.Is(err, wheel.ErrEnded) && isDark(d) {
		err = nil // it stopped by itself, as it should when its disk fails
	}
	w.Kill()
	return errors.Join(err, crashed(w))
}

// crashed is a panic of a wheel whose disk went dark. One is let pass: where the disk fails in the moment in which Pebble
// changes from one log file to the next, it panics without the lock that its deferred call gives back, and the process ends,
// as it does at a power cut. Nothing is acknowledged behind it.
func crashed(w *wheel.Wheel) error {
	if strings.Contains(w.Said(), "sync: unlock of unlocked mutex") {
		return nil
	}
	return w.Crashed()
}

func isDark(d *disk.Disk) bool {
	select {
	case <-d.Dark():
		return true
	default:
		return false
	}
}
