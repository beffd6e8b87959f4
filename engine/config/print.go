package config

import (
	"encoding/json"

	"github.com/goccy/go-yaml"

	"github.com/peltonhq/pelton/engine/config/secret"
)

// Print is the effective config as YAML that [Load] reads again: defaults, file, environment and overrides in one. Secrets
// are not in it, see [Config.Shown].
func (c *Config) Print() ([]byte, error) {
	return yaml.MarshalWithOptions(c.Shown(), yaml.Indent(2), yaml.IndentSequence(true))
}

// PrintJSON is [Config.Print] as JSON.
func (c *Config) PrintJSON() ([]byte, error) { return json.Marshal(c.Shown()) }

// Shown is the config as others may see it: without secrets, and with the file's variables where users put texts of their own.
func (c *Config) Shown() Config { return secret.Shown(*c, c.places.raw) }
