package build

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// flags are those of every build: no paths of this machine and no state of a repository in the result, and no debug
// information, which would be half of it.
var flags = []string{"build", "-buildmode=c-shared", "-mod=mod", "-trimpath", "-buildvcs=false", "-ldflags=-s -w"}

// compile builds the plugin into target. The go command gets copies of go.mod and go.sum, since it may complete
// them.
func (p *plugin) compile(ctx context.Context, target string) error {
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
	if _, err = p.run(ctx, append(append([]string(nil), flags...), "-modfile="+mod, "-overlay="+over, "-o", result, ".")...); err != nil {
		return err
	}
	return os.Rename(result, target)
}

// run runs the go command in the plugin's directory and returns what it printed.
func (p *plugin) run(ctx context.Context, args ...string) (string, error) {
	c := exec.CommandContext(ctx, p.command, args...)
	c.Dir = p.dir
	c.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=", "GO111MODULE=on", "GOTOOLCHAIN=local", "PWD="+p.dir)
	if p.offline {
		c.Env = append(c.Env, "GOPROXY=off")
	}
	var out, said bytes.Buffer
	c.Stdout, c.Stderr = &out, &said
	err := c.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return out.String(), nil
	case ctx.Err() != nil:
		return "", ctx.Err()
	case errors.As(err, &exit):
		return "", fmt.Errorf("%w:\n%s", ErrCompile, p.tidy(said.String()))
	default:
		return "", fmt.Errorf("%w: %w", ErrNoToolchain, err)
	}
}

// tidy makes the go command's words fit for people: paths relative to the plugin's directory, without the headings
// per package.
func (p *plugin) tidy(said string) string {
	said = strings.ReplaceAll(said, p.dir+string(filepath.Separator), "./")
	var lines []string
	for line := range strings.Lines(said) {
		if line = strings.TrimRight(line, "\r\n"); line != "" && !strings.HasPrefix(line, "# ") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}
