package config

import "github.com/peltonhq/pelton/engine/config/words"

// places remembers where each key stood, by its path ("plugins.delays.from[0]"), and the order of names.
type places struct {
	at    map[string]Place
	names map[string][]string // by section
	raw   map[string]string   // what stands in the file where a variable was replaced, and for each object

	given // what the file was read with

	warnings []Warning // about variables of the environment
}

// given is what a file is read with beside its bytes.
type given struct {
	env       []string
	overrides []Override
}

// At is the place of a key by its path, for example "plugins.delays.from[0]", or of the nearest key above it.
func (c *Config) At(path string) Place {
	for {
		if p, ok := c.places.at[path]; ok {
			return p
		}
		i := len(path) - 1
		for i >= 0 && path[i] != '.' && path[i] != '[' {
			i--
		}
		if i < 0 {
			return Place{File: c.File}
		}
		path = path[:i]
	}
}

// SourceNames are the sources in the order of the file.
func (c *Config) SourceNames() []string { return words.InOrder(c.Sources, c.places.names["sources"]) }

// PluginNames are the plugins in the order of the file.
func (c *Config) PluginNames() []string { return words.InOrder(c.Plugins, c.places.names["plugins"]) }

// SessionNames are the sessions in the order of the file.
func (c *Config) SessionNames() []string {
	return words.InOrder(c.Sessions, c.places.names["sessions"])
}

// SinkNames are the sinks in the order of the file.
func (c *Config) SinkNames() []string { return words.InOrder(c.Sinks, c.places.names["sinks"]) }
