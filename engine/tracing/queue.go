package tracing

import (
	"context"
	"sync/atomic"

	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// Stats count spans.
type Stats struct {
	Sent, Failed uint64 // by the collector's answer
	Dropped      uint64 // because too many waited
	Queued       int64
}

// counts are what waits and what became of the rest. The SDK's batches drop without a word, so nothing reaches them that
// they would.
type counts struct {
	limit                 int64
	waiting               atomic.Int64
	sent, failed, dropped atomic.Uint64
}

func (c *counts) stats() Stats {
	return Stats{Sent: c.sent.Load(), Failed: c.failed.Load(), Dropped: c.dropped.Load(), Queued: c.waiting.Load()}
}

// inlet stands before the SDK's batches.
type inlet struct {
	sdk.SpanProcessor

	counts *counts
}

// OnEnd implements the SDK's SpanProcessor.
func (i inlet) OnEnd(s sdk.ReadOnlySpan) {
	if i.counts.waiting.Add(1) > i.counts.limit {
		i.counts.waiting.Add(-1)
		i.counts.dropped.Add(1)
		return
	}
	i.SpanProcessor.OnEnd(s)
}

// outlet stands behind them.
type outlet struct {
	sdk.SpanExporter

	counts *counts
}

// ExportSpans implements the SDK's SpanExporter.
func (o outlet) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	err := o.SpanExporter.ExportSpans(ctx, spans)
	o.counts.waiting.Add(-int64(len(spans)))
	if err != nil {
		o.counts.failed.Add(uint64(len(spans)))
		return err
	}
	o.counts.sent.Add(uint64(len(spans)))
	return nil
}
