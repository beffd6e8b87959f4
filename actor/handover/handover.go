// Package handover carries the state that a plugin has in its memory from one version to the next.
package handover

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"
)

// Policy says whether a new version is given the state of the old one, and what follows when it can't be.
type Policy struct {
	On      bool
	MaxSize int64         // bytes of the state; default 16 MiB
	Timeout time.Duration // of saving and loading together; default 1 s
	Abort   bool          // a failure rolls the version back; else it starts without the state
}

// Defaults sets what is zero.
func (p *Policy) Defaults() {
	p.MaxSize, p.Timeout = cmp.Or(p.MaxSize, 16<<20), cmp.Or(p.Timeout, time.Second)
}

// Keeper may be implemented by an actor.Instance whose plugin can hand its state over.
type Keeper interface {
	// Save gives the state, at most limit bytes; nil when the plugin has none to give. The instance goes on after it.
	Save(ctx context.Context, limit int64) (*State, error)
	// Load takes the state of another version, before the first message. The error is the plugin's refusal, an
	// *actor.Fault or [ErrNoLoad].
	Load(ctx context.Context, s *State) error
}

// State is a plugin's state on its way to the next version.
type State struct {
	Version uint32 // of its form, by which a plugin tells whether it can read it
	Bytes   []byte // owned
}

// ErrNoLoad says that a plugin can't take a state. ErrTooLarge says that there is more of it than allowed.
var (
	ErrNoLoad   = errors.New("the plugin has no function that loads a state")
	ErrTooLarge = errors.New("it is larger than state.max_size")
)

// Result is how a hand-over ended.
type Result struct{ Saved, Loaded error }

// Err says which half failed, and why.
func (r Result) Err() error {
	switch {
	case r.Saved != nil:
		return fmt.Errorf("saving it: %w", r.Saved)
	case r.Loaded != nil:
		return fmt.Errorf("loading it: %w", r.Loaded)
	}
	return nil
}

// Move saves the state of one instance and loads it into another. An instance without a state has nothing to hand over.
func Move(ctx context.Context, from, to any, limit int64) (r Result) {
	old, ok := from.(Keeper)
	if !ok {
		return r
	}
	var s *State
	if s, r.Saved = old.Save(ctx, limit); r.Saved != nil || s == nil {
		return r
	}
	if size := int64(len(s.Bytes)); size > limit {
		r.Saved = fmt.Errorf("%w: %d bytes of %d", ErrTooLarge, size, limit)
		return r
	}
	next, ok := to.(Keeper)
	if !ok {
		r.Loaded = ErrNoLoad
		return r
	}
	r.Loaded = next.Load(ctx, s)
	return r
}
