package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/mod/modfile"
)

// plugin is one directory's source and how it is going to be built.
type plugin struct {
	dir     string // absolute
	command string // the go command
	mod     []byte // the go.mod to build with
	sum     []byte // its go.sum; nil when there is none
	offline bool   // it needs nothing but the SDK and its own directories
	hash    string // of all that the result depends on
	sdk     string // where the SDK's source lies
}

// inspect reads the plugin's go.mod, points it at the SDK and hashes the source.
func inspect(ctx context.Context, dir, cache string) (*plugin, error) {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	p := &plugin{dir: absolute}
	if p.command, err = exec.LookPath("go"); err != nil {
		return nil, fmt.Errorf("%w: building Go source needs the command go in PATH; install it from https://go.dev/dl, or give a .wasm file", ErrNoToolchain)
	}
	text, err := os.ReadFile(filepath.Join(absolute, "go.mod"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: it has no go.mod; `pelton plugin new NAME` makes a plugin to start from", ErrModule)
	} else if err != nil {
		return nil, err
	}
	if p.sdk, err = Install(cache); err != nil {
		return nil, err
	}
	local, err := p.redirect(text)
	if err != nil {
		return nil, err
	}
	if p.sum, err = os.ReadFile(filepath.Join(absolute, "go.sum")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	version, err := p.run(ctx, "env", "GOVERSION")
	if err != nil {
		return nil, err
	}
	err = p.sign(version, local)
	return p, err
}

// redirect makes the go.mod of the build: the plugin's own, with the SDK replaced by its source. It returns the directories of the plugin's other local replacements.
func (p *plugin) redirect(text []byte) (local []string, err error) {
	f, err := modfile.Parse("go.mod", text, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrModule, err)
	}
	p.offline = true
	for _, r := range append([]*modfile.Replace(nil), f.Replace...) {
		if r.Old.Path == SDK {
			if err = f.DropReplace(r.Old.Path, r.Old.Version); err != nil {
				return nil, fmt.Errorf("%w: %w", ErrModule, err)
			}
		} else if r.New.Version == "" {
			local = append(local, filepath.Join(p.dir, r.New.Path))
			if filepath.IsAbs(r.New.Path) {
				local[len(local)-1] = r.New.Path
			}
		}
	}
	for _, r := range f.Require {
		if r.Mod.Path != SDK {
			p.offline = false
		}
	}
	if err = f.AddReplace(SDK, "", sdkPlace, ""); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrModule, err)
	}
	f.Cleanup()
	p.mod, err = f.Format()
	return local, err
}

// sign hashes what the result depends on.
func (p *plugin) sign(version string, local []string) error {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%q\n%s\n%s\n%d\n", strings.TrimSpace(version), flags, digest(archive), p.mod, len(p.sum))
	h.Write(p.sum)
	for _, dir := range append([]string{p.dir}, local...) {
		if err := tree(h, dir); err != nil {
			return err
		}
	}
	p.hash = hex.EncodeToString(h.Sum(nil))
	return nil
}

// tree hashes the files that a build of dir may read: not tests, and nothing whose name begins with a dot.
func tree(h hash.Hash, dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if path != dir && strings.HasPrefix(d.Name(), ".") {
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		if d.IsDir() || strings.HasSuffix(d.Name(), "_test.go") {
			return nil
		}
		if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
			return nil //nolint:nilerr // a dangling link, a socket: the compiler does not read it either
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		fmt.Fprintf(h, "%q %d\n", name, len(b))
		h.Write(b)
		return nil
	})
}
