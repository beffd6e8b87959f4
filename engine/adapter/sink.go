package adapter

import (
	"context"
	"fmt"
	"io"

	"github.com/peltonhq/pelton/engine/config"
	"github.com/peltonhq/pelton/sink"
	"github.com/peltonhq/pelton/sink/file"
	"github.com/peltonhq/pelton/sink/http"
	"github.com/peltonhq/pelton/sink/stdout"
	"github.com/peltonhq/pelton/store"
)

// Sink opens a sink. Those of NATS connect; the others wait for their first write.
func Sink(ctx context.Context, name string, c config.Sink, s store.Store, out io.Writer) (sink.Sink, error) {
	switch {
	case c.Stdout != nil:
		return stdout.New(out), nil
	case c.HTTP != nil:
		return sinkHTTP(c.HTTP)
	case c.Kafka != nil:
		return sinkKafka(c.Kafka)
	case c.NATS != nil:
		return sinkNATS(ctx, name, c.NATS)
	}
	o := file.Options{Path: c.File.Path, OnNew: file.OnNew(c.File.OnNew), Store: s, Name: name}
	if r := c.File.Rotate; r != nil {
		o.Rotate = file.Rotate{Size: int64(r.Size), Age: r.Age.Std(), Keep: r.Keep}
	}
	return file.Open(o)
}

// CheckSink looks at the files that a sink of another machine names.
func CheckSink(c config.Sink) error {
	switch {
	case c.NATS != nil:
		return checkServer(c.NATS.URL, c.NATS.Auth, c.NATS.TLS)
	case c.HTTP != nil:
		_, err := sinkHTTP(c.HTTP)
		return err
	}
	return nil
}

// CheckSource is [CheckSink] for a source, and reports whether that is all that can be looked at.
func CheckSource(c config.Source) (all bool, err error) {
	switch {
	case c.NATS != nil:
		return true, checkServer(c.NATS.URL, c.NATS.Auth, c.NATS.TLS)
	case c.MQTT != nil:
		_, err := Secrets(c.MQTT)
		return true, err
	}
	return c.Queued(), nil
}

func checkServer(url string, a config.NATSAuth, t *config.TLS) error {
	if err := server(url, a, t).Validate(); err != nil {
		return fmt.Errorf("nats.%w", err)
	}
	return nil
}

// Share is how many effects a sink gets at once; 0 is the worker's default. A Write to an HTTP server ends with the slowest
// of its lanes, so each gets only a few requests.
func Share(c config.Sink) int {
	const requests = 16
	if h := c.HTTP; h != nil {
		return min(h.Concurrency*h.Batch*requests, 4096)
	}
	return 0
}

func sinkHTTP(c *config.SinkHTTP) (sink.Sink, error) {
	return http.New(http.Options{
		URL: c.URL, Method: c.Method, Header: c.Headers, HeaderFiles: c.HeadersFile, ContentType: c.ContentType, Timeout: c.Timeout.Std(), Batch: c.Batch,
		BatchBytes: int(c.BatchBytes), Concurrency: c.Concurrency, MaxRetryAfter: c.MaxRetryAfter.Std(), CAFile: c.CAFile,
	})
}
