package tracing

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/cespare/xxhash/v2"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/loop"
)

// Options of a tracer.
type Options struct {
	Endpoint string                                   // URL of the collector's OTLP over HTTP, for example http://127.0.0.1:4318
	Sample   float64                                  // share of the messages without a trace context that are traced, 0 to 1
	Queue    int                                      // spans that wait at most; more are dropped
	Timeout  time.Duration                            // of one request to the collector
	Version  string                                   // of the program
	Digest   func(plugin string, revision int) string // of a revision's code; nil if nobody knows
}

// Tracer makes spans of the loops' steps. It implements [loop.Tracer].
type Tracer struct {
	threshold uint64 // a message is traced when its hash is below
	all       bool
	provider  *sdk.TracerProvider
	tracer    trace.Tracer
	counts    *counts
	digest    func(plugin string, revision int) string
}

var _ loop.Tracer = (*Tracer)(nil)

// Open makes a tracer. It does not wait for the collector.
func Open(ctx context.Context, o Options) (*Tracer, error) {
	u, err := url.Parse(o.Endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("traces.endpoint %q is no URL of http or https; give for example http://127.0.0.1:4318", o.Endpoint)
	}
	target := otlptracehttp.WithEndpointURL(o.Endpoint)
	if u.Path == "" || u.Path == "/" {
		target = otlptracehttp.WithEndpointURL(u.JoinPath("v1", "traces").String())
	}
	exporter, err := otlptracehttp.New(ctx, target, otlptracehttp.WithTimeout(o.Timeout))
	if err != nil {
		return nil, fmt.Errorf("traces: %w", err)
	}
	c := &counts{limit: int64(o.Queue)}
	batches := sdk.NewBatchSpanProcessor(outlet{exporter, c}, sdk.WithMaxQueueSize(o.Queue), sdk.WithBatchTimeout(time.Second), sdk.WithExportTimeout(o.Timeout))
	about := resource.NewSchemaless(attribute.String("service.name", "pelton"), attribute.String("service.version", o.Version))
	t := &Tracer{digest: o.Digest, all: o.Sample >= 1, threshold: uint64(o.Sample * (1 << 63) * 2), counts: c}
	t.provider = sdk.NewTracerProvider( // the loop asks before it makes a step: all of them are wanted
		sdk.WithSampler(sdk.AlwaysSample()), sdk.WithSpanProcessor(inlet{batches, c}), sdk.WithResource(about),
	)
	t.tracer = t.provider.Tracer("github.com/peltonhq/pelton")
	return t, nil
}

// Close sends what waits, as far as ctx allows.
func (t *Tracer) Close(ctx context.Context) error { return t.provider.Shutdown(ctx) }

// Stats are the figures of the spans so far.
func (t *Tracer) Stats() Stats { return t.counts.stats() }

// Begin implements [loop.Tracer]: ids are hashes of the message's.
func (t *Tracer) Begin(id pelton.MessageID) string {
	if t.threshold == 0 && !t.all {
		return ""
	}
	text := id.String()
	low := xxhash.Sum64String(text)
	if !t.all && low >= t.threshold {
		return ""
	}
	high := xxhash.Sum64String("trace/" + text)
	return fmt.Sprintf("00-%016x%016x-%016x-01", high, low, max(1, low^high))
}

// Step implements [loop.Tracer].
func (t *Tracer) Step(s loop.Step) {
	parent, err := parse(s.Trace)
	if err != nil {
		return
	}
	name, kind := title(&s)
	ctx := trace.ContextWithRemoteSpanContext(context.Background(), parent)
	_, span := t.tracer.Start(ctx, name, trace.WithTimestamp(s.Start), trace.WithSpanKind(kind), trace.WithAttributes(t.about(&s)...))
	if s.Failure != "" {
		span.SetStatus(codes.Error, s.Failure)
	}
	span.End(trace.WithTimestamp(s.End))
}

func title(s *loop.Step) (string, trace.SpanKind) {
	switch s.Op {
	case loop.OpReceive:
		return "receive " + s.Message.Lane.Source, trace.SpanKindConsumer
	case loop.OpHandle:
		return "process " + s.Target.Name, trace.SpanKindInternal
	case loop.OpWrite:
	}
	return "write " + s.Target.String(), trace.SpanKindProducer
}

func (t *Tracer) about(s *loop.Step) []attribute.KeyValue {
	m := &s.Message
	list := []attribute.KeyValue{
		attribute.String("messaging.system", "pelton"), attribute.String("messaging.message.id", m.String()),
		attribute.String("pelton.source", m.Lane.Source), attribute.String("pelton.lane", m.Lane.Lane), attribute.Int64("pelton.position", int64(m.Position)),
	}
	if s.Revision > 0 {
		plugin := plugin(s)
		list = append(list, attribute.String("pelton.plugin", plugin), attribute.Int("pelton.revision", s.Revision))
		if t.digest != nil {
			list = append(list, attribute.String("pelton.digest", t.digest(plugin, s.Revision)))
		}
	}
	if s.Op == loop.OpHandle {
		list = append(list, attribute.Int64("pelton.attempt", int64(s.Attempt)), attribute.String("pelton.verdict", s.Verdict.String()))
	}
	return list
}

// plugin is whose turn it was, or who emitted what was written.
func plugin(s *loop.Step) (name string) {
	if s.Op == loop.OpHandle {
		return s.Target.Name
	}
	for emitter := range s.Message.Edges() {
		name = emitter
	}
	return name
}

var errContext = errors.New("not a W3C traceparent of version 00")

// parse reads 00-TRACE-SPAN-FLAGS.
func parse(traceparent string) (trace.SpanContext, error) {
	if len(traceparent) != 55 || traceparent[:3] != "00-" || traceparent[35] != '-' || traceparent[52] != '-' {
		return trace.SpanContext{}, errContext
	}
	id, err1 := trace.TraceIDFromHex(traceparent[3:35])
	parent, err2 := trace.SpanIDFromHex(traceparent[36:52])
	if err1 != nil || err2 != nil {
		return trace.SpanContext{}, errContext
	}
	return trace.NewSpanContext(trace.SpanContextConfig{TraceID: id, SpanID: parent, TraceFlags: trace.FlagsSampled, Remote: true}), nil
}
