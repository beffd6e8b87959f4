package config

import (
	"strings"
	"testing"
)

// kafkas has every key of the source and the sink.
const kafkas = `
sources:
  a:
    kafka:
      brokers: ["127.0.0.1:9092", "[::1]:9092"]
      topics: [flights, other.Flights-2_x]
      group: delays
      start: latest
      fetch: {max_bytes: 1MiB, partition_bytes: 64KiB, buffer: 2MiB, batch_bytes: 8MiB, wait: 100ms}
      commit: 2s
      drain: 3s
      tls: {ca_file: ca.pem, cert_file: /abs/cert.pem, key_file: key.pem, server_name: kafka.example}
      sasl: {mechanism: scram-sha-256, user: u, password_file: secret}
    decode: {format: json}
  b: {kafka: {brokers: ["b:1"], topics: [t], group: g, tls: {}}}
sinks:
  o:
    from: [a, b]
    kafka:
      brokers: ["b:1"]
      topic: late
      compression: zstd
      max_message: 2MiB
      timeout: 5s
      sasl: {mechanism: plain, user: u, password_file: secret}
`

func TestKafka(t *testing.T) {
	c, err := Parse([]byte(kafkas), "/w/pelton.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	a, b, o := c.Sources["a"].Kafka, c.Sources["b"].Kafka, c.Sinks["o"].Kafka
	if a.TLS.CAFile != "/w/ca.pem" || a.TLS.CertFile != "/abs/cert.pem" || a.TLS.KeyFile != "/w/key.pem" || a.SASL.PasswordFile != "/w/secret" || o.SASL.PasswordFile != "/w/secret" {
		t.Errorf("paths: %+v %+v %+v", a.TLS, a.SASL, o.SASL)
	}
	if a.Start != KafkaLatest || a.Fetch.BatchBytes != 8*MiB || o.MaxMessage != 2*MiB || o.Compression != KafkaZstd {
		t.Errorf("%+v\n%+v", a, o)
	}
	want := DefaultKafka()
	if b.Start != want.Start || b.Fetch != want.Fetch || b.Commit != want.Commit || b.Drain != want.Drain || b.TLS == nil || b.SASL != nil {
		t.Errorf("defaults: %+v", b)
	}
	if !c.Sources["a"].Endless() || c.Sources["a"].Type() != "kafka" || c.Sinks["o"].Type() != "kafka" {
		t.Error("its type is not kafka, or it ends")
	}
}

func TestBadKafka(t *testing.T) {
	source := func(more string) string {
		return "sources: {a: {kafka: {brokers: ['b:1'], topics: [t], group: g" + more + "}}}\n"
	}
	sink := func(more string) string {
		return "sources: {a: {http: {}}}\nsinks: {o: {from: [a], kafka: {brokers: ['b:1'], topic: t" + more + "}}}\n"
	}
	for want, text := range map[string]string{
		"c.yaml:1:15: sources.a.kafka.brokers: is missing; give a list":                            "sources: {a: {kafka: {topics: [t], group: g}}}",
		"sources.a.kafka.topics: is missing; name one or more topics":                              "sources: {a: {kafka: {brokers: ['b:1'], group: g}}}",
		"sources.a.kafka.group: is missing; name the consumer group; wheels with the same one":     "sources: {a: {kafka: {brokers: ['b:1'], topics: [t]}}}",
		`sources.a.kafka.brokers[0]: want one value, not a mapping; a text with a colon stands in`: "sources: {a: {kafka: {brokers: [b:1], topics: [t], group: g}}}",
		`sources.a.kafka.brokers[0]: "b" is not an address; want HOST:PORT, for example "127`:      "sources: {a: {kafka: {brokers: [b], topics: [t], group: g}}}",
		`sources.a.kafka.topics[1]: "t" is there twice`:                                            "sources: {a: {kafka: {brokers: ['b:1'], topics: [t, t], group: g}}}",
		`sources.a.kafka.topics[0]: "a b" is no name of a topic; want up to 249 of`:                "sources: {a: {kafka: {brokers: ['b:1'], topics: [a b], group: g}}}",
		`sources.a.kafka.start: unknown value "newest"; known are earliest, latest`:                source(", start: newest"),
		"sources.a.kafka.fetch.partition_bytes: 1MiB is more than max_bytes (64KiB)":               source(", fetch: {max_bytes: 64KiB}"),
		"sources.a.kafka.fetch.buffer: 1KiB is too small; want at least 1MiB":                      source(", fetch: {buffer: 1KiB}"),
		"sources.a.kafka.fetch.batch_bytes: 2GiB is too large; want at most 1GiB":                  source(", fetch: {batch_bytes: 2GiB}"),
		"sources.a.kafka.drain: 1ms is too short; want at least 100ms":                             source(", drain: 1ms"),
		"sources.a.kafka.tls: cert_file and key_file go together; give both or none":               source(", tls: {cert_file: x}"),
		`sources.a.kafka.sasl.mechanism: unknown value "gssapi"; known are plain, scram-sha-256`:   source(", sasl: {mechanism: gssapi, user: u, password_file: f}"),
		`sources.a.kafka.sasl.password: unknown key; known are mechanism, user, password_file`:     source(", sasl: {mechanism: plain, user: u, password: geheim}"),
		"sources.a.kafka.sasl.password_file: is missing; give a file whose first line is":          source(", sasl: {mechanism: plain, user: u}"),
		"sources.a.kafka: its messages come one by one, and csv has a header; want":                "sources: {a: {kafka: {brokers: ['b:1'], topics: [t], group: g}, decode: {format: csv}}}",
		"sources.a.kafka: its messages are framed already; leave decode.framing out":               "sources: {a: {kafka: {brokers: ['b:1'], topics: [t], group: g}, decode: {framing: lines}}}",
		"sinks.o.kafka.topic: is missing; name the topic":                                          "sources: {a: {http: {}}}\nsinks: {o: {from: [a], kafka: {brokers: ['b:1']}}}",
		`sinks.o.kafka.compression: unknown value "zip"`:                                           sink(", compression: zip"),
		"sinks.o.kafka.max_message: 1B is too small; want at least 1KiB":                           sink(", max_message: 1B"),
		"sinks.o.kafka.timeout: 1ms is too short; want at least 1s":                                sink(", timeout: 1ms"),
	} {
		_, err := Parse([]byte(text), "c.yaml", nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\ngot  %v\nwant %s", text, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "geheim") {
			t.Errorf("a password is told: %v", err)
		}
	}
}
