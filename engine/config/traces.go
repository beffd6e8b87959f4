package config

import "net/url"

// Traces say where what happens to messages is told, as spans of OpenTelemetry.
type Traces struct {
	Endpoint string   `yaml:"endpoint,omitempty" json:"endpoint,omitempty" jsonschema_description:"URL of a collector of OTLP over HTTP, for example http://127.0.0.1:4318. Default: nothing is traced."`
	Sample   float64  `yaml:"sample" json:"sample" jsonschema:"minimum=0,maximum=1" jsonschema_description:"Share of the messages without a trace context that are traced, 0 to 1; one that brings a W3C traceparent is traced as that says. Default 0.01."`
	Queue    int      `yaml:"queue" json:"queue" jsonschema_description:"Spans that wait for the collector at most; more are dropped, and counted. Default 2048."`
	Timeout  Duration `yaml:"timeout" json:"timeout" jsonschema_description:"For one request to the collector. Default 10s."`
}

// DefaultTraces names no collector.
func DefaultTraces() Traces { return Traces{Sample: 0.01, Queue: 2048, Timeout: 10 * Second} }

func (t Traces) validate(p *problems, path string) {
	if t.Endpoint != "" && !p.failed(path+".endpoint") {
		u, err := url.Parse(t.Endpoint)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			p.addf(path+".endpoint", "%q is no URL of http or https; want for example http://127.0.0.1:4318", t.Endpoint)
		}
	}
	if !p.failed(path+".sample") && (t.Sample < 0 || t.Sample > 1) {
		p.addf(path+".sample", "%v is out of range; want 0 to 1", t.Sample)
	}
	p.between(path+".queue", t.Queue, 64, 1<<20)
	p.least(path+".timeout", t.Timeout, Millisecond)
}
