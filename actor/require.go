package actor

import "slices"

// Require says which outputs somebody reads from now on; see [Options.Require].
func (p *Plugin) Require(outputs []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.options.Require = slices.Clone(outputs)
}

func (p *Plugin) required() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.options.Require
}
