package actor

import (
	"context"
	"errors"
	"time"

	"github.com/peltonhq/pelton/actor/guard"
	"github.com/peltonhq/pelton/actor/handover"
	"github.com/peltonhq/pelton/actor/health"
	"github.com/peltonhq/pelton/actor/launch"
	"github.com/peltonhq/pelton/actor/rollout"
)

// Heartbeat is a runtime's sign of life to the actor whose turn has the context ctx; see package guard. It reports whether
// ctx is an actor's; such a context ends for no other reason. It may be called from any goroutine until the turn returns.
func Heartbeat(ctx context.Context) bool { return guard.Beat(ctx) }

type (
	Strategy = rollout.Strategy //nolint:revive // documented there
	Kind     = rollout.Kind     //nolint:revive // documented there
	Figures  = rollout.Figures  //nolint:revive // documented there
	Rollout  = rollout.Progress //nolint:revive // documented there
	State    = rollout.State    //nolint:revive // documented there
	Health   = health.Policy    //nolint:revive // documented there

	UndeclaredError = launch.UndeclaredError //nolint:revive // documented there
)

// The kinds of a [Strategy].
const (
	Immediate = rollout.Immediate
	Canary    = rollout.Canary
	Shadow    = rollout.Shadow
)

// Options say how one plugin is run. Zero fields have the defaults named here.
type Options struct {
	Env       Env
	Instances int             // actors, each with a mailbox and an instance of its own; default 1
	Mailbox   int             // turns queued per instance; default 64
	Require   []string        // outputs that somebody reads: a version that does not declare them all is refused
	Health    Health          // at first; see [Plugin.Adjust]
	Handover  handover.Policy // likewise
	// SwapTimeout bounds the start of a version's instances, at Open, at a swap and at a restart, and the whole of
	// Close; default 30 s.
	SwapTimeout time.Duration
	Now         func() time.Time // for statistics and events only; default time.Now
	// OnChange is told each change of state. It is called from several goroutines and must not block.
	OnChange func(Event)
	// Log takes what a version's instances log, in the place of Env.Log; as that, it must not block.
	Log func(revision int, level, message string)
}

// terms are those of the next version.
type terms struct {
	health   Health
	handover handover.Policy
}

// Adjust changes how the next version is judged, and whether it is given the state. What runs goes on as it is, and so
// does a swap under way.
func (p *Plugin) Adjust(h Health, s handover.Policy) {
	h.Defaults()
	s.Defaults()
	p.terms.Store(&terms{h, s})
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
	ErrPaused   = errors.New("actor: the plugin is paused")
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
func (o *Options) env(v *version, of *Env) Env {
	env := *of
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
