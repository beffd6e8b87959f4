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

// tool runs a compiler's commands.
type tool struct {
	dir  string                   // where it runs
	env  []string                 // what it is told beside this process's environment
	tidy func(line string) string // makes a line of its complaint fit for people, or "" to leave it out; nil keeps all
}

// run runs a command to its end and returns what it printed. A command that fails gives an [ErrCompile] with what it
// said.
func (t tool) run(ctx context.Context, command string, args ...string) (string, error) {
	c := exec.CommandContext(ctx, command, args...) //nolint:gosec // a compiler that is in the PATH, run as its user would
	c.Dir = t.dir
	c.Env = append(append(os.Environ(), t.env...), "PWD="+t.dir)
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
		return "", fmt.Errorf("%w:\n%s", ErrCompile, t.lines(said.String()))
	default:
		return "", fmt.Errorf("%w: %w", ErrNoToolchain, err)
	}
}

func (t tool) lines(said string) string {
	var lines []string
	for line := range strings.Lines(said) {
		line = strings.TrimRight(line, "\r\n")
		if t.tidy != nil {
			line = t.tidy(line)
		}
		if line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// lacks is the error of a machine without a toolchain; what says what is needed and how it is installed.
func lacks(what string) error {
	return fmt.Errorf("%w: building %s; or give a .wasm file, which works instead", ErrNoToolchain, what)
}

// scratch makes a directory beside the result, so that the result can be renamed into place.
func scratch(target string) (dir string, remove func(), err error) {
	dir, err = os.MkdirTemp(filepath.Dir(target), ".build-")
	return dir, func() { os.RemoveAll(dir) }, err //nolint:errcheck // in a cache directory
}
