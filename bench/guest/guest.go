package guest

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/peltonhq/pelton/bench/measure"
	"github.com/peltonhq/pelton/sdk/build"
)

// Guest is one built plugin.
type Guest struct {
	Language string
	Path     string // of the .wasm file
	Absent   string // not empty: why it is not there, and what installs it
}

//go:embed source
var sources embed.FS

// language says how a source becomes a module.
type language struct {
	name, source string
	tools        []measure.Tool
	compile      func(o *measure.Options, source, out string) []string
}

const assemblyScript = "assemblyscript@0.28.20"

func asc(o *measure.Options) string {
	return filepath.Join(o.Dir, "npm", "node_modules", ".bin", "asc")
}

func languages(o *measure.Options) []language {
	clang := []measure.Tool{{Name: "clang", Install: "apt-get install -y clang lld"}, {Name: "wasm-ld", Install: "apt-get install -y clang lld"}}
	c := func(_ *measure.Options, source, out string) []string {
		return []string{"clang", "--target=wasm32", "-O2", "-mbulk-memory", "-nostdlib", "-Wall", "-Wl,--no-entry", "-o", out, source}
	}
	return []language{
		{"C", "guest.c", clang, c},
		{
			"Rust", "guest.rs",
			[]measure.Tool{{
				Name: "rustc", Install: "rustup target add wasm32-unknown-unknown",
				There: rustTarget,
			}},
			func(_ *measure.Options, source, out string) []string {
				return []string{"rustc", "--edition", "2021", "--target", "wasm32-unknown-unknown", "-C", "opt-level=3", "-C", "panic=abort", "-C", "lto", "-C", "strip=symbols", "--crate-type", "cdylib", "-o", out, source}
			},
		},
		{
			"AssemblyScript", "guest.ts",
			[]measure.Tool{{Name: asc(o), Package: "npm install " + assemblyScript, Install: "npm install --silent --no-fund --no-audit --prefix " + filepath.Join(o.Dir, "npm") + " " + assemblyScript}},
			func(o *measure.Options, source, out string) []string {
				return []string{asc(o), source, "-O3", "--runtime", "minimal", "--use", "abort=", "-o", out}
			},
		},
		{"C for Extism", "extism.c", clang, c},
	}
}

// rustTarget reports whether rustc can make WebAssembly.
func rustTarget() bool {
	root, err := exec.Command("rustc", "--print", "sysroot").Output()
	if err != nil {
		return false
	}
	_, err = os.Stat(filepath.Join(strings.TrimSpace(string(root)), "lib", "rustlib", "wasm32-unknown-unknown"))
	return err == nil
}

// All builds the guest in every language, C first; Go is always there.
func All(ctx context.Context, o *measure.Options) ([]Guest, error) {
	var all []Guest
	for _, l := range languages(o)[:3] {
		g, err := l.build(ctx, o)
		if err != nil {
			return nil, err
		}
		all = append(all, g)
	}
	golang, err := build.Build(ctx, filepath.Join(o.Tree, "bench", "guest", "golang"), build.Options{CacheDir: o.Dir})
	if err != nil {
		return nil, err
	}
	return append(all, Guest{Language: "Go", Path: golang.Path}), nil
}

// Extism builds the guest for Extism, in C.
func Extism(ctx context.Context, o *measure.Options) (Guest, error) {
	return languages(o)[3].build(ctx, o)
}

// build compiles the source unless that was done before.
func (l language) build(ctx context.Context, o *measure.Options) (Guest, error) {
	g := Guest{Language: l.name}
	for _, t := range l.tools {
		if g.Absent = t.Need(ctx, o); g.Absent != "" {
			return g, nil
		}
	}
	text, err := sources.ReadFile("source/" + l.source)
	if err != nil {
		return g, err
	}
	dir := filepath.Join(o.Dir, "guests")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return g, err
	}
	source, made := filepath.Join(dir, l.source), filepath.Join(dir, "new-"+l.source+".wasm")
	command := l.compile(o, source, made)
	hash := sha256.Sum256(append([]byte(strings.Join(command, " ")), text...))
	g.Path = filepath.Join(dir, l.source+"-"+hex.EncodeToString(hash[:8])+".wasm")
	if _, err := os.Stat(g.Path); err == nil {
		return g, nil
	}
	if err := os.WriteFile(source, text, 0o644); err != nil {
		return g, err
	}
	if out, err := exec.CommandContext(ctx, command[0], command[1:]...).CombinedOutput(); err != nil {
		return g, fmt.Errorf("%s: %s: %w\n%s", l.name, strings.Join(command, " "), err, out)
	}
	return g, os.Rename(made, g.Path)
}
