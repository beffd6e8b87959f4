package loop

import (
	"context"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/arena"
	"github.com/peltonhq/pelton/decode"
	"github.com/peltonhq/pelton/delivery"
	"github.com/peltonhq/pelton/internal/tap"
	"github.com/peltonhq/pelton/source"
	"github.com/peltonhq/pelton/store"
)

// Options of a lane's loop. Graph, Lane, Store, Arena and the slices that belong to the graph are required.
type Options struct {
	Bounds

	Lane    source.Lane
	ID      pelton.LaneID // as the lane goes on: see source.Resume
	From    uint64        // stored watermark
	Graph   *delivery.Graph
	Plugins []*actor.Plugin  // by index in the graph
	Targets []pelton.Offerer // by index in the graph
	Grants  []Grant          // by index in the graph: what plugins may use of the world; nil if none may use any
	Paused  []delivery.Pause // by index in the graph: how plugins are held back from the start on; nil if none is
	Arena   *arena.Arena     // of the source
	Outputs []*arena.Arena   // by index in the graph: of plugins whose emits other plugins read, else nil
	Decode  decode.Config
	Pace    *Pace // nil for as fast as it goes
	Store   store.Store
	// Settle routes a settlement by token to the lane that held the delivery. It is needed if a plugin settles.
	Settle func(ctx context.Context, token string, d delivery.Decision) error
	Hooks
}

// Hooks are told what happens; all are optional, and none may block.
type Hooks struct {
	Failed  func(err error, final bool) // a failure that is tried again, or one that ends the loop
	Renewed func()                      // on the loop: the content under the lane's name was replaced, the lane is over
	Tracer  Tracer                      // nil: nothing is traced
	Tap     *tap.Hub                    // nil: nobody can look
}

// Bounds are what a loop may have under way.
type Bounds struct {
	Window  int     // messages between watermark and head; default 65,536
	Release float64 // records of the parking lot that come back in a second, at most; default 5000
}

// Grant is what one plugin may use of the world; nil where it may not.
type Grant struct {
	State   State
	Fetcher Fetcher
}

const (
	window      = 1 << 16 // messages between watermark and head
	sourceQueue = 1 << 20 // bytes of the source's own effects that wait for their targets
	turnSize    = 64      // deliveries in one turn; a plugin that is fast gets up to delivery.MaxTurn
	release     = 5000    // records that come back from the parking lot in a second, at most

	shortTurn = time.Millisecond     // the next one may be larger
	longTurn  = 4 * time.Millisecond // the next one is small
)

func (o *Options) defaults() {
	if o.Window == 0 {
		o.Window = window
	}
	if o.Release == 0 {
		o.Release = release
	}
	if o.Failed == nil {
		o.Failed = func(error, bool) {}
	}
	if o.Renewed == nil {
		o.Renewed = func() {}
	}
}
