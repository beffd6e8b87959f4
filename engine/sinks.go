package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/peltonhq/pelton/sink"
	"github.com/peltonhq/pelton/sink/file"
	"github.com/peltonhq/pelton/sink/stdout"
)

func (w *wheel) openSinks(ctx context.Context) error {
	w.names.sinks = w.c.SinkNames()
	for _, name := range w.names.sinks {
		s, err := w.openSink(ctx, name)
		if err != nil {
			return outside(fmt.Errorf("sink %s: %w", name, err))
		}
		worker := sink.Start(sink.Options{
			Name: name, Sink: s, Buffer: int64(w.c.Sinks[name].Buffer),
			OnRetry: func(err error, wait time.Duration) {
				w.event(Event{Event: "warning", Reason: fmt.Sprintf("sink %s: %v; trying again in %s", name, err, wait.Round(time.Millisecond))})
			},
		})
		w.sinks[name] = worker
		w.later(worker.Close)
	}
	return nil
}

func (w *wheel) openSink(ctx context.Context, name string) (sink.Sink, error) {
	c := w.c.Sinks[name]
	if c.NATS != nil {
		return natsSink(ctx, name, c.NATS)
	}
	if c.Stdout != nil {
		return stdout.New(w.o.Stdout), nil
	}
	if c.Kafka != nil {
		return openSinkKafka(c.Kafka)
	}
	o := file.Options{Path: c.File.Path, OnNew: file.OnNew(c.File.OnNew), Store: w.store, Name: name}
	if r := c.File.Rotate; r != nil {
		o.Rotate = file.Rotate{Size: int64(r.Size), Age: r.Age.Std(), Keep: r.Keep}
	}
	return file.Open(o)
}
