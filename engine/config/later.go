package config

// later are the keys that the design knows and this version does not have: they are refused by that name, never
// accepted and ignored. A * is any name. A key that is built leaves this table.
var later = map[string]string{
	"arena.pin":                      "slots are moved after 1s",
	"console":                        "",
	"plugins.*.capabilities.fs":      "a plugin has no files",
	"sessions.*.reduce.capabilities": "a reducer's state is its session",
	"sessions.*.reduce.shadow":       "use canary",
	"sessions.*.reduce.state":        "a reducer's state is its session",
	"sessions.*.retain.idle":         "use snapshots or age",
	"sinks.*.mqtt":                   "use file, stdout, http, kafka or nats",
}

// NotAvailable is the text of everything that the design knows and this version does not have.
const NotAvailable = "not available in this version"

// unavailable is the message about a key of the table.
func unavailable(pattern string) (string, bool) {
	instead, ok := later[pattern]
	if instead == "" {
		return NotAvailable, ok
	}
	return NotAvailable + "; " + instead, ok
}
