package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/arena"
	"github.com/peltonhq/pelton/decode"
	"github.com/peltonhq/pelton/engine/code"
	"github.com/peltonhq/pelton/engine/config"
	"github.com/peltonhq/pelton/engine/config/words"
	"github.com/peltonhq/pelton/engine/feed"
	"github.com/peltonhq/pelton/store/kv"
	"github.com/peltonhq/pelton/store/memory"
)

// Alone is one plugin of a config that runs by itself, as in the wheel but without sources, sessions and a store on disk.
// Package engine/trial gives it messages.
type Alone struct {
	Plugin *actor.Plugin
	State  *kv.Space     // nil when it is granted none; it is empty at first, and gone with Close
	Decode decode.Config // of the messages that it reads
	Arena  arena.Options // that such messages are lent from
	wheel  *wheel
}

// Single says which plugin runs alone.
type Single struct {
	Name     string // "session/NAME" is a reducer
	Source   string // whose messages it reads; empty: the first source among its `from`
	Artifact []byte // its code; nil: as the config says
}

// OpenAlone builds and starts a plugin. The caller closes it.
func OpenAlone(ctx context.Context, c config.Config, o Options, s Single) (*Alone, error) {
	w, all := lonely(c, o)
	b := all.box(s.Name)
	if b == nil {
		var known []string
		for _, b := range all.boxes {
			known = append(known, b.name)
		}
		return nil, usage(fmt.Errorf("no plugin is named %q; %s", s.Name, words.Hint(s.Name, known)))
	}
	a := &Alone{wheel: w}
	err := a.open(ctx, b, s)
	if err != nil {
		return nil, errors.Join(err, a.Close(ctx))
	}
	return a, nil
}

// lonely is a wheel of which nothing runs, and what its config describes.
func lonely(c config.Config, o Options) (*wheel, *world) {
	w := &wheel{c: c, o: o}
	w.furnish()
	s := newWorld(&w.c)
	s.boxes = w.describe(s)
	return w, s
}

func (a *Alone) open(ctx context.Context, b *box, s Single) error {
	if err := a.input(b, s.Source); err != nil {
		return err
	}
	if err := a.wheel.runtimes(ctx, []*box{b}); err != nil {
		return err
	}
	built, err := a.code(ctx, b, s.Artifact)
	if err != nil {
		return err
	}
	if err := a.grant(ctx, b); err != nil {
		return err
	}
	b.opts.Instances = 1
	b.opts.Log = func(_ int, level, message string) {
		a.wheel.event(Event{Event: "log", Plugin: b.name, Level: level, Reason: message})
	}
	if err := a.wheel.start(ctx, b, actor.Version{Revision: 1, Digest: built.Digest, Module: built.Module}); err != nil {
		return err
	}
	a.Plugin = b.plugin
	a.wheel.later(b.plugin.Close)
	return nil
}

// code is the artifact's, or what the config says.
func (a *Alone) code(ctx context.Context, b *box, artifact []byte) (code.Code, error) {
	if artifact == nil {
		return a.wheel.build(ctx, b)
	}
	return a.wheel.code.Load(ctx, b.source(), artifact)
}

// input says how messages come to the plugin.
func (a *Alone) input(b *box, source string) error {
	size, largest := a.wheel.feeds.ArenaSize()
	a.Arena = arena.Options{Name: b.name, Size: size, MaxMessage: largest}
	c, from := &a.wheel.c, newWorld(&a.wheel.c).from(b.name)
	if source == "" {
		i := slices.IndexFunc(from, func(from string) bool { _, ok := c.Sources[from]; return ok })
		if i < 0 || strings.HasPrefix(b.name, "session/") {
			a.Decode = decode.Config{Format: decode.Raw, MaxMessage: int64(c.Arena.MaxMessage)}
			return nil
		}
		source = from[i]
	}
	s, ok := c.Sources[source]
	if !ok {
		return usage(fmt.Errorf("plugin %s: no source is named %q; %s", b.name, source, words.Hint(source, c.SourceNames())))
	}
	a.Decode = feed.DecodeOf(s.Decode, c.Arena.MaxMessage)
	return nil
}

// grant gives what the config grants: state that is kept in memory. Requests are taken, and nobody makes them.
func (a *Alone) grant(ctx context.Context, b *box) error {
	c := a.wheel.c.Plugins[b.name].Capabilities
	b.opts.Env.HTTP = c.HTTP != nil
	if c.KV == nil {
		return nil
	}
	s := memory.New()
	a.wheel.later(func(context.Context) error { return s.Close() })
	space, err := kv.Open(ctx, kv.Options{Store: s, Plugin: b.name, MaxBytes: int64(c.KV.MaxBytes), MaxKey: int(c.KV.MaxKey)})
	if err != nil {
		return fmt.Errorf("plugin %s: kv: %w", b.name, err)
	}
	a.wheel.later(space.Close)
	a.State, b.opts.Env.KV = space, space
	return nil
}

// Close ends it.
func (a *Alone) Close(ctx context.Context) error {
	var errs []error
	for _, closer := range slices.Backward(a.wheel.closers) {
		errs = append(errs, closer(ctx))
	}
	a.wheel.closers = nil
	return errors.Join(errs...)
}

// Artifact builds a plugin's code as the config says, without running it; nil for native Go, which is in the program.
func Artifact(ctx context.Context, c config.Config, o Options, name string) (bytes []byte, digest string, err error) {
	w, all := lonely(c, o)
	b := all.box(name)
	if b == nil {
		return nil, "", usage(fmt.Errorf("no plugin is named %q", name))
	}
	if err := w.runtimes(ctx, []*box{b}); err != nil {
		return nil, "", err
	}
	defer func() { err = errors.Join(err, w.code.Close(ctx)) }()
	bytes, digest, err = w.code.Artifact(ctx, b.source())
	return bytes, digest, unbuilt(err)
}
