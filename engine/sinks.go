package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/peltonhq/pelton/engine/config"
	"github.com/peltonhq/pelton/sink"
	"github.com/peltonhq/pelton/sink/file"
	"github.com/peltonhq/pelton/sink/http"
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
			Name: name, Sink: s, Buffer: int64(w.c.Sinks[name].Buffer), Batch: share(w.c.Sinks[name]),
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
	switch {
	case c.Stdout != nil:
		return stdout.New(w.o.Stdout), nil
	case c.HTTP != nil:
		return openHTTP(c.HTTP)
	case c.Kafka != nil:
		return openSinkKafka(c.Kafka)
	case c.NATS != nil:
		return natsSink(ctx, name, c.NATS)
	}
	o := file.Options{Path: c.File.Path, OnNew: file.OnNew(c.File.OnNew), Store: w.store, Name: name}
	if r := c.File.Rotate; r != nil {
		o.Rotate = file.Rotate{Size: int64(r.Size), Age: r.Age.Std(), Keep: r.Keep}
	}
	return file.Open(o)
}

// share is how many effects a sink gets at once; 0 is the worker's default. A Write to an HTTP server ends with the slowest
// of its lanes, so each gets only a few requests.
func share(c config.Sink) int {
	const requests = 16
	if h := c.HTTP; h != nil {
		return min(h.Concurrency*h.Batch*requests, 4096)
	}
	return 0
}

func openHTTP(c *config.SinkHTTP) (sink.Sink, error) {
	return http.New(http.Options{
		URL: c.URL, Method: c.Method, Header: c.Headers, HeaderFiles: c.HeadersFile, ContentType: c.ContentType, Timeout: c.Timeout.Std(), Batch: c.Batch,
		BatchBytes: int(c.BatchBytes), Concurrency: c.Concurrency, MaxRetryAfter: c.MaxRetryAfter.Std(), CAFile: c.CAFile,
	})
}
