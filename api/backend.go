package api

import (
	"context"
	"io"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/api/delta"
	"github.com/peltonhq/pelton/internal/tap"
	"github.com/peltonhq/pelton/session"
)

// Backend is what the service needs of the running wheel. Every field but Guard is set; all methods may be called from any
// goroutine, honour their context, and return owned data (S3). An [*Error] they return keeps its code on every
// transport, errors of the packages session and store are classified by [Wrap], anything else is [Internal].
type Backend struct {
	Sessions   Sessions
	Plugins    Plugins
	Deliveries Deliveries
	Lot        Lot
	Wheel      Wheel
	Ingest     Ingest
	Guard      Guard
	Taps       *tap.Hub
	Configs    Configs
	Events     func(after uint64) []delta.Event // that are kept behind one by its number, the oldest first
}

// Session is one session name of the wheel.
type Session = *session.Sessions

// Sessions finds session names.
type Sessions interface {
	// Names are all configured session names, sorted.
	Names() []string
	// Open finds one. An unknown name is a [NotFound] error; [Unknown] builds it with the nearest name.
	Open(name string) (Session, error)
	// Writable reports whether clients may append to this name; the wheel then does not.
	Writable(name string) bool
}

// Plugins lists and changes plugins. A reducer is the plugin "session/NAME".
type Plugins interface {
	// List is every plugin in config order, reducers last.
	List(ctx context.Context) ([]Plugin, error)
	// Swap makes the artifact with this digest, or of o.Revision, the plugin's new revision and waits for the outcome. A
	// version that was rolled back is no error: the result says so.
	Swap(ctx context.Context, name, digest string, o SwapOptions) (SwapResult, error)
	// Rollback goes back to the revision before the live one, with its config; it becomes a new revision.
	Rollback(ctx context.Context, name string, o SwapOptions) (SwapResult, error)
	// History is every revision of the plugin that is kept, oldest first.
	History(ctx context.Context, name string) ([]Revision, error)
	// Diff compares two revisions: 0 for to is the live one, 0 for from the one before to.
	Diff(ctx context.Context, name string, from, to int) (Diff, error)
	// Push stores the artifact of size bytes that r gives. The digest is checked; a size over limits.artifact is
	// [ResourceExhausted] before anything is read. Pushing what is there already is no error.
	Push(ctx context.Context, digest string, size int64, r io.Reader) error
	// Has reports whether the artifact is stored.
	Has(ctx context.Context, digest string) (bool, error)
	// Delete removes old revisions' artifacts, or what a plugin left that is not in the config. What is live, or may be
	// gone back to, is [FailedPrecondition].
	Delete(ctx context.Context, r Removal) (Removed, error)
	Operators
}

// Operators hold plugins back and look at what they log.
type Operators interface {
	// Pin lets nothing change the plugin's code but its own health, until it is unpinned.
	Pin(ctx context.Context, name string, on bool, by By) (Plugin, error)
	// Pause offers the plugin nothing, so that its lanes fill and pause; with park its deliveries are parked instead.
	Pause(ctx context.Context, name string, park bool, by By) (Plugin, error)
	// Resume ends a pause, and a stop after the last attempt of a message.
	Resume(ctx context.Context, name string, by By) (Plugin, error)
	// Log is what is kept of the plugin's log behind a line, and a channel that is closed when there is more.
	Log(ctx context.Context, name string, after uint64) (lines []LogLine, more <-chan struct{}, err error)
}

// Deliveries settles held deliveries by their token, "delivery/attempt".
type Deliveries interface {
	// Settle ends a hold with a verdict. It is idempotent; an expired or superseded token is [FailedPrecondition].
	Settle(ctx context.Context, token string, v pelton.Verdict, emits []pelton.Emit) error
	// Extend makes the lease end this long from now.
	Extend(ctx context.Context, token string, lease time.Duration) error
}

// Lot keeps what was given up (dead letters) and what waits (parked deliveries). Methods that take ids and a query
// apply to those ids, or when there are none, to everything that the query selects. An unknown id is [NotFound] and
// changes nothing. Limit 0 means the implementation's page size; next is the After of the next page, empty at the end.
type Lot interface {
	Dead(ctx context.Context, q DeadQuery) (page []DeadLetter, next string, err error)
	DeadLetter(ctx context.Context, id string) (DeadLetter, error)
	Replay(ctx context.Context, ids []string, q DeadQuery, o ReplayOptions) (ReplayResult, error)
	// Drop removes dead letters and returns how many, or how many it would.
	Drop(ctx context.Context, ids []string, q DeadQuery, dryRun bool) (int, error)

	Parked(ctx context.Context, q ParkedQuery) (page []Parked, next string, err error)
	ParkedRecord(ctx context.Context, id string) (Parked, error)
	// Release makes parked deliveries due now and returns how many, or how many it would.
	Release(ctx context.Context, ids []string, q ParkedQuery, dryRun bool) (int, error)
	// DropParked removes parked deliveries without settling their effects and returns how many, or how many it would.
	DropParked(ctx context.Context, ids []string, q ParkedQuery, dryRun bool) (int, error)
}

// Wheel tells how the wheel is built and how it runs.
type Wheel interface {
	Topology(ctx context.Context) (Topology, error)
	// Stats are the figures now. It is called about once a second for each watcher and must be cheap.
	Stats(ctx context.Context) (Stats, error)
	// Ready is nil once the wheel takes messages and answers, else says what is missing. Backs /readyz.
	Ready(ctx context.Context) error
	// Live is nil until only a restart can help. Backs /livez.
	Live(ctx context.Context) error
	// Backup is a copy of the store at one instant; the service closes it. While another one is open it is
	// [FailedPrecondition].
	Backup(ctx context.Context) (Backup, error)
}

// Backup is a copy of a store, ready to be sent.
type Backup interface {
	// Size is how many bytes Write writes.
	Size() int64
	// Write writes them. An error of w ends it.
	Write(w io.Writer) error
	Close() error
}

// Ingest takes messages pushed by clients.
type Ingest interface {
	// Publish makes the messages durable in the source's queue, all or none. A full queue is [ResourceExhausted], a key
	// that stands for something else [KeyReused], an unknown source [NotFound]. The publication is within the limits.
	Publish(ctx context.Context, source string, p Publication) (Published, error)
	// Limits are what the source takes.
	Limits(source string) (IngestLimits, error)
}

// Configs changes the config of the running wheel.
type Configs interface {
	// Apply makes a config the running one, or only says what that would change. A bad one, or the code of a plugin that
	// did not come with it, is [InvalidArgument]; one that needs a restart, or is not what was approved, is
	// [FailedPrecondition]. After an error the wheel runs as before.
	Apply(ctx context.Context, o ApplyOptions) (delta.Plan, error)
	// Running is the config that runs, as anybody may see it.
	Running(ctx context.Context) (RunningConfig, error)
}
