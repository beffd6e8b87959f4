package engine

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/actor/process"
)

// openProcesses makes the runtime of process plugins, if there are any.
func (w *wheel) openProcesses() error {
	if !slices.ContainsFunc(w.boxes, func(b *box) bool { return b.process != nil }) {
		return nil
	}
	o := process.Options{}
	if w.o.CacheDir != "" {
		o.Dir = filepath.Join(w.o.CacheDir, "process")
	}
	runtime, err := process.New(o)
	if err != nil {
		return environment(err)
	}
	w.process = runtime
	return nil
}

func (w *wheel) closeProcesses(context.Context) error {
	if w.process != nil {
		w.process.Close()
	}
	return nil
}

// pack makes the artifact of a process plugin, so that its version is stored, swapped and rolled back as any other, and
// lays it out.
func (w *wheel) pack(ctx context.Context, b *box) (code, error) {
	c := process.Config{
		Command: b.process.Command, Dir: b.process.Dir, Base: w.c.Dir, Ready: b.process.Ready.Std(), Limit: int64(w.c.Limits.Artifact),
	}
	for _, name := range sorted(b.process.Env) {
		c.Env = append(c.Env, name+"="+b.process.Env[name])
	}
	bytes, module, err := w.lay(ctx, b, c)
	if err != nil {
		return code{}, usage(fmt.Errorf("plugin %s: process: %w", b.name, err))
	}
	return code{digest: module.Digest(), bytes: bytes, module: module}, nil
}

func (w *wheel) lay(ctx context.Context, b *box, c process.Config) ([]byte, actor.Module, error) {
	program, err := w.process.Program(c)
	if err != nil {
		return nil, nil, err
	}
	bytes, err := program.Pack()
	if err != nil {
		return nil, nil, err
	}
	if len(bytes) > int(c.Limit) {
		return nil, nil, errors.New("the program is larger than limits.artifact; raise it, or leave files out of the directory")
	}
	b.loader = program
	module, err := program.Load(ctx, bytes)
	return bytes, module, err
}
