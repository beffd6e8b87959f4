package config

import (
	"net"
	"strconv"
	"strings"
)

// Capabilities are what a plugin is granted beside its messages; nil is not granted.
type Capabilities struct {
	KV   *KV       `yaml:"kv,omitempty" json:"kv,omitempty" jsonschema_description:"A durable state of its own, keys and values; {} grants it with the defaults."`
	HTTP *Requests `yaml:"http,omitempty" json:"http,omitempty" jsonschema_description:"Requests to the hosts that it names."`
}

// KV bounds a plugin's own state.
type KV struct {
	MaxBytes Size `yaml:"max_bytes" json:"max_bytes" jsonschema_description:"Bytes of all keys and values. Default 64MiB."`
	MaxKey   Size `yaml:"max_key" json:"max_key" jsonschema_description:"Bytes of a key. Default 1KiB."`
}

// Requests bound what a plugin asks of the world.
type Requests struct {
	Allow       []string `yaml:"allow" json:"allow" jsonschema:"required" jsonschema_description:"Where requests and redirects may go, each HOST:PORT. Nothing else is allowed."`
	Private     bool     `yaml:"private" json:"private" jsonschema_description:"Whether names in allow may lead to loopback and private addresses. An address that is in allow itself may be one. Default false."`
	Timeout     Duration `yaml:"timeout" json:"timeout" jsonschema_description:"For one request, from the dial to the last byte of the response. Default 10s."`
	MaxResponse Size     `yaml:"max_response" json:"max_response" jsonschema_description:"Bytes of a response's body. Default 1MiB."`
	MaxHeaders  Size     `yaml:"max_headers" json:"max_headers" jsonschema_description:"Bytes of a response's headers. Default 64KiB."`
	Redirects   int      `yaml:"redirects" json:"redirects" jsonschema_description:"Redirects that are followed at most. Default 5."`
	Concurrency int      `yaml:"concurrency" json:"concurrency" jsonschema_description:"Requests at once; a response counts until its message is decided. Default 16."`
	Queue       int      `yaml:"queue" json:"queue" jsonschema_description:"Messages of a lane that may await a response before the plugin is given no more. Default 256."`
	MaxRequests int      `yaml:"max_requests" json:"max_requests" jsonschema_description:"Requests for one message, one after the other; more count as a failed attempt. Default 10."`
}

// DefaultKV has every limit set.
func DefaultKV() KV { return KV{MaxBytes: 64 * MiB, MaxKey: KiB} }

// DefaultRequests has every limit set; Allow is missing.
func DefaultRequests() Requests {
	return Requests{Timeout: 10 * Second, MaxResponse: MiB, MaxHeaders: 64 * KiB, Redirects: 5, Concurrency: 16, Queue: 256, MaxRequests: 10}
}

func (c Capabilities) validate(p *problems, path string) {
	if k := c.KV; k != nil {
		p.least(path+".kv.max_bytes", k.MaxBytes, KiB)
		p.least(path+".kv.max_key", k.MaxKey, Size(1))
		if k.MaxKey > 64*KiB && !p.failed(path+".kv") {
			p.addf(path+".kv.max_key", "%s is too large; want at most 64KiB", k.MaxKey)
		}
	}
	if c.HTTP != nil {
		c.HTTP.validate(p, path+".http")
	}
}

func (r Requests) validate(p *problems, path string) {
	if len(r.Allow) == 0 {
		p.missing(path+".allow", `name where requests may go, for example ["api.example.com:443"]`)
	}
	for i, entry := range r.Allow {
		host, port, err := net.SplitHostPort(entry)
		if n, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || n == 0 || host == "" || strings.ContainsAny(host, "/*@ ?#%") {
			p.addf(path+".allow["+itoa(i)+"]", "%q is no HOST:PORT; want for example api.example.com:443, without scheme, path or *", entry)
		}
	}
	p.least(path+".timeout", r.Timeout, Millisecond)
	p.least(path+".max_response", r.MaxResponse, Size(1))
	p.least(path+".max_headers", r.MaxHeaders, KiB)
	if r.MaxResponse > GiB && !p.failed(path) {
		p.addf(path+".max_response", "%s is too large; want at most 1GiB", r.MaxResponse)
	}
	p.between(path+".redirects", r.Redirects, 0, 20)
	p.between(path+".concurrency", r.Concurrency, 1, 10_000)
	p.between(path+".queue", r.Queue, 1, 1_000_000)
	p.between(path+".max_requests", r.MaxRequests, 1, 1_000_000)
}
