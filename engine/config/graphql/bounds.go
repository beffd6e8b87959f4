package graphql

import (
	"time"

	"github.com/peltonhq/pelton/engine/config/unit"
)

// Bounds limit what one request, connection or answer of the GraphQL endpoint may cost.
type Bounds struct {
	Body          unit.Size     `yaml:"body" json:"body" jsonschema_description:"Bytes of a request, and of a WebSocket's message. Default 1MiB."`
	Tokens        int           `yaml:"tokens" json:"tokens" jsonschema_description:"Words and signs of an operation's text. Default 4000."`
	Depth         int           `yaml:"depth" json:"depth" jsonschema_description:"Fields within fields. Default 16."`
	Aliases       int           `yaml:"aliases" json:"aliases" jsonschema_description:"Fields under another name, and fields that are asked for again. Default 50."`
	Complexity    int           `yaml:"complexity" json:"complexity" jsonschema_description:"Fields that an answer may have; a list counts as many times as it has items at most. Default 20000."`
	Items         int           `yaml:"items" json:"items" jsonschema_description:"Items of one page, and of a list in an argument. Default 1000."`
	Operations    int           `yaml:"operations" json:"operations" jsonschema_description:"Operations under way on one WebSocket. Default 100."`
	Init          unit.Duration `yaml:"init" json:"init" jsonschema_description:"How long a WebSocket may take to say connection_init. Default 10s."`
	Stall         unit.Duration `yaml:"stall" json:"stall" jsonschema_description:"How long a client may take nothing of an answer before it is cut off. Default 30s."`
	Introspection bool          `yaml:"introspection" json:"introspection" jsonschema_description:"Whether clients may read the schema; the page at /graphql/ide needs it for its documentation. Default true."`
}

// Default is what holds where the config says nothing.
func Default() Bounds {
	return Bounds{
		Body: unit.MiB, Tokens: 4000, Depth: 16, Aliases: 50, Complexity: 20_000, Items: 1000, Operations: 100,
		Init: unit.Duration(10 * time.Second), Stall: unit.Duration(30 * time.Second), Introspection: true,
	}
}

// Report takes what is wrong.
type Report interface {
	// Addf notes a problem of the key at path.
	Addf(path, format string, args ...any)
	// Failed reports whether the key at path, or one below it, has a problem already.
	Failed(path string) bool
}

// Validate notes what is wrong.
func (b *Bounds) Validate(r Report, path string) {
	for _, c := range []struct {
		key                string
		value, least, most int
	}{
		{"tokens", b.Tokens, 100, 100_000},
		{"depth", b.Depth, 2, 100},
		{"aliases", b.Aliases, 1, 10_000},
		{"complexity", b.Complexity, 100, 100_000_000},
		{"items", b.Items, 1, 1000},
		{"operations", b.Operations, 1, 100_000},
	} {
		if at := path + "." + c.key; !r.Failed(at) && (c.value < c.least || c.value > c.most) {
			r.Addf(at, "%d is out of range; want %d to %d", c.value, c.least, c.most)
		}
	}
	if at := path + ".body"; !r.Failed(at) && (b.Body < unit.KiB || b.Body > 64*unit.MiB) {
		r.Addf(at, "%s is out of range; want 1KiB to 64MiB", b.Body)
	}
	for key, value := range map[string]unit.Duration{"init": b.Init, "stall": b.Stall} {
		if at := path + "." + key; !r.Failed(at) && value < unit.Duration(10*time.Millisecond) {
			r.Addf(at, "%s is too short; want at least 10ms", value)
		}
	}
}
