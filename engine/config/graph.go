package config

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/peltonhq/pelton/engine/config/cycle"
	"github.com/peltonhq/pelton/engine/config/words"
)

// Graph is the boxes of a config and who reads whom.
type Graph struct {
	Nodes []Node `json:"nodes"`
	Edges []Edge `json:"edges"`
}

// Node is one box.
type Node struct {
	Kind    string `json:"kind"` // source, plugin, session or sink
	Name    string `json:"name"`
	Type    string `json:"type"` // file, http, wasm, native …
	Reducer string `json:"reducer,omitempty"`
}

// Edge says that To reads From.
type Edge struct {
	From   string `json:"from"` // "kind/name"
	Output string `json:"output,omitempty"`
	To     string `json:"to"` // "kind/name"
}

// ID is "kind/name".
func (n Node) ID() string { return n.Kind + "/" + n.Name }

// DefaultOutput is the output that a subscription without one reads.
const DefaultOutput = "default"

// subscription is one entry of a `from`.
type subscription struct {
	path, to string // of the entry; the reader's "kind/name"
	name     string // the source or plugin
	output   string // empty when the entry names none
}

// subscriptions are all entries of `from`, plugins first, in the order of the file.
func (c *Config) subscriptions() []subscription {
	var all []subscription
	each := func(section, kind, n string, from []string) {
		for i, f := range from {
			source, output, _ := strings.Cut(f, ".")
			path := section + "." + n + ".from[" + itoa(i) + "]"
			all = append(all, subscription{path: path, to: kind + "/" + n, name: source, output: output})
		}
	}
	for _, n := range c.PluginNames() {
		each("plugins", "plugin", n, c.Plugins[n].From)
	}
	for _, n := range c.SessionNames() {
		each("sessions", "session", n, c.Sessions[n].From)
	}
	for _, n := range c.SinkNames() {
		each("sinks", "sink", n, c.Sinks[n].From)
	}
	return all
}

// Graph is the picture of the config, in the order of the file.
func (c *Config) Graph() Graph {
	g := Graph{Nodes: []Node{}, Edges: []Edge{}}
	for _, n := range c.SourceNames() {
		g.Nodes = append(g.Nodes, Node{Kind: "source", Name: n, Type: c.Sources[n].Type()})
	}
	for _, n := range c.PluginNames() {
		g.Nodes = append(g.Nodes, Node{Kind: "plugin", Name: n, Type: c.Plugins[n].Type()})
	}
	for _, n := range c.SessionNames() {
		node := Node{Kind: "session", Name: n, Type: "append"}
		if r := c.Sessions[n].Reduce; r != nil {
			node.Type, node.Reducer = r.Type(), ReducerName(n)
		}
		g.Nodes = append(g.Nodes, node)
	}
	for _, n := range c.SinkNames() {
		g.Nodes = append(g.Nodes, Node{Kind: "sink", Name: n, Type: c.Sinks[n].Type()})
	}
	for _, s := range c.subscriptions() {
		e := Edge{From: "source/" + s.name, To: s.to}
		if _, ok := c.Plugins[s.name]; ok {
			e.From, e.Output = "plugin/"+s.name, s.output
			if e.Output == "" {
				e.Output = DefaultOutput
			}
		}
		g.Edges = append(g.Edges, e)
	}
	return g
}

// checkGraph notes names that are used twice, readers of nothing, unknown names and cycles.
func (c *Config) checkGraph(p *problems) {
	for _, n := range c.PluginNames() {
		if _, twice := c.Sources[n]; twice {
			p.addf("plugins."+n, "a source has this name too (%s); `from` could mean either, so rename one", c.At("sources."+n))
		}
		c.checkFrom(p, "plugins."+n, c.Plugins[n].From)
	}
	for _, n := range c.SessionNames() {
		switch s := c.Sessions[n]; {
		case !s.Writable:
			c.checkFrom(p, "sessions."+n, s.From)
		case len(s.From) > 0:
			p.addf("sessions."+n+".writable", "it reads %s too; a session is fed by the wheel or by clients, never both, so take one away", strings.Join(s.From, ", "))
		}
	}
	for _, n := range c.SinkNames() {
		c.checkFrom(p, "sinks."+n, c.Sinks[n].From)
	}
	known := append(c.SourceNames(), c.PluginNames()...)
	for _, s := range c.subscriptions() {
		c.checkSubscription(p, s, known)
	}
	c.checkCycles(p)
}

func (c *Config) checkFrom(p *problems, path string, from []string) {
	if len(from) == 0 {
		p.missing(path+".from", "name what it reads, for example from: [flights]")
	}
	for i, f := range from {
		if slices.Contains(from[:i], f) {
			p.addf(path+".from["+itoa(i)+"]", "%q is there twice", f)
		}
	}
}

func (c *Config) checkSubscription(p *problems, s subscription, known []string) {
	_, source := c.Sources[s.name]
	_, plugin := c.Plugins[s.name]
	_, session := c.Sessions[s.name]
	switch {
	case p.failed(s.path):
	case source && !plugin && s.output != "":
		p.addf(s.path, "%s is a source and has no outputs; want %q", s.name, s.name)
	case source || plugin:
	case session:
		p.addf(s.path, "%s is a session; want a source or plugin: %s", s.name, strings.Join(known, ", "))
	default:
		p.addf(s.path, "no source or plugin is named %q; %s", s.name, words.Hint(s.name, known))
	}
}

// checkCycles notes each cycle of plugins once, named in full: messages would go round in it for ever.
func (c *Config) checkCycles(p *problems) {
	from := func(n string) (names []string) {
		for _, f := range c.Plugins[n].From {
			name, _, _ := strings.Cut(f, ".")
			if _, source := c.Sources[name]; source {
				name = "" // the name is used twice, which is told elsewhere
			}
			names = append(names, name)
		}
		return names
	}
	for _, l := range cycle.Find(c.PluginNames(), from) {
		p.addf("plugins."+l.From+".from["+itoa(l.Index)+"]", "the plugins read each other in a circle: %s; take one of them out", strings.Join(l.Names, " → "))
	}
}

// Warnings are what is allowed and probably not meant: what nobody reads, and variables that set nothing.
func (c *Config) Warnings() []Warning {
	read := map[string]bool{}
	for _, s := range c.subscriptions() {
		read[s.name] = true
	}
	all := slices.Clone(c.places.warnings)
	for _, n := range c.SourceNames() {
		if !read[n] {
			all = append(all, Warning{Place: c.At("sources." + n), Path: "sources." + n, Text: "nobody reads it; its messages are read and dropped"})
		}
	}
	for _, n := range c.PluginNames() {
		if !read[n] {
			all = append(all, Warning{Place: c.At("plugins." + n), Path: "plugins." + n, Text: "nobody reads it; what it emits is counted and dropped"})
		}
	}
	for _, n := range c.PluginNames() {
		if w := c.Plugins[n].Wasm; w != nil && w.Window == WindowMapped && w.Trust == TrustIsolated {
			path := "plugins." + n + ".wasm.window"
			all = append(all, Warning{Place: c.At(path), Path: path, Text: "mapped has no effect: trust: isolated has all payloads copied"})
		}
	}
	return all
}

// CheckOutputs compares the subscriptions with what the plugins declare, by plugin. The error, an [Errors], names
// subscriptions to undeclared outputs; the warnings name declared outputs that nobody reads. Plugins that are not in
// outputs are not checked.
func (c *Config) CheckOutputs(outputs map[string][]string) ([]Warning, error) {
	p := problems{config: c}
	read, anyone := map[string]bool{}, map[string]bool{}
	for _, s := range c.subscriptions() {
		anyone[s.name] = true
		declared, ok := outputs[s.name]
		if !ok {
			continue
		}
		want := s.output
		if want == "" {
			want = DefaultOutput
		}
		read[s.name+"."+want] = true
		if slices.Contains(declared, want) {
			continue
		}
		full := make([]string, len(declared))
		for i, d := range declared {
			full[i] = s.name + "." + d
		}
		p.addf(s.path, "plugin %s has no output %q; %s", s.name, want, words.Hint(s.name+"."+want, full))
	}
	var all []Warning
	for _, n := range c.PluginNames() {
		for _, o := range outputs[n] {
			if anyone[n] && !read[n+"."+o] { // Warnings tells of plugins that nobody reads at all
				all = append(all, Warning{Place: c.At("plugins." + n), Path: "plugins." + n, Text: "nobody reads its output " + strconv.Quote(o) + "; what it emits there is counted and dropped"})
			}
		}
	}
	return all, p.err()
}

func itoa(i int) string { return strconv.Itoa(i) }

func sorted[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }
