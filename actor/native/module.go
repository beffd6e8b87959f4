package native

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
)

// Module makes a module of a plugin linked into this binary; fresh gives a new value for each instance. Its digest is of
// its name and of the build that the binary tells of itself, since its code has no artifact.
func Module(name string, fresh func() Plugin) actor.Module {
	return &module{digest: digest(name), plugin: fresh}
}

// ReducerModule is Module for a reducer.
func ReducerModule(name string, fresh func() Reducer) actor.Module {
	return &module{digest: digest(name), reducer: fresh}
}

func digest(name string) string {
	h := sha256.New()
	fmt.Fprintf(h, "native %s\n", name)
	if info, ok := debug.ReadBuildInfo(); ok {
		fmt.Fprintln(h, info)
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

type module struct {
	digest  string
	plugin  func() Plugin // one of plugin and reducer is set
	reducer func() Reducer
}

// Digest implements actor.Module.
func (m *module) Digest() string { return m.digest }

// Close does nothing: the code stays in the binary, and a module of a registry may be started again.
func (m *module) Close(context.Context) error { return nil }

// Start implements actor.Module.
func (m *module) Start(ctx context.Context, env actor.Env) (_ actor.Instance, err error) {
	defer recovered(func(f *actor.Fault) { err = fmt.Errorf("init: %w", f) })
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if m.reducer != nil {
		r := &reducer{value: m.reducer()}
		if err := r.value.Init(slices.Clone(env.Config)); err != nil {
			return nil, fmt.Errorf("init: %w", words(err))
		}
		if t, ok := r.value.(Typed); ok {
			r.ctype = t.ContentType()
		}
		return r, nil
	}
	i := &instance{value: m.plugin(), kv: env.KV, http: env.HTTP}
	i.message.plugin, i.message.log = env.Plugin, env.Log
	if i.outputs, err = i.value.Init(slices.Clone(env.Config)); err != nil {
		return nil, fmt.Errorf("init: %w", words(err))
	}
	i.outputs = slices.Clone(i.outputs)
	return i, nil
}

// recovered turns a panic into a fault; the value it happened in is not to be trusted again.
func recovered(fail func(*actor.Fault)) {
	if r := recover(); r != nil {
		fail(panicked(r))
	}
}

func panicked(value any) *actor.Fault {
	return &actor.Fault{Kind: actor.FaultTrap, Broken: true, Err: fmt.Errorf("panic: %v", value)}
}

// instance is one running plugin. Message and Out are its own and reused, so that a delivery costs no allocation.
type instance struct {
	value   Plugin
	kv      actor.KV
	http    bool
	outputs []pelton.Output
	message Message //pelton:lends Handle clears it before it returns
	out     Out
}

// Outputs implements actor.Instance.
func (i *instance) Outputs() []pelton.Output { return i.outputs }

// Reducer implements actor.Instance.
func (i *instance) Reducer() bool { return false }

// Memory implements actor.Instance.
func (i *instance) Memory() int64 { return 0 }

// Close implements actor.Instance.
func (i *instance) Close(context.Context) (err error) { return closed(i.value) }

// Handle stops after a delivery that took too long; it can't stop the plugin inside one.
func (i *instance) Handle(ctx context.Context, t *actor.Turn) (err error) {
	defer func() {
		i.message.View, i.message.response, i.out = nil, nil, Out{} // nothing of the turn is kept
		if r := recover(); r != nil {
			err = panicked(r)
		}
	}()
	i.out = Out{turn: t, kv: i.kv, http: i.http}
	acked := true // all so far
	for k := range t.Deliveries {
		d := &t.Deliveries[k]
		if d.After >= 0 && !acked && !t.Ready(k) {
			continue
		}
		i.message.View, i.message.response, i.out.delivery = &d.View, t.Response(k), k
		verdict := i.value.Handle(&i.message, &i.out)
		if i.out.err != nil {
			return i.out.err
		}
		if acked && verdict.Decision != pelton.DecisionAck {
			t.Acked(k)
			acked = false
		}
		if !acked || len(t.Changes) > 0 { // the next delivery sees the changes of those that were acked
			t.Outcomes[k].Verdict = verdict
		}
		if ctx.Err() != nil {
			return errTimeout
		}
		actor.Heartbeat(ctx)
	}
	if acked {
		t.Acked(len(t.Deliveries))
	}
	return nil
}

// Reduce implements actor.Instance.
func (i *instance) Reduce(context.Context, []actor.Call) error {
	return &actor.Fault{Kind: actor.FaultMalformed, Err: errors.New("the plugin handles messages and is no reducer")}
}

var errTimeout = &actor.Fault{Kind: actor.FaultTimeout, Err: errors.New("the turn went far over limits.time")}

type reducer struct {
	value Reducer
	ctype string
}

// Outputs implements actor.Instance.
func (r *reducer) Outputs() []pelton.Output { return nil }

// Reducer implements actor.Instance.
func (r *reducer) Reducer() bool { return true }

// Memory implements actor.Instance.
func (r *reducer) Memory() int64 { return 0 }

// Close implements actor.Instance.
func (r *reducer) Close(context.Context) (err error) { return closed(r.value) }

// Handle implements actor.Instance.
func (r *reducer) Handle(context.Context, *actor.Turn) error {
	return &actor.Fault{Kind: actor.FaultMalformed, Err: errors.New("the plugin is a reducer and handles no messages")}
}

// Reduce implements actor.Instance.
func (r *reducer) Reduce(ctx context.Context, calls []actor.Call) (err error) {
	defer recovered(func(f *actor.Fault) { err = f })
	for i := range calls {
		c := &calls[i]
		next, err := r.value.Reduce(c.Key, c.State, c.Emit)
		if ctx.Err() != nil {
			return errTimeout
		}
		actor.Heartbeat(ctx)
		if err != nil {
			c.Next, c.Err = nil, words(err)
			continue
		}
		c.Next, c.Err, c.ContentType = append([]byte{}, next...), nil, r.ctype
	}
	return nil
}

func closed(value any) (err error) {
	defer recovered(func(f *actor.Fault) { err = f })
	if c, ok := value.(interface{ Close() error }); ok {
		return c.Close()
	}
	return nil
}
