package config

import (
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/peltonhq/pelton/engine/config/rollout"
)

// header is the name of an HTTP header.
var header = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

func (s Source) validate(p *problems, path string) {
	p.exactlyOne(path, map[string]bool{"file": s.File != nil, "http": s.HTTP != nil, "demo": s.Demo != nil, "kafka": s.Kafka != nil, "nats": s.NATS != nil, "stdin": s.Stdin != nil, "mqtt": s.MQTT != nil})
	if s.File != nil {
		s.File.validate(p, path+".file")
	}
	if d := s.Demo; d != nil {
		p.between(path+".demo.keys", d.Keys, 1, 1_000_000)
	}
	if s.Kafka != nil {
		s.Kafka.validate(p, path+".kafka", s.Decode)
	}
	if s.NATS != nil {
		s.NATS.validate(p, path+".nats", s.Decode)
	}
	if h := s.HTTP; h != nil {
		for i, name := range h.Headers {
			if !header.MatchString(name) {
				p.addf(path+".http.headers["+itoa(i)+"]", "%q is not the name of a header; want for example X-Request-Id", name)
			}
		}
	}
	s.Decode.validate(p, path+".decode")
	if s.Queued() && s.Decode.Format == "csv" && !p.failed(path+".decode") {
		p.addf(path+".decode.format", "csv needs the header of its file, and messages of %s come one by one; want json or raw", s.Type())
	}
}

func (f *File) validate(p *problems, path string) {
	_, err := filepath.Match(f.Path, "")
	switch {
	case f.Path == "":
		p.missing(path+".path", "give the file")
	case err != nil:
		p.addf(path+".path", "%q is no pattern: a [ wants a ]; write \\[ for one as it is", f.Path)
	case strings.Contains(f.Path, "**"):
		p.addf(path+".path", "%q: ** matches no deeper than *; write */ for each level", f.Path)
	}
	p.between(path+".lanes", f.Lanes, 1, 1000)
	if f.RotateWait < 0 {
		p.addf(path+".rotate_wait", "%v is below zero", f.RotateWait)
	}
}

func (d Decode) validate(p *problems, path string) {
	p.oneOf(path+".format", d.Format, "json", "csv", "raw")
	if d.Framing != "" {
		p.oneOf(path+".framing", d.Framing, "lines", "length", "raw", "csv")
	}
	if !p.failed(path) && d.Framing != "" && (d.Framing == "csv") != (d.Format == "csv") {
		p.addf(path+".framing", "%q does not go with format %q", d.Framing, d.Format)
	}
	seen := map[string]bool{}
	for i, f := range d.Fields {
		at := path + ".fields[" + itoa(i) + "]"
		if f == "" || seen[f] {
			p.addf(at, "%q is empty or there twice", f)
		}
		seen[f] = true
	}
	if len(d.Fields) > 64 {
		p.addf(path+".fields", "%d are too many; want at most 64", len(d.Fields))
	}
	if d.Format == "raw" && (d.Key != "" || len(d.Fields) > 0 || d.Time.Field != "") {
		p.addf(path+".format", "raw messages have no fields for key, fields or time; want json or csv")
	}
	d.Time.validate(p, path+".time")
}

func (t Time) validate(p *problems, path string) {
	switch {
	case t.IsZero() || p.failed(path):
	case t.Field == "":
		p.missing(path+".field", "give the field with the time")
	case t.Zone != "" && t.Layout == "":
		p.addf(path+".zone", "needs a layout; RFC 3339 has its own zone")
	case t.Layout != "" && time.Date(2001, 2, 3, 16, 5, 6, 0, time.UTC).Format(t.Layout) == t.Layout:
		p.addf(path+".layout", `%q has no part of a time; write the time of "2006-01-02 15:04:05" as it would stand there`, t.Layout)
	}
	if _, err := time.LoadLocation(t.Zone); err != nil {
		p.addf(path+".zone", "unknown time zone %q; want a name such as UTC or Europe/Zurich", t.Zone)
	}
}

func (g Plugin) validate(p *problems, path string) {
	code(p, path, g.Wasm, g.Native, g.Process)
	if w := g.Wasm; w != nil && w.Window != "" {
		p.oneOf(path+".wasm.window", string(w.Window), string(WindowStaged), string(WindowMapped))
	}
	if w := g.Wasm; w != nil && w.Trust != "" {
		p.oneOf(path+".wasm.trust", string(w.Trust), string(TrustSource), string(TrustIsolated))
	}
	p.between(path+".instances", g.Instances, 1, 256)
	p.oneOf(path+".order", g.Order.By, OrderKey, OrderNone)
	p.between(path+".order.behind", g.Order.Behind, 1, 100_000_000)
	p.least(path+".limits.memory", g.Limits.Memory, MiB)
	recycle(p, path, g.Limits.Recycle, g.Limits.Memory)
	p.least(path+".limits.time", g.Limits.Time, Millisecond)
	p.least(path+".limits.output", g.Limits.Output, KiB)
	p.least(path+".limits.queue", g.Limits.Queue, 64*KiB)
	g.Retry.validate(p, path+".retry")
	p.between(path+".max_defers", g.MaxDefers, 0, 1_000_000_000)
	g.Health.Validate(p.notef, path+".health")
	rollout.Strategy(p.notef, path+".strategy", g.Strategy, rollout.Immediate, rollout.Canaries, rollout.Shadows)
	g.Canary.Validate(p.notef, path+".canary")
	g.Shadow.Validate(p.notef, path+".shadow")
	g.State.Validate(p.notef, path+".state")
	g.Capabilities.validate(p, path+".capabilities")
	g.ungrantable(p, path+".capabilities")
}

// ungrantable notes what is granted to a process, which could not use it.
func (g Plugin) ungrantable(p *problems, path string) {
	if g.Process == nil {
		return
	}
	if g.Capabilities.KV != nil {
		p.addf(path+".kv", "%s for a process; use a wasm or native plugin, or keep the state in the program", NotAvailable)
	}
	if g.Capabilities.HTTP != nil {
		p.addf(path+".http", "%s for a process; use a wasm or native plugin, or make the requests in the program", NotAvailable)
	}
}

func recycle(p *problems, path string, mark, memory Size) {
	if path += ".limits.recycle"; mark != 0 && !p.failed(path) && (mark < MiB || mark > memory) {
		p.addf(path, "%s is out of range; want 1MiB to limits.memory (%s), or 0 for three quarters of that", mark, memory)
	}
}

func (r Retry) validate(p *problems, path string) {
	p.between(path+".attempts", r.Attempts, 1, 1_000_000)
	p.least(path+".initial", r.Initial, Millisecond)
	if !p.failed(path) && r.Max < r.Initial {
		p.addf(path+".max", "%s is shorter than initial (%s)", r.Max, r.Initial)
	}
	p.oneOf(path+".then", string(r.Then), string(ThenDead), string(ThenDrop), string(ThenStop))
}

// notef is addf for a key that could be read.
func (p *problems) notef(path, format string, args ...any) {
	if !p.failed(path) {
		p.addf(path, format, args...)
	}
}

func (s Session) validate(p *problems, path string) {
	p.between(path+".retain.snapshots", s.Retain.Snapshots, 0, 1_000_000_000)
	p.least(path+".buffer", s.Buffer, 64*KiB)
	p.between(path+".follow.lag", s.Follow.Lag, 1, 1_000_000_000)
	p.least(path+".follow.lag_bytes", s.Follow.LagBytes, 64*KiB)
	p.least(path+".follow.buffer", s.Follow.Buffer, 64*KiB)
	r := s.Reduce
	if r == nil {
		return
	}
	path += ".reduce"
	code(p, path, r.Wasm, r.Native, r.Process)
	if w := r.Wasm; w != nil && w.Window != "" {
		p.addf(path+".wasm.window", "%s; what a reducer folds is copied", NotAvailable)
	}
	if w := r.Wasm; w != nil && w.Trust != "" {
		p.addf(path+".wasm.trust", "is for plugins; a reducer sees nothing but what it folds")
	}
	p.between(path+".instances", r.Instances, 1, 256)
	p.least(path+".limits.memory", r.Limits.Memory, MiB)
	recycle(p, path, r.Limits.Recycle, r.Limits.Memory)
	p.least(path+".limits.time", r.Limits.Time, Millisecond)
	p.least(path+".limits.output", r.Limits.Output, KiB)
	r.Health.Validate(p.notef, path+".health")
	rollout.Strategy(p.notef, path+".strategy", r.Strategy, rollout.Immediate, rollout.Canaries)
	r.Canary.Validate(p.notef, path+".canary")
}

func (s Sink) validate(p *problems, path string) {
	p.exactlyOne(path, map[string]bool{"file": s.File != nil, "stdout": s.Stdout != nil, "kafka": s.Kafka != nil, "nats": s.NATS != nil, "http": s.HTTP != nil})
	p.least(path+".buffer", s.Buffer, 64*KiB)
	if s.Kafka != nil {
		s.Kafka.validate(p, path+".kafka")
	}
	if s.NATS != nil {
		s.NATS.validate(p, path+".nats")
	}
	if s.HTTP != nil {
		s.HTTP.validate(p, path+".http")
	}
	if f := s.File; f != nil {
		if f.Path == "" {
			p.missing(path+".file.path", "give the file")
		}
		p.oneOf(path+".file.on_new", string(f.OnNew), string(OnNewAppend), string(OnNewTruncate), string(OnNewFail))
		if f.Rotate != nil {
			f.Rotate.validate(p, path+".file.rotate")
		}
	}
}

// code checks where a plugin's code comes from.
func code(p *problems, path string, w *Wasm, n *Native, r *Process) {
	p.exactlyOne(path, map[string]bool{"wasm": w != nil, "native": n != nil, "process": r != nil})
	if w != nil && w.Path == "" {
		p.missing(path+".wasm.path", "give a directory with a plugin's source or a .wasm file")
	}
	if n != nil && n.Name == "" {
		p.missing(path+".native.name", "give the name that the code is registered by")
	}
	if r != nil {
		r.validate(p, path+".process")
	}
}

// missing notes a key that must be there, unless its box has a problem that may be the cause: a misspelt key. It has no
// place of its own: that of its box is used.
func (p *problems) missing(path, what string) {
	if !p.failed(path[:strings.LastIndexByte(path, '.')]) {
		p.addf(path, "is missing; %s", what)
	}
}

// exactlyOne notes that none or several of the kinds of a box are set, unless one of them could not be read.
func (p *problems) exactlyOne(path string, kinds map[string]bool) {
	if p.failed(path) {
		return
	}
	var set []string
	for _, kind := range sorted(kinds) {
		if kinds[kind] {
			set = append(set, kind)
		}
	}
	switch {
	case len(set) == 0:
		p.addf(path, "has none of %s; give one", strings.Join(sorted(kinds), ", "))
	case len(set) > 1:
		p.addf(path, "has %s; give only one", strings.Join(set, " and "))
	}
}

// matches reports whether a source with this pattern would read the file, or one that was put aside.
func (f *SinkFile) matches(pattern string) bool {
	if ok, _ := filepath.Match(pattern, f.Path); ok || f.Rotate == nil {
		return ok
	}
	ext := filepath.Ext(f.Path)
	ok, _ := filepath.Match(pattern, strings.TrimSuffix(f.Path, ext)+"-000001"+ext)
	return ok
}

func (r *Rotate) validate(p *problems, path string) {
	switch {
	case r.Size < 0 || r.Age < 0:
		p.addf(path, "size or age is below zero")
	case r.Size == 0 && r.Age == 0:
		p.addf(path, "has neither size nor age; give one, or leave it out")
	}
	p.between(path+".keep", r.Keep, 0, 1_000_000)
}

// checkQueues notes a queue that is too small for what it must take, and standard input that is read twice.
func (c *Config) checkQueues(p *problems) {
	first := ""
	for _, n := range c.SourceNames() {
		s := c.Sources[n]
		if s.Queued() && c.Ingest.MaxBytes < 4*c.Arena.MaxMessage && !p.failed("ingest") && !p.failed("arena") {
			p.addf("ingest.max_bytes", "%s is too small for four messages of arena.max_message (%s); want at least %s", c.Ingest.MaxBytes, c.Arena.MaxMessage, 4*c.Arena.MaxMessage)
		}
		if s.Stdin != nil && first != "" {
			p.addf("sources."+n+".stdin", "source %s reads standard input already; only one can", first)
		}
		if s.Stdin != nil {
			first = n
		}
	}
}

// checkFiles notes a file that two sinks write, or that a sink writes and a source reads.
func (c *Config) checkFiles(p *problems) {
	used, patterns := map[string]string{}, map[string]string{}
	for _, n := range c.SourceNames() {
		if f := c.Sources[n].File; f != nil {
			used[f.Path] = "source " + n + " reads"
			patterns[f.Path] = n
		}
	}
	for _, n := range c.SinkNames() {
		f := c.Sinks[n].File
		if f == nil || f.Path == "" {
			continue
		}
		for _, pattern := range sorted(patterns) {
			if f.matches(pattern) && pattern != f.Path {
				p.addf("sinks."+n+".file.path", "%s matches %s, which source %s reads; give another", f.Path, pattern, patterns[pattern])
			}
		}
		if by, ok := used[f.Path]; ok {
			p.addf("sinks."+n+".file.path", "%s is the file that %s; give another", f.Path, by)
		}
		used[f.Path] = "sink " + n + " writes"
	}
}
