package plan

import (
	"maps"
	"slices"
	"strings"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/delivery"
	"github.com/peltonhq/pelton/engine/config"
)

// Plan is the config's graph as the ledgers see it: one set of plugins and targets, and for each source who reads it.
type Plan struct {
	Graph   config.Graph
	Plugins []delivery.Plugin
	Targets []pelton.Target
	Nests   []bool         // by plugin: other plugins read it
	index   map[string]int // of a node, "plugin/delays", among its kind's
}

// New makes the plan of a config.
func New(c *config.Config) *Plan {
	p := &Plan{Graph: c.Graph(), index: map[string]int{}}
	for _, name := range c.PluginNames() {
		p.index["plugin/"+name] = len(p.Plugins)
		p.Plugins = append(p.Plugins, pluginOf(name, c.Plugins[name]))
		p.Nests = append(p.Nests, false)
	}
	for _, name := range c.SessionNames() {
		p.target(pelton.TargetSession, name)
	}
	for _, name := range c.SinkNames() {
		p.target(pelton.TargetSink, name)
	}
	for i := range p.Plugins {
		p.connect(&p.Plugins[i], i)
	}
	return p
}

func (p *Plan) target(kind pelton.TargetKind, name string) {
	t := pelton.Target{Kind: kind, Name: name}
	p.index[t.String()] = len(p.Targets)
	p.Targets = append(p.Targets, t)
}

func pluginOf(name string, c config.Plugin) delivery.Plugin {
	then := map[config.Then]delivery.Exhausted{
		config.ThenDead: delivery.ExhaustedDead, config.ThenDrop: delivery.ExhaustedDrop, config.ThenStop: delivery.ExhaustedStop,
	}
	requests := config.Requests{}
	if c.Capabilities.HTTP != nil {
		requests = *c.Capabilities.HTTP
	}
	return delivery.Plugin{
		Name: name, Instances: c.Instances, Output: int64(c.Limits.Output), Outputs: map[string]delivery.Routes{},
		Policy: delivery.Policy{
			Attempts: c.Retry.Attempts, Initial: c.Retry.Initial.Std(), Max: c.Retry.Max.Std(), Exhausted: then[c.Retry.Then],
			Requests: requests.Queue, MaxRequests: requests.MaxRequests,
			MaxDefers: c.MaxDefers, ByKey: c.Order.By == config.OrderKey, Behind: c.Order.Behind,
		},
	}
}

func (p *Plan) connect(plugin *delivery.Plugin, i int) {
	for _, e := range p.Graph.Edges {
		if e.From != "plugin/"+plugin.Name {
			continue
		}
		output := e.Output
		if output == "" {
			output = pelton.DefaultOutput
		}
		plugin.Outputs[output] = p.add(plugin.Outputs[output], e.To)
		if _, err := pelton.ParseTarget(e.To); err == nil && len(plugin.Outputs[output].Plugins) > 0 {
			p.Nests[i] = true
		}
	}
}

func (p *Plan) add(r delivery.Routes, to string) delivery.Routes {
	target, err := pelton.ParseTarget(to)
	if err != nil {
		return r
	}
	if target.Kind == pelton.TargetPlugin {
		r.Plugins = append(r.Plugins, p.index[to])
	} else {
		r.Targets = append(r.Targets, p.index[to])
	}
	return r
}

// Of is the graph as the lanes of one source reach it.
func (p *Plan) Of(source string) *delivery.Graph {
	g := &delivery.Graph{Plugins: p.Plugins, Targets: p.Targets}
	for _, e := range p.Graph.Edges {
		if e.From == "source/"+source {
			g.Source = p.add(g.Source, e.To)
		}
	}
	return g
}

// Read are the outputs of a plugin that somebody subscribes to.
func (p *Plan) Read(plugin string) []string {
	i, ok := p.index["plugin/"+plugin]
	if !ok {
		return nil
	}
	return slices.Sorted(maps.Keys(p.Plugins[i].Outputs))
}

// Nested reports whether other plugins read a plugin.
func (p *Plan) Nested(plugin string) bool {
	i, ok := p.index["plugin/"+plugin]
	return ok && p.Nests[i]
}

// policy is how the lanes treat a node, "plugin/delays"; nil if it is no plugin. Who reads it is not part of it.
func (p *Plan) policy(node string) any {
	if i, ok := p.index[node]; ok && strings.HasPrefix(node, "plugin/") {
		policy := p.Plugins[i]
		policy.Outputs = nil
		return policy
	}
	return nil
}

// Reach is everything that the messages of a source come to, with how it is treated there: boxes by "kind/name", and what
// leads to them by a name that is no box's. Two that are equal are the same to a lane, whatever else there is.
func (p *Plan) Reach(source string) map[string]any {
	reached := map[string]any{}
	var follow func(from string)
	follow = func(from string) {
		for _, e := range p.Graph.Edges {
			if e.From != from {
				continue
			}
			reached["edge "+e.From+"."+e.Output+" "+e.To] = true
			if _, known := reached[e.To]; !known {
				reached[e.To] = p.policy(e.To)
				follow(e.To)
			}
		}
	}
	follow("source/" + source)
	return reached
}
