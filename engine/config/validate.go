package config

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/peltonhq/pelton/engine/config/cases"
	"github.com/peltonhq/pelton/engine/config/words"
)

// name is what the user may call a source, plugin, session or sink: it goes into paths, ids and metrics.
var name = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,62}$`)

// Validate checks a config that was built in Go. The error is an [Errors].
func (c *Config) Validate() error {
	p := problems{config: c}
	c.check(&p)
	return p.err()
}

// check notes all that is wrong, box by box and then the graph. A key that could not be read is not checked again.
func (c *Config) check(p *problems) {
	c.Arena.validate(p, "arena")
	c.Store.validate(p, "store")
	c.API.Validate(p, "api")
	p.least("shutdown.timeout", c.Shutdown.Timeout, Second)
	p.least("limits.artifact", c.Limits.Artifact, KiB)
	c.Ingest.validate(p, "ingest")
	if c.Limits.Release <= 0 && !p.failed("limits.release") {
		p.addf("limits.release", "%s is too slow; want more than 0/s", c.Limits.Release)
	}
	p.between("limits.replays", c.Limits.Replays, 1, 1_000_000)
	c.Swap.Validate(p.notef, "swap")
	c.Traces.Validate(p.notef, "traces")
	p.between("limits.revisions", c.Limits.Revisions, 3, 1_000_000)
	p.least("limits.logs", c.Limits.Logs, 4*KiB)
	p.least("limits.events", c.Limits.Events, 4*KiB)
	p.between("limits.taps", c.Limits.Taps, 0, 10_000)
	p.least("limits.tap_buffer", c.Limits.TapBuffer, 64*KiB)
	if c.Limits.TapRate <= 0 && !p.failed("limits.tap_rate") {
		p.addf("limits.tap_rate", "%s is too slow; want more than 0/s", c.Limits.TapRate)
	}
	written := slices.ContainsFunc(c.SessionNames(), func(n string) bool { return c.Sessions[n].Writable })
	if len(c.Sources) == 0 && !written && !p.failed("sources") {
		p.addf("sources", "none; a wheel needs at least one or a session with writable: true, for example sources: {numbers: {demo: {rate: 100/s}}}")
	}
	for _, n := range c.SourceNames() {
		p.name("sources."+n, n)
		c.Sources[n].validate(p, "sources."+n)
		if m := c.Sources[n].MQTT; m != nil {
			m.validate(p, "sources."+n+".mqtt", c.API, c.Sources[n].Decode)
		}
		if d := c.Sources[n].Demo; d != nil && d.Size > c.Arena.MaxMessage-KiB && !p.failed("arena") {
			p.addf("sources."+n+".demo.size", "%s does not fit in arena.max_message (%s) with the 1KiB of the other fields", d.Size, c.Arena.MaxMessage)
		}
	}
	for _, n := range c.PluginNames() {
		p.name("plugins."+n, n)
		c.Plugins[n].validate(p, "plugins."+n)
	}
	for _, n := range c.SessionNames() {
		p.name("sessions."+n, n)
		c.Sessions[n].validate(p, "sessions."+n)
	}
	for _, n := range c.SinkNames() {
		p.name("sinks."+n, n)
		c.Sinks[n].validate(p, "sinks."+n)
	}
	plugins := c.PluginNames()
	for _, n := range c.SessionNames() {
		if c.Sessions[n].Reduce != nil {
			plugins = append(plugins, ReducerName(n))
		}
	}
	cases.Check(c.Tests, plugins, func(path, text string) { p.addf(path, "%s", text) })
	c.checkQueues(p)
	c.checkFiles(p)
	c.checkGraph(p)
}

func (p *problems) name(path, n string) {
	if !name.MatchString(n) {
		p.addf(path, "the name %q is not allowed; want a lower-case letter, then up to 62 of a-z 0-9 _ -", n)
	}
}

// least notes a value that is too small.
func (p *problems) least(path string, value, least fmt.Stringer) {
	if p.failed(path) {
		return
	}
	switch v := value.(type) {
	case Size:
		if v < least.(Size) {
			p.addf(path, "%s is too small; want at least %s", v, least)
		}
	case Duration:
		if v < least.(Duration) {
			p.addf(path, "%s is too short; want at least %s", v, least)
		}
	}
}

// between notes a number that is out of its range.
func (p *problems) between(path string, value, least, most int) {
	if !p.failed(path) && (value < least || value > most) {
		p.addf(path, "%d is out of range; want %d to %d", value, least, most)
	}
}

// oneOf notes a word that is not known.
func (p *problems) oneOf(path, value string, known ...string) {
	if p.failed(path) {
		return
	}
	if slices.Contains(known, value) {
		return
	}
	p.addf(path, "unknown value %q; %s", value, words.Hint(value, known))
}

func (a Arena) validate(p *problems, path string) {
	p.least(path+".size", a.Size, MiB)
	p.least(path+".max_message", a.MaxMessage, KiB)
	if a.MaxMessage > GiB {
		p.addf(path+".max_message", "%s is too large; want at most 1GiB", a.MaxMessage)
	}
	if !p.failed(path) && a.MaxMessage > a.Size/4 {
		p.addf(path+".max_message", "%s is more than a quarter of arena.size (%s); want at most %s, or a size of at least %s", a.MaxMessage, a.Size, a.Size/4, a.MaxMessage*4)
	}
}

func (s Store) validate(p *problems, path string) {
	if s.Dir == "" {
		p.addf(path+".dir", "is empty; give a directory")
	}
	p.oneOf(path+".sync", string(s.Sync), string(SyncAlways), string(SyncOff))
	if s.MaxBytes != 0 {
		p.least(path+".max_bytes", s.MaxBytes, 4*MiB)
	}
	p.least(path+".reserve", s.Reserve, Size(0))
}

func (i Ingest) validate(p *problems, path string) {
	p.least(path+".max_bytes", i.MaxBytes, MiB)
	p.least(path+".max_age", i.MaxAge, Second)
	p.least(path+".max_request", i.MaxRequest, KiB)
	p.between(path+".max_messages", i.MaxMessages, 1, 10_000_000)
	p.between(path+".max_keys", i.MaxKeys, 1, 100_000_000)
	p.least(path+".key_age", i.KeyAge, Second)
}
