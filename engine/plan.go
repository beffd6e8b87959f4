package engine

import (
	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/delivery"
	"github.com/peltonhq/pelton/engine/config"
)

// plan is the config's graph as the ledgers see it: one set of plugins and targets, and for each source who reads it.
type plan struct {
	graph   config.Graph
	plugins []delivery.Plugin
	index   map[string]int // of a node, "plugin/delays", among its kind's
	targets []pelton.Target
	nests   []bool // by plugin: other plugins read it
}

func newPlan(c *config.Config) *plan {
	p := &plan{graph: c.Graph(), index: map[string]int{}}
	for _, name := range c.PluginNames() {
		p.index["plugin/"+name] = len(p.plugins)
		p.plugins = append(p.plugins, pluginOf(name, c.Plugins[name]))
		p.nests = append(p.nests, false)
	}
	for _, name := range c.SessionNames() {
		p.target(pelton.TargetSession, name)
	}
	for _, name := range c.SinkNames() {
		p.target(pelton.TargetSink, name)
	}
	for i := range p.plugins {
		p.connect(&p.plugins[i], i)
	}
	return p
}

func (p *plan) target(kind pelton.TargetKind, name string) {
	t := pelton.Target{Kind: kind, Name: name}
	p.index[t.String()] = len(p.targets)
	p.targets = append(p.targets, t)
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

func (p *plan) connect(plugin *delivery.Plugin, i int) {
	for _, e := range p.graph.Edges {
		if e.From != "plugin/"+plugin.Name {
			continue
		}
		output := e.Output
		if output == "" {
			output = pelton.DefaultOutput
		}
		plugin.Outputs[output] = p.add(plugin.Outputs[output], e.To)
		if _, err := pelton.ParseTarget(e.To); err == nil && len(plugin.Outputs[output].Plugins) > 0 {
			p.nests[i] = true
		}
	}
}

func (p *plan) add(r delivery.Routes, to string) delivery.Routes {
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

// of is the graph as the lanes of one source reach it.
func (p *plan) of(source string) *delivery.Graph {
	g := &delivery.Graph{Plugins: p.plugins, Targets: p.targets}
	for _, e := range p.graph.Edges {
		if e.From == "source/"+source {
			g.Source = p.add(g.Source, e.To)
		}
	}
	return g
}

// read are the outputs of a plugin that somebody subscribes to.
func (p *plan) read(plugin string) []string {
	i, ok := p.index["plugin/"+plugin]
	if !ok {
		return nil
	}
	return sorted(p.plugins[i].Outputs)
}
