package doctor

import (
	"context"
	"fmt"
	"os/exec"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/engine/config"
)

// State is how bad a finding is.
type State string

// The states.
const (
	OK   State = "ok"
	Warn State = "warning" // it works, and somebody should know
	Bad  State = "bad"     // it does not work, or loses what it should not
)

// Finding is one thing that was looked at.
type Finding struct {
	State State  `json:"state"`
	What  string `json:"what"` // config, memory, tools, store, address, wheel, plugin, sink, dead or parked
	Text  string `json:"text"` // what is so, and what to do
}

// Wheel is a running wheel, as its client sees it.
type Wheel interface {
	Stats(ctx context.Context) (api.Stats, error)
	Plugins(ctx context.Context) ([]api.Plugin, error)
	Dead(ctx context.Context, q api.DeadQuery) (page []api.DeadLetter, next string, err error)
	Parked(ctx context.Context, q api.ParkedQuery) (page []api.Parked, next string, err error)
}

// Options say what else there is to look at.
type Options struct {
	Wheel Wheel                                   // that may run; nil: none is looked for
	Fsync func(dir string) (time.Duration, error) // measures one; nil: [Fsync]
	Tool  func(name string) error                 // reports a program that is missing; nil: exec.LookPath
}

// examination is one look.
type examination struct {
	c   *config.Config
	o   Options
	all []Finding
}

func (e *examination) addf(s State, what, format string, args ...any) {
	e.all = append(e.all, Finding{s, what, fmt.Sprintf(format, args...)})
}

// Look looks at everything. The config is a valid one.
func Look(ctx context.Context, c *config.Config, o Options) []Finding {
	e := &examination{c: c, o: o}
	if o.Fsync == nil {
		e.o.Fsync = Fsync
	}
	if o.Tool == nil {
		e.o.Tool = func(name string) error { _, err := exec.LookPath(name); return err }
	}
	e.warnings()
	e.memory()
	e.tools()
	e.disk()
	runs := e.wheel(ctx)
	e.addresses(ctx, runs)
	return e.all
}

func (e *examination) warnings() {
	for _, w := range e.c.Warnings() {
		e.addf(Warn, "config", "%v", w)
	}
	if e.c.Store.Sync == config.SyncOff {
		e.addf(Warn, "store", "store.sync is off: a power cut may lose what was acknowledged last")
	}
}
