package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/peltonhq/pelton/engine/adapter"
	"github.com/peltonhq/pelton/sink"
)

func (w *wheel) openSinks(ctx context.Context) error {
	w.names.sinks = w.c.SinkNames()
	for _, name := range w.names.sinks {
		s, err := adapter.Sink(ctx, name, w.c.Sinks[name], w.store, w.o.Stdout)
		if err != nil {
			return outside(fmt.Errorf("sink %s: %w", name, err))
		}
		worker := sink.Start(sink.Options{
			Name: name, Sink: s, Buffer: int64(w.c.Sinks[name].Buffer), Batch: adapter.Share(w.c.Sinks[name]),
			OnRetry: func(err error, wait time.Duration) {
				w.event(Event{Event: "warning", Reason: fmt.Sprintf("sink %s: %v; trying again in %s", name, err, wait.Round(time.Millisecond))})
			},
		})
		w.sinks[name] = worker
		w.later(worker.Close)
	}
	return nil
}
