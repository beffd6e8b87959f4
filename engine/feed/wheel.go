package feed

import (
	"context"
	"io"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/arena"
	"github.com/peltonhq/pelton/decode"
	"github.com/peltonhq/pelton/delivery"
	"github.com/peltonhq/pelton/engine/config"
	"github.com/peltonhq/pelton/internal/tap"
	"github.com/peltonhq/pelton/loop"
	"github.com/peltonhq/pelton/store"
)

// Wheel is what the sources of one wheel have in common.
type Wheel struct {
	Bounds

	Store  store.Store // nil: a check, which opens no source
	Stdin  io.Reader
	Ended  <-chan struct{} // closed when the run is over
	Tell   func(kind, source, text string)
	Accept func(source, addr string) // a source listens by itself
	Fail   func(error)               // ends the run
	Settle func(ctx context.Context, token string, d delivery.Decision) error
	Tracer loop.Tracer // nil: nothing is traced
	Tap    *tap.Hub    // who looks at messages
}

// Bounds are those of the config that hold for every source.
type Bounds struct {
	Arena   config.Arena
	Ingest  config.Ingest
	Release float64       // of parked records, in a second
	Drain   time.Duration // how long a lane may take to end
	Public  bool          // listeners need not be on loopback
}

// BoundsOf takes them from a config.
func BoundsOf(c *config.Config) Bounds {
	return Bounds{Arena: c.Arena, Ingest: c.Ingest, Release: c.Limits.Release.PerSecond(), Drain: c.Shutdown.Timeout.Std(), Public: c.API.Insecure}
}

// Wiring is what a lane's messages reach; the slices go by index in the graph.
type Wiring struct {
	Graph   *delivery.Graph
	Plugins []*actor.Plugin
	Targets []pelton.Offerer
	Grants  []loop.Grant
	Outputs []*arena.Arena
	Paused  func() []delivery.Pause // how the plugins are held back now
}

// ArenaSize is that of a source's arena, and of the largest message in it: the decoder needs some room beside
// arena.max_message, for its end of line and its key.
func (b *Bounds) ArenaSize() (size, largest int64) {
	largest = int64(b.Arena.MaxMessage) + decode.Spare
	return max(int64(b.Arena.Size), 4*largest), largest
}
