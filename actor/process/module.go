package process

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/internal/bundle"
)

// Module is a version of a program whose files are laid out.
type Module struct {
	program *Program
	layout  *layout
	command []string // the program as an absolute path, if it is one of the files
	digest  string
}

// Load lays out the files of an artifact and looks whether it can be started. Nothing of it runs yet.
func (p *Program) Load(_ context.Context, artifact []byte) (actor.Module, error) {
	b, err := bundle.Decode(artifact)
	if err != nil {
		return nil, fmt.Errorf("%w; make it with `pelton plugin swap`", err)
	}
	command := b.Manifest.Command
	if command == nil {
		if err := p.place(b); err != nil {
			return nil, err
		}
		command, b.Manifest.Machine = p.plan.command, p.plan.machine
	}
	if len(command) == 0 {
		return nil, fmt.Errorf("%w: its command is empty", bundle.ErrFormat)
	}
	if err := unchanged(b.Manifest.Machine); err != nil {
		return nil, err
	}
	l, err := lay(p.runtime.dir, b.Files)
	if err != nil {
		return nil, err
	}
	m := &Module{program: p, layout: l, command: slices.Clone(command)}
	if name, ok := strings.CutPrefix(command[0], "./"); ok {
		i := slices.IndexFunc(b.Files, func(f bundle.File) bool { return f.Name == name })
		if i < 0 || !b.Files[i].Executable {
			l.remove()
			return nil, fmt.Errorf("the new version has no executable file %s, which is the command", name)
		}
		m.command[0] = filepath.Join(l.dir, filepath.FromSlash(name))
	}
	sum := sha256.Sum256(artifact)
	m.digest = "sha256:" + hex.EncodeToString(sum[:])
	return m, nil
}

// place puts the files of an artifact without a command where the configured command looks for them.
func (p *Program) place(b *bundle.Bundle) error {
	switch {
	case b.Manifest.File == "" && p.config.Dir == "":
		return errors.New("the plugin is one file (no process.dir in the config); give a file, or configure its directory as dir")
	case b.Manifest.File == "":
		return nil
	case p.config.Dir != "":
		return fmt.Errorf("the plugin is a directory (process.dir is %s); give a directory", p.config.Dir)
	case len(p.plan.files) != 1:
		return fmt.Errorf("the command names %d files of the plugin, so one file can't take their place; configure their directory as dir", len(p.plan.files))
	}
	b.Files[0].Name = p.plan.files[0]
	return nil
}

// unchanged compares the files of the machine that the command names with what they were when the version was made.
func unchanged(machine map[string]string) error {
	for _, path := range slices.Sorted(maps.Keys(machine)) {
		digest, err := fileDigest(path)
		if err != nil {
			return fmt.Errorf("the version needs %s: %w", path, err)
		}
		if digest != machine[path] {
			return fmt.Errorf("%s is not the file any more that this version was made with, and is no part of its artifact", path)
		}
	}
	return nil
}

// Digest is "sha256:<hex>" of the artifact: of the command and the files that it names.
func (m *Module) Digest() string { return m.digest }

// Close removes the files. Instances must be closed before.
func (m *Module) Close(context.Context) error {
	m.layout.remove()
	return nil
}

// Start starts a process and waits until it has attached and started.
func (m *Module) Start(ctx context.Context, env actor.Env) (actor.Instance, error) {
	i := newInstance(m, env)
	if err := i.start(ctx); err != nil {
		return nil, err
	}
	return i, nil
}
