package rollout

import (
	"cmp"
	"math"
	"sync/atomic"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/peltonhq/pelton/actor/health"
	"github.com/peltonhq/pelton/actor/shadow"
)

// State is where a version of a plugin, or one of its instances, stands.
type State string

// The states of a version. A version ends as superseded or rolled back; the others pass.
const (
	StateLoading    State = "loading"     // its instances are being started; the old version does the work
	StateProbing    State = "probing"     // it does the work and is watched; the old version is paused
	StateCanary     State = "canary"      // it has a share of the keys, the old version has the others
	StateShadow     State = "shadow"      // it sees the messages and has no effect; the old version does the work
	StateLive       State = "live"        // it does the work
	StateRolledBack State = "rolled back" // it failed, the old version does the work again
	StateSuperseded State = "superseded"  // a newer version is live
	StateClosed     State = "closed"
)

// Kind is how a version comes in.
type Kind string

// The kinds of a [Strategy].
const (
	Immediate Kind = "immediate" // at once, for all messages
	Canary    Kind = "canary"    // for a share of the keys, which grows by steps
	Shadow    Kind = "shadow"    // it sees the messages and has no effect; then it is dropped, or comes in at once
)

// Strategy says how a version comes in. The zero Strategy is Immediate; other zero fields have the defaults named here.
type Strategy struct {
	Kind    Kind
	Percent []float64     // of a canary: the share of keys at each step, ascending; default 5, 25, 50
	Keys    []string      // of a canary: these keys in the place of shares, in one step
	Hold    time.Duration // of a canary: how long a step takes; default 30 s
	For     time.Duration // of a shadow: how long it is; default 1 min
	MaxDiff float64       // of a shadow: the share of compared messages that may be answered differently
	Promote bool          // a shadow comes in if MaxDiff holds; else it is dropped
	Buffer  int64         // of a shadow: bytes of messages that may wait for it, and of kv that it may write; default 4 MiB
}

// Defaults sets what is zero.
func (s *Strategy) Defaults() {
	s.Kind = cmp.Or(s.Kind, Immediate)
	s.Hold = cmp.Or(s.Hold, 30*time.Second)
	s.For = cmp.Or(s.For, time.Minute)
	s.Buffer = cmp.Or(s.Buffer, 4<<20)
	switch {
	case len(s.Keys) > 0:
		s.Percent = []float64{0}
	case len(s.Percent) == 0:
		s.Percent = []float64{5, 25, 50}
	}
}

// Route says which messages of a canary the new version has. A key that it has at one step it has at the next.
type Route struct {
	keys  map[string]bool // these; nil: a share of all
	share atomic.Uint64   // of the hashes, from 0
	all   atomic.Bool     // the canary is over: the version has every key
}

func newRoute(s *Strategy) *Route {
	r := &Route{}
	for _, key := range s.Keys {
		if r.keys == nil {
			r.keys = map[string]bool{}
		}
		r.keys[key] = true
	}
	r.widen(s.Percent[0])
	return r
}

func (r *Route) widen(percent float64) {
	r.share.Store(uint64(min(percent/100, 1) * math.Nextafter(1<<64, 0)))
}

// Takes reports whether a message is the new version's: by its key, or by its place when it has none.
func (r *Route) Takes(key []byte, position uint64) bool {
	if r.all.Load() {
		return true
	}
	if r.keys != nil {
		return r.keys[string(key)]
	}
	hash := position
	if key != nil {
		hash = xxhash.Sum64(key)
	}
	// Instances have their keys by the same hash: its bits are mixed, so that each instance has the share.
	hash = (hash ^ hash>>33) * 0xff51afd7ed558ccd
	hash = (hash ^ hash>>33) * 0xc4ceb9fe1a85ec53
	return hash^hash>>33 < r.share.Load()
}

// Figures compare the versions of a swap while the new one was watched. What an immediate swap has of the old version is
// of the last one or two health windows before.
type Figures struct {
	Old, New health.Sample
	Shadow   *shadow.Report // nil without one
}

// Progress is how far a swap under way has come.
type Progress struct {
	Strategy Kind
	State    State // StateLoading, StateProbing, StateCanary or StateShadow
	Revision int
	Step     int       // of a canary, from 1
	Percent  float64   // of the keys that the new version has at this step
	Until    time.Time // the state or step ends, if nothing happens before
	Figures  Figures
}
