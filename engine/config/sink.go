package config

import (
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// Sink is where messages go to. Exactly one of its kinds is set.
type Sink struct {
	From   []string   `yaml:"from" json:"from" jsonschema:"required" jsonschema_description:"What it reads: sources, plugins (their output default), plugin.output."`
	File   *SinkFile  `yaml:"file,omitempty" json:"file,omitempty" jsonschema_description:"Write a file, a line a message; nothing repeats after a crash."`
	Stdout *Stdout    `yaml:"stdout,omitempty" json:"stdout,omitempty" jsonschema_description:"Write to standard output, a line a message; no settings: stdout: {}."`
	Kafka  *SinkKafka `yaml:"kafka,omitempty" json:"kafka,omitempty" jsonschema_description:"Write a topic of a Kafka cluster, with the effect's id as header pelton-effect."`
	NATS   *SinkNATS  `yaml:"nats,omitempty" json:"nats,omitempty" jsonschema_description:"Publish to a NATS server, a message each."`
	HTTP   *SinkHTTP  `yaml:"http,omitempty" json:"http,omitempty" jsonschema_description:"Send to an HTTP server."`
	Buffer Size       `yaml:"buffer" json:"buffer" jsonschema_description:"Bytes that wait for the sink. Default 4MiB."`
}

// SinkFile is a sink that writes a file.
type SinkFile struct {
	Path   string  `yaml:"path" json:"path" jsonschema:"required" jsonschema_description:"The file; relative to the config file."`
	OnNew  OnNew   `yaml:"on_new" json:"on_new" jsonschema_description:"What to do with a file that has content unknown to the store: append, truncate or fail. Default fail."`
	Rotate *Rotate `yaml:"rotate,omitempty" json:"rotate,omitempty" jsonschema_description:"When the file is put aside, as NAME-000001.EXT, and a new one is begun. Default: never."`
}

// Rotate says when a file is put aside. At least one of Size and Age is above 0.
type Rotate struct {
	Size Size     `yaml:"size" json:"size" jsonschema_description:"Bytes that a file has at most, but for a single write that has more; 0B is no limit. Default 0B."`
	Age  Duration `yaml:"age" json:"age" jsonschema_description:"Time since the first line of a file, looked at when the next one comes; 0s is no limit. Default 0s."`
	Keep int      `yaml:"keep" json:"keep" jsonschema_description:"How many files that were put aside stay; the oldest is removed once the new one is durable. 0 keeps all. Default 0."`
}

// Stdout is a sink that writes to standard output. It has no settings.
type Stdout struct{}

// SinkHTTP is a sink that sends to an HTTP server.
type SinkHTTP struct {
	URL           string            `yaml:"url" json:"url" jsonschema:"required" jsonschema_description:"Where to, http or https, without user and password."`
	Method        string            `yaml:"method" json:"method" jsonschema:"enum=POST,enum=PUT" jsonschema_description:"POST or PUT. Default POST."`
	Headers       map[string]string `secret:"maybe" yaml:"headers,omitempty" json:"headers,omitempty" jsonschema_description:"Headers of each request, by name; not for secrets. Default: none."`
	HeadersFile   map[string]string `yaml:"headers_file,omitempty" json:"headers_file,omitempty" jsonschema_description:"Headers whose value is a secret, by name: each the path of a file with the value, relative to the config file. Default: none."`
	ContentType   string            `yaml:"content_type,omitempty" json:"content_type,omitempty" jsonschema_description:"Media type of the body. Default: that of the message, or application/x-ndjson with batch."`
	Batch         int               `yaml:"batch" json:"batch" jsonschema_description:"Messages of a request, a line each; 1 sends each alone, with its id as Idempotency-Key and its key and time as headers. Default 1."`
	BatchBytes    Size              `yaml:"batch_bytes" json:"batch_bytes" jsonschema_description:"Bytes of a request with batch; a larger message goes alone. Default 1MiB."`
	Concurrency   int               `yaml:"concurrency" json:"concurrency" jsonschema_description:"Requests at once; messages of one key never are. Default 4."`
	Timeout       Duration          `yaml:"timeout" json:"timeout" jsonschema_description:"For a request, to the end of its answer. Default 10s."`
	MaxRetryAfter Duration          `yaml:"max_retry_after" json:"max_retry_after" jsonschema_description:"The longest wait that the server's Retry-After may ask for. Default 5m."`
	CAFile        string            `yaml:"ca_file,omitempty" json:"ca_file,omitempty" jsonschema_description:"The authority that signs the server's certificate, in PEM form; relative to the config file. Default: those of the system."`
}

// DefaultSinkHTTP has every limit set; URL is missing.
func DefaultSinkHTTP() SinkHTTP {
	return SinkHTTP{Method: "POST", Batch: 1, BatchBytes: MiB, Concurrency: 4, Timeout: 10 * Second, MaxRetryAfter: 5 * Minute}
}

func (h *SinkHTTP) validate(p *problems, path string) {
	u, err := url.Parse(h.URL)
	switch {
	case h.URL == "":
		p.missing(path+".url", "give the URL, for example https://example.com/orders")
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		p.addf(path+".url", "is no URL of http or https; want for example https://example.com/orders") // it may have a secret in it
	case u.User != nil:
		p.addf(path+".url", "has a user or password in it, which would get into logs; give the header Authorization by headers_file")
	}
	p.oneOf(path+".method", h.Method, "POST", "PUT")
	given := map[string]string{}
	for _, name := range sorted(h.Headers) {
		h.header(p, path+".headers."+name, name, given)
		if strings.ContainsFunc(h.Headers[name], unicode.IsControl) {
			p.addf(path+".headers."+name, "has a control character in its value")
		}
		if slices.Contains(private, strings.ToLower(name)) {
			p.addf(path+".headers."+name, "is a secret, which config print would show; put its value into a file and give that by headers_file")
		}
	}
	for _, name := range sorted(h.HeadersFile) {
		h.header(p, path+".headers_file."+name, name, given)
		if h.HeadersFile[name] == "" {
			p.addf(path+".headers_file."+name, "is empty; give the path of a file")
		}
	}
	p.between(path+".batch", h.Batch, 1, 100_000)
	p.least(path+".batch_bytes", h.BatchBytes, KiB)
	p.between(path+".concurrency", h.Concurrency, 1, 1000)
	p.least(path+".timeout", h.Timeout, Millisecond)
	p.least(path+".max_retry_after", h.MaxRetryAfter, Second)
}

// private are headers that belong into a file, own those that the sink sets.
var (
	private = []string{"authorization", "proxy-authorization", "cookie"}
	own     = []string{"idempotency-key", "content-type", "content-length", "host", "traceparent", "x-pelton-key", "x-pelton-time", "transfer-encoding", "connection"}
)

// header checks the name of a header; given are those before it.
func (h *SinkHTTP) header(p *problems, path, name string, given map[string]string) {
	low := strings.ToLower(name)
	switch before, twice := given[low]; {
	case !header.MatchString(name):
		p.addf(path, "%q is not the name of a header", name)
	case low == "content-type":
		p.addf(path, "is set by content_type")
	case slices.Contains(own, low):
		p.addf(path, "is set by the sink; leave it out")
	case twice:
		p.addf(path, "is there twice, also as %s", before)
	}
	given[low] = name
}

// DefaultSink has its buffer set; From and the place are missing.
func DefaultSink() Sink { return Sink{Buffer: 4 * MiB} }

// DefaultSinkFile refuses a file that it does not know.
func DefaultSinkFile() SinkFile { return SinkFile{OnNew: OnNewFail} }

// Type is the kind of sink, the name of its key; empty when none is set.
func (s Sink) Type() string {
	switch {
	case s.File != nil:
		return "file"
	case s.Stdout != nil:
		return "stdout"
	case s.Kafka != nil:
		return "kafka"
	case s.NATS != nil:
		return "nats"
	case s.HTTP != nil:
		return "http"
	}
	return ""
}
