// Package traces is the part of the config that says where what happens to messages is told.
package traces

import (
	"net/url"

	"github.com/peltonhq/pelton/engine/config/unit"
)

// Traces say where what happens to messages is told, as spans of OpenTelemetry.
type Traces struct {
	Endpoint string        `yaml:"endpoint,omitempty" json:"endpoint,omitempty" jsonschema_description:"URL of a collector of OTLP over HTTP, for example http://127.0.0.1:4318. Default: nothing is traced."`
	Sample   float64       `yaml:"sample" json:"sample" jsonschema:"minimum=0,maximum=1" jsonschema_description:"Share of the messages without a trace context that are traced, 0 to 1; one that brings a W3C traceparent is traced as that says. Default 0.01."`
	Queue    int           `yaml:"queue" json:"queue" jsonschema_description:"Spans that wait for the collector at most; more are dropped, and counted. Default 2048."`
	Timeout  unit.Duration `yaml:"timeout" json:"timeout" jsonschema_description:"For one request to the collector. Default 10s."`
}

// Default names no collector.
func Default() Traces { return Traces{Sample: 0.01, Queue: 2048, Timeout: 10 * unit.Second} }

// Validate notes what is wrong with the key of a path.
func (t Traces) Validate(note func(path, format string, args ...any), path string) {
	if t.Endpoint != "" {
		u, err := url.Parse(t.Endpoint)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			note(path+".endpoint", "%q is no URL of http or https; want for example http://127.0.0.1:4318", t.Endpoint)
		}
	}
	if t.Sample < 0 || t.Sample > 1 {
		note(path+".sample", "%v is out of range; want 0 to 1", t.Sample)
	}
	if t.Queue < 64 || t.Queue > 1<<20 {
		note(path+".queue", "%d is out of range; want 64 to %d", t.Queue, 1<<20)
	}
	if t.Timeout < unit.Millisecond {
		note(path+".timeout", "%s is too short; want at least %s", t.Timeout, unit.Millisecond)
	}
}
