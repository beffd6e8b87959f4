package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/peltonhq/pelton/api"

	"github.com/peltonhq/pelton/internal/faults/disk"
	"github.com/peltonhq/pelton/internal/faults/record"
	"github.com/peltonhq/pelton/internal/faults/wheel"
)

// trouble is a disk that fails under a wheel, and what the wheel must do then.
type trouble struct {
	name  string // of the course
	says  string // in the table
	store string // fields of the config's store
	begin func(d *disk.Disk)
	want  reaction
}

// reaction looks on while the disk fails, mends it, and says what the wheel did. goes says that the wheel still runs.
type reaction func(ctx context.Context, c *course, d *disk.Disk, w *wheel.Wheel) (did string, goes bool, err error)

const mebi = 1 << 20

var troubles = []trouble{
	{"sync", "EIO at fsync of the store", "", breaks(disk.Failing(disk.Sync, ".log", syscall.EIO)), stops},
	{"write", "EIO at a write of the store", "", breaks(disk.Failing(disk.Write, ".log", syscall.EIO)), stops},
	{"tables", "EIO at a write of a table, for a while", "", breaks(disk.Failing(disk.Write, ".sst", syscall.EIO)), holdsOut},
	{"sink-sync", "EIO at fsync of the sink's file", "", breaks(disk.Failing(disk.Sync, "out.jsonl", syscall.EIO)), sinkWaits},
	{"sink-write", "EIO at a write of the sink's file", "", breaks(disk.Failing(disk.Write, "out.jsonl", syscall.EIO)), sinkWaits},
	{"full-http", "full up to `store.reserve`, http", "reserve: 8MiB", fills, refuses},
	{"full-file", "full up to `store.reserve`, file", "reserve: 8MiB", fills, pauses},
	{"brim", "full to the last byte, `reserve: 0B`", "reserve: 0B", func(d *disk.Disk) { d.Resize(d.Used() + mebi) }, stops},
	{"readonly", "read-only", "", breaks(disk.ReadOnly), stopsAndStays},
	{"slow", "fsync takes 300 ms", "", breaks(disk.Slow(300 * time.Millisecond)), holdsOut},
	{"stall", "fsync takes 5 s", "", breaks(disk.Slow(5 * time.Second)), holdsOut},
}

// short troubles are part of a short run.
func (t trouble) short() bool { return t.name != "stall" }

func fills(d *disk.Disk) { d.Resize(d.Used() + 9*mebi) }

func breaks(f disk.Fault) func(*disk.Disk) { return func(d *disk.Disk) { d.Break(f) } }

// heal makes a disk well.
func heal(d *disk.Disk) {
	d.Break(nil)
	d.Resize(0)
}

// trouble runs one.
func (s *suite) trouble(ctx context.Context, name string, t trouble) (row Row, err error) {
	home := filepath.Join(s.dir, name+"-disk")
	if err := os.Mkdir(home, 0o755); err != nil {
		return row, err
	}
	d := disk.New()
	source := "http"
	if strings.HasSuffix(t.name, "-file") {
		source = "file"
	}
	c, err := s.course(name, where{source: source, store: t.store, home: home, read: d.Read})
	if err != nil {
		return row, err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	row = Row{Name: t.says}
	err = c.powered(d, home, func() (err error) {
		row.Did, row.Figures, err = c.troubled(ctx, d, t)
		return err
	})
	return row, err
}

func (c *course) troubled(ctx context.Context, d *disk.Disk, t trouble) (did string, f record.Figures, err error) {
	defer heal(d) // whatever happens: a process in a stalled call can't be killed
	w, err := c.start(ctx)
	if err != nil {
		return "", f, err
	}
	defer w.Kill()
	goes := false
	err = c.flow(ctx, w, 5_000, func(ctx context.Context) (err error) {
		t.begin(d)
		did, goes, err = t.want(ctx, c, d, w)
		return err
	})
	if err != nil {
		return did, f, err
	}
	if goes {
		f, err = c.settle(ctx, w)
	} else {
		f, err = c.finish(ctx)
	}
	return did, f, err
}

// stops: the wheel ends by itself, with 1 and the reason.
func stops(ctx context.Context, _ *course, d *disk.Disk, w *wheel.Wheel) (did string, goes bool, err error) {
	code, err := w.Wait(ctx)
	if err != nil {
		return "", false, fmt.Errorf("the wheel does not stop: %w", err)
	}
	heal(d)
	if code != 1 || !strings.Contains(w.Said(), "check the disk") {
		return "", false, fmt.Errorf("the wheel exited with %d: %s", code, w.Said())
	}
	return "stops with exit code 1", false, w.Crashed()
}

// stopsAndStays: besides, it does not start while the disk is as it is, and says why.
func stopsAndStays(ctx context.Context, c *course, d *disk.Disk, w *wheel.Wheel) (did string, goes bool, err error) {
	code, err := w.Wait(ctx)
	if err != nil {
		return "", false, err
	}
	again, err := wheel.Launch(c.wheel)
	if err != nil {
		return "", false, err
	}
	defer again.Kill()
	second, err := again.Wait(ctx)
	if err != nil {
		return "", false, fmt.Errorf("it starts on a disk that is read-only: %w", err)
	}
	heal(d)
	if code != 1 || second != 3 || !strings.Contains(again.Said(), "read-only") {
		return "", false, fmt.Errorf("the wheel exited with %d: %s; and at the next start with %d: %s", code, w.Said(), second, again.Said())
	}
	return "stops with exit code 1, does not start (3)", false, errors.Join(w.Crashed(), again.Crashed())
}

// sinkWaits: the sink tries again until the disk is well, and nothing else stops.
func sinkWaits(ctx context.Context, _ *course, d *disk.Disk, w *wheel.Wheel) (did string, goes bool, err error) {
	s, err := w.Until(ctx, func(s api.Stats) bool { return s.Sinks[0].State == "waiting" && s.Sinks[0].Retries > 1 })
	if err != nil {
		return "", false, fmt.Errorf("the sink does not wait: %w", err)
	}
	heal(d)
	if !strings.Contains(s.Sinks[0].LastError, "input/output error") {
		err = fmt.Errorf("the sink's last error is %q", s.Sinks[0].LastError)
	}
	return "the sink tries again, goes on", true, err
}

// refuses: what is posted is answered 429 with the reason, until there is room.
func refuses(ctx context.Context, _ *course, d *disk.Disk, w *wheel.Wheel) (did string, goes bool, err error) {
	full := func(s api.Stats) bool { return s.Store.Full && s.Sources[0].Lanes[0].Position > 0 }
	if _, err := w.Until(ctx, full); err != nil {
		return "", false, fmt.Errorf("the store does not get full: %w", err)
	}
	answer, err := http.Post("http://"+w.Addr+"/v1/sources/in", "application/json", strings.NewReader("{}"))
	if err != nil {
		return "", false, err
	}
	text, err := io.ReadAll(answer.Body)
	_ = answer.Body.Close() // it was read to its end
	heal(d)
	if err == nil && (answer.StatusCode != http.StatusTooManyRequests || !strings.Contains(string(text), "store.reserve")) {
		err = fmt.Errorf("a post was answered %s: %s", answer.Status, text)
	}
	return "answers 429, goes on", true, err
}

// pauses: the source pauses and says why, and goes on when there is room.
func pauses(ctx context.Context, _ *course, d *disk.Disk, w *wheel.Wheel) (did string, goes bool, err error) {
	s, err := w.Until(ctx, func(s api.Stats) bool { return s.Sources[0].State == "paused" && s.Store.Full })
	heal(d)
	if err != nil {
		return "", false, fmt.Errorf("the source does not pause: %w", err)
	}
	if !strings.Contains(s.Sources[0].Reason, "store.reserve") {
		err = fmt.Errorf("the source paused because %q", s.Sources[0].Reason)
	}
	return "pauses, says why, goes on", true, err
}

// holdsOut: the wheel goes on, with a disk that does badly meanwhile.
func holdsOut(ctx context.Context, c *course, d *disk.Disk, w *wheel.Wheel) (did string, goes bool, err error) {
	if err := c.await(ctx, w, c.ledger.Acked()+3*c.pace.Batch); err != nil {
		return "", false, err
	}
	heal(d)
	return "goes on", true, nil
}
