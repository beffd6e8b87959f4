package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// binary is the real program, built once: the tests run what users run.
var binary string

func TestMain(m *testing.M) {
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	dir, err := os.MkdirTemp("", "pelton-cli-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "pelton")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%s%v\n", out, err)
		return 1
	}
	return m.Run()
}

// result is what one command did.
type result struct {
	out, err string
	code     int
}

// patience bounds a command: it is for a hang, and no result depends on it.
const patience = 3 * time.Minute

// command is the program in dir, with an environment of its own: nothing of the machine's PELTON_ variables.
func command(ctx context.Context, dir string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, binary, args...)
	c.Dir = dir
	c.Env = []string{"HOME=" + os.Getenv("HOME"), "PATH=" + os.Getenv("PATH"), "USER=tester", "XDG_CACHE_HOME=" + os.Getenv("XDG_CACHE_HOME"), "GOCACHE=" + os.Getenv("GOCACHE")}
	return c
}

// invoke runs one command line to its end.
func invoke(t *testing.T, dir string, args ...string) result {
	t.Helper()
	return finish(t, command(t.Context(), dir, args...))
}

func finish(t *testing.T, c *exec.Cmd) result {
	t.Helper()
	var out, said bytes.Buffer
	c.Stdout, c.Stderr = &out, &said
	timer := time.AfterFunc(patience, func() { _ = c.Process.Kill() })
	defer timer.Stop()
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	r := result{out: out.String(), err: said.String(), code: c.ProcessState.ExitCode()}
	for _, trace := range []string{"\ngoroutine ", "\npanic: ", "runtime error"} {
		if strings.Contains("\n"+r.out+"\n"+r.err, trace) {
			t.Errorf("%v: a stack trace:\n%s%s", c.Args[1:], r.out, r.err)
		}
	}
	return r
}

// write makes a file in dir.
func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
