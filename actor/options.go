package actor

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/peltonhq/pelton"
)

// Options say how one plugin is run. Zero fields have the defaults named here.
type Options struct {
	Env       Env
	Instances int      // actors, each with a mailbox and an instance of its own; default 1
	Mailbox   int      // turns queued per instance; default 64
	Require   []string // outputs that somebody reads: a version that does not declare them all is refused
	Health    Health
	// SwapTimeout bounds the start of a version's instances, at Open, at a swap and at a restart, and the whole of
	// Close; default 30 s.
	SwapTimeout time.Duration
	Now         func() time.Time // for statistics and events only; default time.Now
	// OnChange is told each change of state. It is called from several goroutines and must not block.
	OnChange func(Event)
	// Log takes what a version's instances log, in the place of Env.Log; as that, it must not block.
	Log func(revision int, level, message string)
}

// Health judges a new version on its first deliveries (W2).
type Health struct {
	Window       time.Duration // how long after the switch the old version is kept; default 10 s
	MaxErrorRate float64       // errors per delivery, 0 … 1; a negative rate allows none; default 0.05
	MinSamples   int           // deliveries before the rate counts; default 10
}

// Version is one revision of a plugin.
type Version struct {
	Revision int
	Digest   string // "sha256:<hex>" of the artifact; default Module.Digest
	Module   Module
	Config   []byte  // default that of Options.Env
	Limits   *Limits // of its instances; default those of Options.Env
}

// Errors of [Plugin].
var (
	ErrClosed   = errors.New("actor: the plugin is closed")
	ErrSwapping = errors.New("actor: another swap is under way")
	ErrReducer  = errors.New("actor: the plugin is not a reducer")
)

// The defaults of Limits.
const (
	DefaultMemory = 64 << 20
	DefaultTime   = 100 * time.Millisecond
	DefaultOutput = 1 << 20
)

const maxStuck = 4 // stuck instances of one mailbox before it waits for one of them

func (o *Options) defaults() {
	set(&o.Instances, 1)
	set(&o.Mailbox, 64)
	set(&o.Health.Window, 10*time.Second)
	set(&o.Health.MaxErrorRate, 0.05)
	set(&o.Health.MinSamples, 10)
	set(&o.SwapTimeout, 30*time.Second)
	o.Env.Limits.defaults()
	if o.Env.Config == nil {
		o.Env.Config = []byte("{}")
	}
	if o.Env.Log == nil {
		o.Env.Log = func(string, string) {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.OnChange == nil {
		o.OnChange = func(Event) {}
	}
}

func (l *Limits) defaults() {
	set(&l.Memory, DefaultMemory)
	set(&l.Recycle, l.Memory/4*3)
	set(&l.Time, int64(DefaultTime))
	set(&l.Output, DefaultOutput)
}

// defaults gives a version what it is run with.
func (v *Version) defaults(o *Options) {
	if v.Digest == "" {
		v.Digest = v.Module.Digest()
	}
	if v.Config == nil {
		v.Config = o.Env.Config
	}
	limits := o.Env.Limits
	if v.Limits != nil {
		limits = *v.Limits
		limits.defaults()
	}
	v.Limits = &limits
}

// env is what an instance of a version is started with.
func (o *Options) env(v *version) Env {
	env := o.Env
	env.Config, env.Limits = v.Config, *v.Limits
	if o.Log != nil {
		env.Log = func(level, message string) { o.Log(v.Revision, level, message) }
	}
	return env
}

func set[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// declares reports whether name is one of the outputs.
func declares(outputs []pelton.Output, name string) bool {
	for i := range outputs {
		if outputs[i].Name == name {
			return true
		}
	}
	return false
}

// UndeclaredError says that a version does not declare an output that somebody reads.
type UndeclaredError struct {
	Output   string
	Declared []pelton.Output
}

// Error names the output and what there is.
func (e *UndeclaredError) Error() string {
	if len(e.Declared) == 0 {
		return fmt.Sprintf("it does not declare output %q, which is subscribed to, nor any other", e.Output)
	}
	names := make([]string, len(e.Declared))
	for i, o := range e.Declared {
		names[i] = o.Name
	}
	return fmt.Sprintf("it does not declare output %q, which is subscribed to; it declares %s", e.Output, strings.Join(names, ", "))
}
