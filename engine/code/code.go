package code

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"

	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/actor/native"
	"github.com/peltonhq/pelton/actor/process"
	"github.com/peltonhq/pelton/actor/wasm"
	"github.com/peltonhq/pelton/engine/config"
	"github.com/peltonhq/pelton/sdk/build"
)

// Plugin says where a plugin's code is.
type Plugin struct {
	Name    string
	Kind    string // wasm, native or process
	Path    string // for wasm
	Native  string // registered name, for native
	Process *config.Process
}

// Code is built and loaded.
type Code struct {
	Digest string
	Bytes  []byte // nil for native
	Module actor.Module
	Loader actor.Runtime // of other versions of the plugin; nil for native
}

// Options of runtimes.
type Options struct {
	CacheDir  string // of what is built and compiled
	Programs  string // of what process plugins are run from; empty means the runtime's own
	Base      string // that commands of process plugins are relative to
	Artifact  int64  // bytes of the largest artifact
	Compilers int    // processors that compile a module
	Native    native.Registry
	Building  func(plugin string) // a build begins
}

// Runtimes have the runtimes of a wheel's plugins.
type Runtimes struct {
	o       Options
	wasm    *wasm.Runtime
	process *process.Runtime // nil unless a plugin is a process
}

// Open makes the runtimes; that of processes only if there are any.
func Open(ctx context.Context, o Options, processes bool) (*Runtimes, error) {
	r := &Runtimes{o: o}
	var err error
	if r.wasm, err = wasm.New(ctx, wasm.Options{CacheDir: o.CacheDir, Compilers: o.Compilers}); err != nil {
		return nil, err
	}
	if processes {
		if err := r.Processes(); err != nil {
			return nil, errors.Join(err, r.wasm.Close(ctx))
		}
	}
	return r, nil
}

// Processes makes the runtime of processes, if there is none yet: a config that comes later may have the first.
func (r *Runtimes) Processes() (err error) {
	if r.process == nil {
		r.process, err = process.New(process.Options{Dir: r.o.Programs})
	}
	return err
}

// Close ends them, after the last module is closed.
func (r *Runtimes) Close(ctx context.Context) error {
	if r.process != nil {
		r.process.Close()
	}
	return r.wasm.Close(ctx)
}

// Make builds a plugin's code and loads it.
func (r *Runtimes) Make(ctx context.Context, p Plugin) (Code, error) {
	switch p.Kind {
	case "process":
		return r.pack(ctx, p)
	case "native":
		module, err := r.o.Native.Lookup(p.Native)
		if err != nil {
			return Code{}, fmt.Errorf("plugin %s: %w", p.Name, err)
		}
		return Code{Digest: module.Digest(), Module: module}, nil
	}
	a, err := r.build(ctx, p)
	if err != nil {
		return Code{}, err
	}
	module, err := r.wasm.Load(ctx, a.Bytes)
	if err != nil {
		return Code{}, fmt.Errorf("plugin %s: %s: %w", p.Name, p.Path, err)
	}
	return Code{Digest: a.Digest, Bytes: a.Bytes, Module: module, Loader: r.wasm}, nil
}

// Artifact builds a plugin's code without loading a module; nil for native, which is in the program.
func (r *Runtimes) Artifact(ctx context.Context, p Plugin) (artifact []byte, digest string, err error) {
	if p.Kind == "wasm" {
		a, err := r.build(ctx, p)
		return a.Bytes, a.Digest, err
	}
	c, err := r.Make(ctx, p)
	if err != nil {
		return nil, "", err
	}
	return c.Bytes, c.Digest, c.Module.Close(ctx)
}

// Load loads an artifact of the plugin.
func (r *Runtimes) Load(ctx context.Context, p Plugin, artifact []byte) (Code, error) {
	c := Code{Bytes: artifact, Loader: r.wasm}
	if p.Kind != "wasm" {
		made, err := r.Make(ctx, p)
		if err != nil {
			return Code{}, err
		}
		_ = made.Module.Close(ctx) // it was made for its loader
		c.Loader = made.Loader
	}
	var err error
	if c.Module, err = c.Loader.Load(ctx, artifact); err != nil {
		return Code{}, fmt.Errorf("plugin %s: %w", p.Name, err)
	}
	c.Digest = c.Module.Digest()
	return c, nil
}

func (r *Runtimes) build(ctx context.Context, p Plugin) (build.Artifact, error) {
	a, err := build.Build(ctx, p.Path, build.Options{CacheDir: r.o.CacheDir, Log: building{r, p.Name}})
	if err != nil {
		return a, fmt.Errorf("plugin %s: %w", p.Name, err)
	}
	return a, nil
}

// building turns the builder's lines into calls.
type building struct {
	r      *Runtimes
	plugin string
}

var _ io.Writer = building{}

// Write implements [io.Writer].
func (b building) Write(p []byte) (int, error) {
	if b.r.o.Building != nil {
		b.r.o.Building(b.plugin)
	}
	return len(p), nil
}

// pack makes the artifact of a process plugin, so that its version is stored, swapped and rolled back as any other, and
// lays it out.
func (r *Runtimes) pack(ctx context.Context, p Plugin) (Code, error) {
	c := process.Config{Command: p.Process.Command, Dir: p.Process.Dir, Base: r.o.Base, Ready: p.Process.Ready.Std(), Limit: r.o.Artifact}
	for _, name := range slices.Sorted(maps.Keys(p.Process.Env)) {
		c.Env = append(c.Env, name+"="+p.Process.Env[name])
	}
	code, err := r.lay(ctx, c)
	if err != nil {
		return Code{}, fmt.Errorf("plugin %s: process: %w", p.Name, err)
	}
	return code, nil
}

func (r *Runtimes) lay(ctx context.Context, c process.Config) (Code, error) {
	program, err := r.process.Program(c)
	if err != nil {
		return Code{}, err
	}
	bytes, err := program.Pack()
	if err != nil {
		return Code{}, err
	}
	if len(bytes) > int(c.Limit) {
		return Code{}, errors.New("the program is larger than limits.artifact; raise it, or leave files out of the directory")
	}
	module, err := program.Load(ctx, bytes)
	if err != nil {
		return Code{}, err
	}
	return Code{Digest: module.Digest(), Bytes: bytes, Module: module, Loader: program}, nil
}

// Programs is where the programs of process plugins lie below a cache directory; empty for the runtime's own place.
func Programs(cache string) string {
	if cache == "" {
		return ""
	}
	return filepath.Join(cache, "process")
}
