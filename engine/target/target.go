package target

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/arena"
	"github.com/peltonhq/pelton/engine/adapter"
	"github.com/peltonhq/pelton/engine/class"
	"github.com/peltonhq/pelton/engine/config"
	"github.com/peltonhq/pelton/engine/fold"
	"github.com/peltonhq/pelton/session"
	"github.com/peltonhq/pelton/sink"
	"github.com/peltonhq/pelton/store"
)

// Hall is the sessions of one name.
type Hall struct {
	*session.Sessions

	gone chan struct{} // closed with them
}

// OpenHall opens the sessions of a name. plugin is their reducer; fail is told when the store refused for good, and
// tell of a follower that holds them up.
func OpenHall(ctx context.Context, s store.Store, name string, c config.Session, plugin *actor.Plugin, fail func(error), tell func(string)) (*Hall, error) {
	o := session.Options{
		Name: name, Store: s, Buffer: int64(c.Buffer),
		Retain: session.Retain{Snapshots: c.Retain.Snapshots, Age: c.Retain.Age.Std()}, Writable: c.Writable,
		MaxLag: c.Follow.Lag, LagByte: int64(c.Follow.LagBytes), Recent: int64(c.Follow.Buffer), Block: c.Follow.Block.Std(), OnHold: func(why string) { tell("session " + name + ": " + why) },
	}
	if plugin != nil {
		o.Reduce = fold.Reducer{Plugin: plugin}
	}
	opened, err := session.Open(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("session %s: %w", name, err)
	}
	h := &Hall{opened, make(chan struct{})}
	go func() {
		select {
		case <-h.Failed():
			fail(fmt.Errorf("session %s: %w", name, h.Stats().Err))
		case <-h.gone:
		}
	}()
	return h, nil
}

// Shut closes them.
func (h *Hall) Shut(ctx context.Context) error {
	close(h.gone)
	return h.Close(ctx)
}

// OpenSink opens a sink. tell hears of what is tried again.
func OpenSink(ctx context.Context, s store.Store, name string, c config.Sink, stdout io.Writer, tell func(string)) (*sink.Worker, error) {
	opened, err := adapter.Sink(ctx, name, c, s, stdout)
	if err != nil {
		return nil, class.Outside(fmt.Errorf("sink %s: %w", name, err))
	}
	return sink.Start(sink.Options{
		Name: name, Sink: opened, Buffer: int64(c.Buffer), Batch: adapter.Share(c),
		OnRetry: func(err error, wait time.Duration) {
			tell(fmt.Sprintf("sink %s: %v; trying again in %s", name, err, wait.Round(time.Millisecond)))
		},
	}), nil
}

// Nest is the output arena of a plugin that other plugins read.
type Nest struct {
	*arena.Arena

	Size NestSize
}

// NestSize is that of a nest, and of the largest emit that another plugin can read.
type NestSize struct{ Bytes, Largest int64 }

// NestSizeOf is what a config says: arena.max_message, as far as the queue has room for two of them from each of so many
// lanes, which is what an arena keeps for a lane.
func NestSizeOf(c *config.Config, plugin string, lanes int64) NestSize {
	const page = 4 << 10
	size := int64(c.Plugins[plugin].Limits.Queue)
	return NestSize{size, min(int64(c.Arena.MaxMessage), size/max(4, 2*lanes)) / page * page}
}

// OpenNest makes the arena of a plugin.
func OpenNest(plugin string, size NestSize) (*Nest, error) {
	a, err := arena.New(arena.Options{Name: plugin + ".queue", Size: size.Bytes, MaxMessage: size.Largest})
	if err != nil {
		return nil, class.Usage(fmt.Errorf("plugin %s: limits.queue: %w", plugin, err))
	}
	return &Nest{a, size}, nil
}

// Shut gives its memory back. What a stuck plugin still has keeps it mapped until the process ends.
func (n *Nest) Shut() error {
	if err := n.Close(); !errors.Is(err, arena.ErrLent) {
		return err
	}
	return nil
}
