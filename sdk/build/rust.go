package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

const rustTarget = "wasm32-unknown-unknown"

// rustFlags are those of every build, beside what Cargo.toml says. Copying is one instruction with bulk-memory.
var rustFlags = []string{"-Ctarget-feature=+bulk-memory"}

// rust is a plugin in Rust. Cargo writes to the directory that it builds and takes paths into its result. So what it
// builds is a copy in the cache, of everything at its place below the deepest directory that has it all; it stays there
// with what cargo made, so that the next build is a small one.
type rust struct {
	dir     string // absolute
	cargo   string
	rustc   string
	root    string   // of the workspace; the package's own directory if it is in none
	sources []string // directories to copy: the workspace and local dependencies outside of it
	base    string   // the deepest directory that has all of them
	library string   // name of the .wasm file
	offline bool     // it needs nothing from a registry
	stage   string   // where the copy is
	hash    string
}

func inspectRust(ctx context.Context, dir, cache string) (project, error) {
	dir, err := filepath.EvalSymlinks(dir) // as cargo will call it
	if err != nil {
		return nil, err
	}
	p := &rust{dir: dir, offline: true}
	version, err := p.toolchain(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.gather(ctx, dir); err != nil {
		return nil, err
	}
	h := sha256.New()
	fmt.Fprintf(h, "rust\n%s\n%q\n%s\n", version, rustFlags, digest(archive("rust")))
	for _, source := range p.sources {
		name, err := filepath.Rel(p.base, source)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(h, "%q\n", name)
		if err := tree(h, source, skipRust); err != nil {
			return nil, err
		}
	}
	p.hash = hex.EncodeToString(h.Sum(nil))
	p.stage = filepath.Join(cache, "stage", "rust-"+digest([]byte(dir + "\n" + version))[:16])
	return p, nil
}

// skipRust leaves out what cargo made, which it marks.
func skipRust(path string, dir bool) bool {
	if !dir {
		return false
	}
	_, err := os.Stat(filepath.Join(path, "CACHEDIR.TAG"))
	return err == nil
}

func (p *rust) signature() string { return p.hash }

// toolchain takes the first pair of cargo and rustc in PATH that has the standard library of the target, and returns its
// version: beside rustup's there may be a distribution's.
func (p *rust) toolchain(ctx context.Context) (version string, err error) {
	found := false
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		cargo, err1 := exec.LookPath(filepath.Join(dir, "cargo"))
		rustc, err2 := exec.LookPath(filepath.Join(dir, "rustc"))
		if err1 != nil || err2 != nil {
			continue
		}
		found = true
		p.cargo, p.rustc = cargo, rustc
		run := func(args ...string) (string, error) { return tool{dir: p.dir}.run(ctx, rustc, args...) }
		libraries, err := run("--print", "target-libdir", "--target", rustTarget)
		if err != nil {
			if ctx.Err() != nil {
				return "", err
			}
			continue
		}
		if core, err := filepath.Glob(filepath.Join(escape(strings.TrimSpace(libraries)), "libcore-*.rlib")); err == nil && len(core) > 0 {
			return run("-vV")
		}
	}
	if found {
		return "", lacks("Rust source needs the target " + rustTarget + ", which this Rust has not; run rustup target add " + rustTarget + " (Debian: apt-get install cargo rustc libstd-rust-dev-wasm32)")
	}
	return "", lacks("Rust source needs cargo and rustc with the target " + rustTarget + "; install them from https://rustup.rs (Debian: apt-get install cargo rustc libstd-rust-dev-wasm32)")
}

// manifest is what cargo says of a package.
type manifest struct {
	WorkspaceRoot string `json:"workspace_root"`
	Packages      []struct {
		ManifestPath string `json:"manifest_path"`
		Dependencies []struct{ Name, Path string }
		Targets      []struct {
			Name       string
			CrateTypes []string `json:"crate_types"`
		}
	}
}

// gather asks cargo what the package is made of.
func (p *rust) gather(ctx context.Context, dir string) error {
	text, err := p.run(ctx, dir, "metadata", "--no-deps", "--offline", "--format-version=1")
	if err != nil {
		return fmt.Errorf("%w: %w", ErrModule, err)
	}
	var m manifest
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return fmt.Errorf("cargo metadata: %w", err)
	}
	if p.root == "" {
		p.root = m.WorkspaceRoot
		if err := p.choose(m); err != nil {
			return err
		}
	}
	p.add(m.WorkspaceRoot)
	for _, other := range m.Packages {
		for _, d := range other.Dependencies {
			switch {
			case d.Name == "pelton" && d.Path == "":
			case d.Path == "":
				p.offline = false
			case !p.has(d.Path):
				if err := p.gather(ctx, d.Path); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// choose finds the library of the package that is to be built.
func (p *rust) choose(m manifest) error {
	for _, own := range m.Packages {
		if filepath.Dir(own.ManifestPath) != p.dir {
			continue
		}
		for _, t := range own.Targets {
			if slices.Contains(t.CrateTypes, "cdylib") {
				p.library = strings.ReplaceAll(t.Name, "-", "_") + ".wasm"
				return nil
			}
		}
		return fmt.Errorf("%w: its Cargo.toml makes no module; put crate-type = [\"cdylib\"] into [lib]", ErrModule)
	}
	return fmt.Errorf("%w: its Cargo.toml has no [package]; give the directory of one package", ErrModule)
}

func (p *rust) has(dir string) bool {
	return slices.ContainsFunc(p.sources, func(s string) bool { return dir == s || strings.HasPrefix(dir, s+string(filepath.Separator)) })
}

func (p *rust) add(dir string) {
	if p.has(dir) {
		return
	}
	p.sources = append(p.sources, dir)
	if p.base == "" {
		p.base = dir
	}
	for !within(p.base, dir) {
		p.base = filepath.Dir(p.base)
	}
}

func within(base, dir string) bool {
	name, err := filepath.Rel(base, dir)
	return err == nil && name != ".." && !strings.HasPrefix(name, ".."+string(filepath.Separator))
}

func (p *rust) compile(ctx context.Context, target string) error {
	if err := os.MkdirAll(p.stage, 0o755); err != nil {
		return err
	}
	unlock, err := lock(ctx, p.stage+".lock")
	if err != nil {
		return err
	}
	defer unlock()
	sdk, err := p.lay()
	if err != nil {
		return err
	}
	args := []string{"build", "--release", "--lib", "--quiet", "--target", rustTarget, "--config", fmt.Sprintf("patch.crates-io.pelton.path=%q", sdk)}
	if p.offline {
		args = append(args, "--offline")
	}
	if _, err := p.run(ctx, p.staged(p.dir), args...); err != nil {
		return err
	}
	work, remove, err := scratch(target)
	if err != nil {
		return err
	}
	defer remove()
	b, err := os.ReadFile(filepath.Join(p.stage, "target", rustTarget, "release", p.library))
	if err != nil {
		return err
	}
	result := filepath.Join(work, "plugin.wasm")
	if err := os.WriteFile(result, b, 0o644); err != nil {
		return err
	}
	return os.Rename(result, target)
}

// staged is the place of a directory's copy.
func (p *rust) staged(dir string) string {
	name, err := filepath.Rel(p.base, dir)
	if err != nil {
		return p.stage // can't be: base is above
	}
	return filepath.Join(p.stage, "source", name)
}

// lay makes the copy what the sources are now, and puts the SDK into it. It has to be below the workspace's root: cargo
// takes the place of what is not into names, and the same source would give another digest on each machine.
func (p *rust) lay() (sdk string, err error) {
	keep := map[string]bool{}
	for _, source := range p.sources {
		to := p.staged(source)
		err := walk(source, skipRust, func(name, path string) error {
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			keep[filepath.Join(to, name)] = true
			return refresh(filepath.Join(to, name), b)
		})
		if err != nil {
			return "", err
		}
	}
	sdk = filepath.Join(p.staged(p.root), ".pelton")
	for _, f := range unpack("rust") {
		keep[filepath.Join(sdk, f.Name)] = true
		if err := refresh(filepath.Join(sdk, f.Name), f.Data); err != nil {
			return "", err
		}
	}
	if err := p.unlock(keep); err != nil {
		return "", err
	}
	return sdk, prune(filepath.Join(p.stage, "source"), keep)
}

// unlock forgets the lock file of a source that has none any more, which may be one that this cargo can't read. One that
// cargo made for the copy stays.
func (p *rust) unlock(keep map[string]bool) error {
	lock, copied := filepath.Join(p.staged(p.root), "Cargo.lock"), filepath.Join(p.stage, "locked")
	if keep[lock] {
		return os.WriteFile(copied, nil, 0o644)
	}
	if err := os.Remove(copied); errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	if err := os.Remove(lock); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// run runs cargo. In the plugin's own directory it only asks.
func (p *rust) run(ctx context.Context, dir string, args ...string) (string, error) {
	flags := append(append([]string(nil), rustFlags...), "--remap-path-prefix="+filepath.Join(p.stage, "source")+"=/pelton")
	env := []string{
		"RUSTC=" + p.rustc, "CARGO_TERM_COLOR=never", "CARGO_ENCODED_RUSTFLAGS=" + strings.Join(flags, "\x1f"),
		"CARGO_TARGET_DIR=" + filepath.Join(p.stage, "target"), "CARGO_BUILD_TARGET=" + rustTarget,
	}
	return tool{dir: dir, env: env, tidy: p.tidy}.run(ctx, p.cargo, args...)
}

func (p *rust) tidy(line string) string {
	if p.stage != "" {
		line = strings.ReplaceAll(line, filepath.Join(p.stage, "source"), p.base)
	}
	return line
}
