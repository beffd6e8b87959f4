package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/peltonhq/pelton/api"

	"github.com/peltonhq/pelton/internal/faults/feed"
	"github.com/peltonhq/pelton/internal/faults/record"
	"github.com/peltonhq/pelton/internal/faults/wheel"
)

// patience is for a hang: no result depends on it.
const patience = 4 * time.Minute

// most is what a message may take to be settled and read again; it is for a hang too.
const most = 200 * time.Microsecond

// pace is what the senders keep up while a wheel lives.
var pace = feed.Pace{Rate: 40_000, Batch: 500}

// suite is one run of the program.
type suite struct {
	dir    string // for everything that a run writes
	binary string // the wheel
	plugin string
	long   bool
	rnd    *rand.Rand
	log    io.Writer
}

func (s *suite) tell(format string, args ...any) { fmt.Fprintf(s.log, format+"\n", args...) }

// course is one wheel's life and afterlives: a source, a config, and the record of what came of it.
type course struct {
	*suite

	dir    string
	feed   feed.Feed
	pace   feed.Pace
	ledger *record.Ledger
	wheel  wheel.Options
	sink   func() ([]byte, error)                    // reads the sink's file
	front  string                                    // what the senders take for the wheel's address; empty: its own
	dead   func(context.Context, *wheel.Wheel) error // what is to be done about dead letters; nil: there are none

	feeding time.Duration // with a wheel that lives
	fed     int           // messages acknowledged in it
}

const config = `
store: {%s}
sources:
  in: {%s, decode: {format: json, key: key}}
plugins:
  copy:
    from: [in]
    process: {command: [%s], ready: 30s, env: {%s}}
    config: {log: %s, cure: "%s"}
    retry: {attempts: 3, initial: 20ms, max: 100ms}
    limits: {memory: 1GiB, time: 60s}
sessions:
  seen: {from: [copy]}
sinks:
  out: {from: [copy], file: {path: %s, on_new: %s}}
ingest: {max_bytes: 1GiB, max_age: 1000h}
shutdown: {timeout: 10m} # longer than patience: a wheel that waits for nothing hangs
`

// where is what a course is made of. Home, the place of the store and of the sink's file, is a plain directory unless a
// disk is mounted there.
type where struct {
	source         string // of feed.Kinds
	via            feed.Way
	home           string
	store          string                   // fields of the config's store
	onNew          string                   // of the sink's file
	read           func(name string) []byte // a file below home; nil reads it there
	binary, plugin string                   // empty takes the suite's
	cure           string                   // file without which the plugin fails at poison; empty: there is none
	env            []string
	wasm           string // a plugin that is swapped, in the place of the one in a process
}

// course makes ready.
func (s *suite) course(name string, w where) (*course, error) {
	c := &course{suite: s, dir: filepath.Join(s.dir, name), feed: feed.Kinds[w.source](), pace: pace}
	logs := filepath.Join(c.dir, "plugin")
	if err := os.MkdirAll(logs, 0o755); err != nil {
		return nil, err
	}
	var err error
	if c.ledger, err = record.Open(filepath.Join(c.dir, "acknowledged")); err != nil {
		return nil, err
	}
	source, err := c.feed.Start(c.dir, c.ledger, w.via)
	if err != nil {
		return nil, err
	}
	if w.home == "" {
		w.home = filepath.Join(c.dir, "home")
		if err := os.Mkdir(w.home, 0o755); err != nil {
			return nil, err
		}
	}
	if w.onNew == "" {
		w.onNew = "fail"
	}
	if w.binary == "" {
		w.binary, w.plugin = s.binary, s.plugin
	}
	out := filepath.Join(w.home, "out.jsonl")
	c.sink = func() ([]byte, error) { return os.ReadFile(out) }
	if w.read != nil {
		c.sink = func() ([]byte, error) { return w.read("out.jsonl"), nil }
	}
	path := filepath.Join(c.dir, "pelton.yaml")
	text := fmt.Sprintf(swaps, w.store, source, w.wasm, out)
	if w.wasm == "" {
		text = fmt.Sprintf(config, w.store, source, w.plugin, strings.Join(mapping(w.env), ", "), logs, w.cure, out, w.onNew)
	}
	c.wheel = wheel.Options{Binary: w.binary, Config: path, Store: filepath.Join(w.home, "store"), Env: w.env}
	return c, os.WriteFile(path, []byte(text), 0o600)
}

// mapping is an environment as YAML.
func mapping(env []string) []string {
	all := make([]string, len(env))
	for i, v := range env {
		name, value, _ := strings.Cut(v, "=")
		all[i] = name + ": " + value
	}
	return all
}

// close lets go of what the course holds.
func (c *course) close() error { return errors.Join(c.feed.Close(), c.ledger.Close()) }

// start runs the course's wheel and waits until it listens.
func (c *course) start(ctx context.Context) (*wheel.Wheel, error) {
	ctx, cancel := limited(ctx)
	defer cancel()
	return wheel.Start(ctx, c.wheel)
}

func limited(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, patience, errors.New("it hangs"))
}

// flow feeds a wheel until so many more messages are acknowledged, and calls end while they still come. A wheel that
// ends by itself before is an error.
func (c *course) flow(ctx context.Context, w *wheel.Wheel, acks int, end func(context.Context) error) error {
	ctx, cancel := limited(ctx)
	defer cancel()
	sending, stop := context.WithCancel(ctx)
	sent := make(chan error, 1)
	began, base := time.Now(), c.ledger.Acked()
	addr := cmp.Or(c.front, w.Addr)
	go func() { sent <- c.feed.Send(sending, addr, c.pace) }()
	err := c.await(ctx, w, base+acks)
	if err == nil {
		c.feeding += time.Since(began)
		c.fed += c.ledger.Acked() - base
		err = end(ctx)
	}
	stop()
	return errors.Join(err, <-sent)
}

// await waits until so many messages in all are acknowledged, or the wheel has ended.
func (c *course) await(ctx context.Context, w *wheel.Wheel, acks int) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-w.Done():
			cancel(wheel.ErrEnded)
		case <-ctx.Done():
		}
	}()
	err := c.ledger.Await(ctx, acks)
	if errors.Is(err, wheel.ErrEnded) {
		return fmt.Errorf("%w: %s", err, w.Said())
	}
	return err
}

// finish runs a last wheel until everything is settled, stops it, and holds what it has against the record.
func (c *course) finish(ctx context.Context) (f record.Figures, err error) {
	w, err := c.start(ctx)
	if err != nil {
		return f, err
	}
	defer w.Kill()
	return c.settle(ctx, w)
}

// settle is finish for a wheel that runs.
func (c *course) settle(ctx context.Context, w *wheel.Wheel) (f record.Figures, err error) {
	if err := c.flow(ctx, w, c.pace.Batch, func(context.Context) error { return nil }); err != nil {
		return f, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, patience+time.Duration(c.ledger.Acked())*most, errors.New("it hangs"))
	defer cancel()
	done := func(s api.Stats) bool { return c.feed.Read(s.Sources[0]) && s.Lot.Parked == 0 }
	stats, err := w.Until(ctx, done)
	if err != nil {
		return f, err
	}
	if c.dead != nil {
		err = c.dead(ctx, w)
	} else if stats.Lot.Dead != 0 {
		err = fmt.Errorf("%d messages are dead letters", stats.Lot.Dead)
	}
	if err != nil {
		return f, err
	}
	var lines, snapshots record.Seen
	if err := w.Snapshots(ctx, "seen", snapshots.Add); err != nil {
		return f, err
	}
	if err := w.Stop(ctx); err != nil {
		return f, err
	}
	text, err := c.sink()
	if err != nil {
		return f, err
	}
	if err := lines.AddLines(text); err != nil {
		return f, fmt.Errorf("the sink's file: %w", err)
	}
	deliveries, err := record.Deliveries(filepath.Join(c.dir, "plugin"))
	if err != nil {
		return f, err
	}
	return c.ledger.Check(&lines, &snapshots, deliveries)
}

// rate is how many messages a second were acknowledged while a wheel lived.
func (c *course) rate() int { return int(float64(c.fed) / c.feeding.Seconds()) }
