package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/peltonhq/pelton/actor/native"
	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/engine/audit"
	"github.com/peltonhq/pelton/engine/code"
	"github.com/peltonhq/pelton/engine/config"
	"github.com/peltonhq/pelton/engine/door"
	"github.com/peltonhq/pelton/engine/durable"
	"github.com/peltonhq/pelton/engine/event"
	"github.com/peltonhq/pelton/engine/feed"
	"github.com/peltonhq/pelton/engine/gauge"
	"github.com/peltonhq/pelton/engine/letters"
	"github.com/peltonhq/pelton/engine/revision"
	"github.com/peltonhq/pelton/engine/tail"
	"github.com/peltonhq/pelton/engine/tracing"
	"github.com/peltonhq/pelton/internal/tap"
	"github.com/peltonhq/pelton/store"
	"github.com/peltonhq/pelton/store/local"
)

// Options of a run; all are optional.
type Options struct {
	UntilIdle bool                     // end when settled
	Events    func(Event)              // what happens, in order; must not block for long
	Progress  func(done, total uint64) // of the finite sources, in their units, a few times a second
	Native    native.Registry
	Version   string
	Stdin     io.Reader       // of a stdin source; default os.Stdin
	Stdout    io.Writer       // of stdout sinks; default os.Stdout
	Force     <-chan struct{} // closed to give up draining
	CacheDir  string          // of built and compiled plugins; default the user's cache directory
	Compilers int             // processors that compile a module; default one, which leaves the others to the lanes
	Reload    <-chan struct{} // each receive reads the config's file again and applies it
	// Adapt changes a config that is to be applied, as the caller changed the one that Run was given; nil: it stays.
	Adapt func(config.Config) config.Config
}

// wheel is everything that Run opened. What the config names is its world; the rest stays as it is.
type wheel struct {
	c       config.Config // as the run began: of what an apply can't change
	o       Options
	world   atomic.Pointer[world]
	store   *local.Store
	feeds   feed.Wheel // what sources have in common
	totals  gauge.Totals
	letters *letters.Letters
	tracer  *tracing.Tracer // nil: nothing is traced
	journal *tail.Journal   // what happened; nil: nobody is told
	versions
	applying
	front
	life
}

// versions are where plugins' code is kept, and what runs it.
type versions struct {
	book *revision.Book
	code *code.Runtimes
	held map[string]*held // by plugin; an apply has them alone
}

// front is what the outside reaches.
type front struct {
	service   *api.Service
	taps      *tap.Hub
	listeners struct{ http, grpc net.Listener }
	door      *door.Door
	audit     *audit.Log
}

// life is how a run goes and ends.
type life struct {
	began   time.Time
	fatal   chan error
	ended   chan struct{} // the run is over, the wheel is being closed
	events  sync.Mutex
	closers []func(context.Context) error
	tasks   sync.WaitGroup // in the background; they end with the run
}

// Run runs a wheel until ctx ends, or until it has settled if o.UntilIdle is set, then drains it within
// shutdown.timeout. nil means that it drained; what it could not drain is redelivered at the next start.
func Run(ctx context.Context, c config.Config, o Options) error {
	w := &wheel{
		c: c, o: o,
		front:   front{taps: tap.New(tap.Limits{Open: c.Limits.Taps, Buffer: int64(c.Limits.TapBuffer), Rate: c.Limits.TapRate.PerSecond()})},
		journal: tail.Events(int64(c.Limits.Events)),
		life:    life{began: time.Now(), fatal: make(chan error, 1), ended: make(chan struct{})},
	}
	if o.Stdout == nil {
		w.o.Stdout = os.Stdout
	}
	if o.Stdin == nil {
		w.o.Stdin = os.Stdin
	}
	w.world.Store(newWorld(&config.Config{}))
	w.furnish()
	if err := w.finite(&w.c); err != nil {
		return err
	}
	err := w.open(ctx)
	if err == nil {
		err = w.serve(ctx)
	}
	return errors.Join(err, w.close(err))
}

// finite refuses a config with a source that never ends.
func (w *wheel) finite(c *config.Config) error {
	for _, name := range c.SourceNames() {
		if s := c.Sources[name]; w.o.UntilIdle && s.Endless() {
			return usage(fmt.Errorf("--until-idle: source %s (%s) never ends; give it an end, or run without --until-idle", name, s.Type()))
		}
	}
	return nil
}

func (w *wheel) open(ctx context.Context) error {
	steps := []func(context.Context) error{w.openStore, w.bindAll, w.openRuntimes, w.openTraces, w.openWorld, w.openPaused}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
		if ctx.Err() != nil { // the run was ended before it began
			return nil //nolint:nilerr // that is no failure
		}
	}
	return nil
}

// later adds what is to be closed, before everything that was opened earlier.
func (w *wheel) later(f func(context.Context) error) { w.closers = append(w.closers, f) }

func (w *wheel) event(e Event) {
	e.Time = time.Now().UTC()
	if n, ok := e.Note(); ok && w.journal != nil {
		w.journal.Add(n)
	}
	if w.o.Events == nil {
		return
	}
	w.events.Lock()
	defer w.events.Unlock()
	w.o.Events(e)
}

// fail ends the run with an error.
func (w *wheel) fail(err error) {
	select {
	case w.fatal <- err:
	default:
	}
}

func (w *wheel) openStore(context.Context) error {
	s, err := local.Open(local.Options{
		Dir: w.c.Store.Dir, Sync: local.Sync(w.c.Store.Sync), MaxBytes: int64(w.c.Store.MaxBytes), Reserve: int64(w.c.Store.Reserve),
	})
	if err != nil {
		return environment(err)
	}
	w.store = s
	w.feeds.Store = s
	w.letters = letters.New(s, lanes{w}, w.c.Limits.Replays, w.digest)
	w.later(func(context.Context) error { return s.Close() })
	survives := "survives power cuts (sync: always)"
	if w.c.Store.Sync == config.SyncOff {
		survives = "survives a kill, not a power cut (sync: off)"
	}
	w.event(Event{Event: "store", Dir: w.c.Store.Dir, Reason: survives})
	rows := durable.Of(&w.c)
	w.event(Event{Event: "durable", Reason: strings.Join(durable.Lines(rows), "; "), Bulk: event.Bulk{Durable: rows}})
	if s.Cut() {
		w.event(Event{Event: "warning", Reason: cutReason(w.c.Store.Dir, s.Lost())})
	}
	return nil
}

// cutReason tells of a power cut that may have taken what was not synced.
func cutReason(dir string, lost int64) string {
	took := "a power cut may have taken its newest writes"
	if lost > 0 {
		took = fmt.Sprintf("a power cut took the newest %d bytes", lost)
	}
	return fmt.Sprintf("store %s: %s, which were not synced (sync: off); what came of them is lost, and sessions begin new epochs", dir, took)
}

func (w *wheel) cacheDir() string {
	if w.o.CacheDir != "" {
		return w.o.CacheDir
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		dir = os.TempDir()
	}
	return filepath.Join(dir, "pelton")
}

// openTraces makes what the loops tell of traced messages. It is closed after them, so that their last steps are sent.
func (w *wheel) openTraces(ctx context.Context) error {
	c := w.c.Traces
	if c.Endpoint == "" {
		return nil
	}
	t, err := tracing.Open(ctx, tracing.Options{Endpoint: c.Endpoint, Sample: c.Sample, Queue: c.Queue, Timeout: c.Timeout.Std(), Version: w.o.Version, Digest: w.digest})
	if err != nil {
		return usage(err)
	}
	w.tracer, w.feeds.Tracer = t, t
	w.later(func(ctx context.Context) error {
		if err := t.Close(ctx); err != nil {
			w.event(Event{Event: "warning", Reason: fmt.Sprintf("traces: the last spans were not sent: %v", err)})
		}
		return nil
	})
	return nil
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// close closes what is open, the newest first, within shutdown.timeout.
func (w *wheel) close(cause error) error {
	close(w.ended)
	w.turn.Lock() // an apply under way gives up
	w.again.Wait()
	w.turn.Unlock()
	ctx, cancel := context.WithTimeoutCause(context.Background(), w.c.Shutdown.Timeout.Std(), errors.New("shutdown.timeout is over"))
	defer cancel()
	if errors.Is(cause, store.ErrFailed) {
		cancel() // nothing that drains can become durable any more, and a sink would wait for it
	}
	if w.o.Force != nil {
		go func() {
			select {
			case <-w.o.Force:
				cancel()
			case <-ctx.Done():
			}
		}()
	}
	var errs []error
	for _, closer := range slices.Backward(w.closers) {
		if err := closer(ctx); err != nil && !errors.Is(err, store.ErrFailed) {
			errs = append(errs, err)
		}
	}
	err := errors.Join(errs...)
	if cause == nil && err != nil {
		w.event(Event{Event: "warning", Reason: err.Error()})
	}
	if w.store != nil {
		w.event(Event{Event: "stopped"})
	}
	if cause == nil {
		return err
	}
	return nil
}
