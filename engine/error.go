package engine

import (
	"github.com/peltonhq/pelton/engine/change"
	"github.com/peltonhq/pelton/engine/class"
	"github.com/peltonhq/pelton/engine/event"
)

// Event is something that happened to the wheel.
type Event = event.Event

// Figures are what came out, when the wheel has settled.
type Figures = event.Figures

// ErrUsage and ErrEnvironment are classes of errors: the config is wrong, or the machine does not give what it needs.
var (
	ErrUsage       = class.ErrUsage
	ErrEnvironment = class.ErrEnvironment
)

func usage(err error) error       { return class.Usage(err) }
func environment(err error) error { return class.Environment(err) }

// short is a digest for people.
func short(digest string) string { return change.Short(digest) }
