package config

import (
	"encoding/json"

	"github.com/goccy/go-yaml"
)

// Print is the effective config as YAML that [Load] reads again: defaults, file, environment and overrides in one.
func (c *Config) Print() ([]byte, error) {
	return yaml.MarshalWithOptions(*c, yaml.Indent(2), yaml.IndentSequence(true))
}

// PrintJSON is [Config.Print] as JSON.
func (c *Config) PrintJSON() ([]byte, error) { return json.Marshal(c) }
