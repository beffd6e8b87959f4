package durable

import (
	"fmt"
	"strings"

	"github.com/peltonhq/pelton/engine/config"
)

// Row is what one box of a wheel survives.
type Row struct {
	Box  string `json:"box"`  // source, sessions or sink
	Name string `json:"name"` // empty for sessions
	Type string `json:"type,omitempty"`
	Kill string `json:"kill"`  // -9, and any other end of the process
	Cut  string `json:"power"` // of power, or a crash of the system
	Full string `json:"full"`  // disk
	Away string `json:"away"`  // who is at the other end
}

// The words of a row. Lines looks for them.
const (
	Kept   = "kept"                   // nothing is lost, nothing repeats
	Again  = "may come again"         // nothing is lost
	Newest = "the newest may be lost" // as if it had not been
	Paused = "sources pause"
	Waits  = "waits"
	None   = "-"
)

// again is the class of a source that can be read again from a place that the store has, or that repeats by itself what was
// not acknowledged.
var again = map[string]bool{"file": true, "demo": true}

// once is the class of a source that gives what it has a single time: what was read of it and is not in the store is lost.
var once = map[string]bool{"stdin": true}

// Of tells it of every box of a config, in its order.
func Of(c *config.Config) []Row {
	off := c.Store.Sync == config.SyncOff
	var rows []Row
	for _, name := range c.SourceNames() {
		s := c.Sources[name]
		r := Row{Box: "source", Name: name, Type: s.Type(), Kill: Kept, Cut: Kept, Full: Paused, Away: Waits}
		if again[r.Type] {
			r.Away = None
		} else if off { // what it acknowledged was in the part of the store that is gone
			r.Cut = Newest
		}
		if once[r.Type] {
			r.Kill, r.Cut = Newest, Newest
		}
		rows = append(rows, r)
	}
	if len(c.Sessions)+len(c.Plugins) > 0 {
		r := Row{Box: "sessions", Kill: Kept, Cut: Kept, Full: Paused, Away: None}
		if off {
			r.Cut = Newest
		}
		rows = append(rows, r)
	}
	for _, name := range c.SinkNames() {
		s := c.Sinks[name]
		r := Row{Box: "sink", Name: name, Type: s.Type(), Kill: Again, Cut: Again, Full: Waits, Away: Waits}
		if r.Type == "file" {
			r.Kill, r.Cut, r.Away = Kept, Kept, None
		}
		rows = append(rows, r)
	}
	return rows
}

// Lines is the same in one or two lines for people: what is not kept.
func Lines(rows []Row) []string {
	kill := "a kill loses no message"
	if of := named(rows, func(r *Row) bool { return r.Kill == Newest }); of != "" {
		kill += " but the newest of " + of
	}
	if of := named(rows, func(r *Row) bool { return r.Kill == Again }); of != "" {
		kill += "; of " + of + " the last may come again"
	}
	lines := []string{kill + "; a full disk pauses the sources"}
	if of := named(rows, func(r *Row) bool { return r.Cut == Newest }); of != "" {
		lines = append(lines, "a power cut may lose the newest of "+of)
	}
	return lines
}

func named(rows []Row, is func(*Row) bool) string {
	var names []string
	for i := range rows {
		r := &rows[i]
		switch {
		case !is(r):
		case r.Name == "":
			names = append(names, "sessions, parked messages, dead letters and plugins")
		default:
			names = append(names, fmt.Sprintf("%s %s (%s)", r.Box, r.Name, r.Type))
		}
	}
	return strings.Join(names, ", ")
}
