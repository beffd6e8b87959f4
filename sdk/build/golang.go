package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/mod/modfile"
)

// golang is a plugin in Go.
type golang struct {
	dir     string // absolute
	command string // the go command
	mod     []byte // the go.mod to build with
	sum     []byte // its go.sum; nil when there is none
	offline bool   // it needs nothing but the SDK and its own directories
	hash    string // of all that the result depends on
	sdk     string // where the SDK's source lies
}

// inspectGo reads the plugin's go.mod, points it at the SDK and hashes the source.
func inspectGo(ctx context.Context, dir, cache string) (project, error) {
	p := &golang{dir: dir}
	var err error
	if p.command, err = exec.LookPath("go"); err != nil {
		return nil, lacks("Go source needs the command go in PATH; install it from https://go.dev/dl")
	}
	text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return nil, err
	}
	if p.sdk, err = Install(cache, "go"); err != nil {
		return nil, err
	}
	local, err := p.redirect(text)
	if err != nil {
		return nil, err
	}
	if p.sum, err = os.ReadFile(filepath.Join(dir, "go.sum")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	version, err := p.run(ctx, "env", "GOVERSION")
	if err != nil {
		return nil, err
	}
	err = p.sign(version, local)
	return p, err
}

func (p *golang) signature() string { return p.hash }

// redirect makes the go.mod of the build: the plugin's own, with the SDK replaced by its source. It returns the directories of the plugin's other local replacements.
func (p *golang) redirect(text []byte) (local []string, err error) {
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
func (p *golang) sign(version string, local []string) error {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%q\n%s\n%s\n%d\n", strings.TrimSpace(version), goFlags, digest(archive("go")), p.mod, len(p.sum))
	h.Write(p.sum)
	for _, dir := range append([]string{p.dir}, local...) {
		if err := tree(h, dir, func(path string, _ bool) bool { return strings.HasSuffix(path, "_test.go") }); err != nil {
			return err
		}
	}
	p.hash = hex.EncodeToString(h.Sum(nil))
	return nil
}

// goFlags are those of every build: no paths of this machine and no state of a repository in the result, and no debug
// information, which would be half of it.
var goFlags = []string{"build", "-buildmode=c-shared", "-mod=mod", "-trimpath", "-buildvcs=false", "-ldflags=-s -w"}

// compile builds the plugin into target. The go command gets copies of go.mod and go.sum, since it may complete
// them.
func (p *golang) compile(ctx context.Context, target string) error {
	work, err := os.MkdirTemp(filepath.Dir(target), ".build-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work) //nolint:errcheck // in a cache directory
	mod, result := filepath.Join(work, "go.mod"), filepath.Join(work, "plugin.wasm")
	if err := os.WriteFile(mod, p.mod, 0o644); err != nil {
		return err
	}
	if p.sum != nil {
		if err := os.WriteFile(filepath.Join(work, "go.sum"), p.sum, 0o644); err != nil {
			return err
		}
	}
	files, err := overlay(p.sdk)
	if err != nil {
		return err
	}
	over := filepath.Join(work, "overlay.json")
	if err := os.WriteFile(over, files, 0o644); err != nil {
		return err
	}
	if _, err = p.run(ctx, append(append([]string(nil), goFlags...), "-modfile="+mod, "-overlay="+over, "-o", result, ".")...); err != nil {
		return err
	}
	return os.Rename(result, target)
}

// run runs the go command in the plugin's directory and returns what it printed.
func (p *golang) run(ctx context.Context, args ...string) (string, error) {
	env := []string{"GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=", "GO111MODULE=on", "GOTOOLCHAIN=local"}
	if p.offline {
		env = append(env, "GOPROXY=off")
	}
	return tool{dir: p.dir, env: env, tidy: p.tidy}.run(ctx, p.command, args...)
}

// tidy makes the go command's words fit for people: paths relative to the plugin's directory, without the headings
// per package.
func (p *golang) tidy(line string) string {
	if strings.HasPrefix(line, "# ") {
		return ""
	}
	return strings.ReplaceAll(line, p.dir+string(filepath.Separator), "./")
}
