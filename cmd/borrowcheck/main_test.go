package main

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const root = "../.."

// A copy of a plugin of this repository is clean; with one line planted in it the report says where, what and what to do.
func TestPlanted(t *testing.T) {
	tool := filepath.Join(t.TempDir(), "borrowcheck")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", tool, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	for _, c := range plants {
		t.Run(c.name, func(t *testing.T) {
			clean := copyOf(t, c.from, c.module, nil)
			if out, code := run(t, clean, c.env, tool, "./..."); code != 0 {
				t.Fatalf("the copy as it is: exit code %d\n%s", code, out)
			}
			bad := copyOf(t, c.from, c.module, c.edits)
			want := regexp.MustCompile(strings.Replace(c.want, "LINE", planted(t, bad), 1))
			for _, command := range [][]string{{tool, "./..."}, {"go", "vet", "-vettool=" + tool, "."}} {
				out, code := run(t, bad, c.env, command...)
				if code != 1 || !want.MatchString(out) {
					t.Errorf("%v: exit code %d, want 1 and a match of %s:\n%s", command[1:], code, want, out)
				}
				if n := strings.Count(out, "borrowed "); n != 1 {
					t.Errorf("%d reports, want 1:\n%s", n, out)
				}
			}
		})
	}
}

type plant struct {
	name, from string
	module     func(t *testing.T) string // go.mod
	env        []string
	edits      []string // old, new …
	want       string
}

var plants = []plant{
	{
		name: "native", from: "actor/native/example_test.go", module: nativeModule,
		edits: []string{
			"type late struct{}", "type late struct{ last []byte }",
			"func (late) Handle(", "func (l *late) Handle(",
			"func (late) Init(", "func (l *late) Init(",
			"return late{}", "return new(late)",
			"\tif delay > 15 {", "\tl.last = m.Payload()\n\tif delay > 15 {",
		},
		want: `plugin\.go:LINE:\d+: borrowed m\.Payload\(\) is stored in field last of late; .* call Own\(\), or copy the bytes \(bytes\.Clone\)`,
	},
	{
		name: "guest", from: "examples/flights/plugins/delays/main.go", module: guestModule, env: []string{"GOOS=wasip1", "GOARCH=wasm"},
		edits: []string{"\tif late {", "\tevent = m.Payload()\n\tif late {"},
		want:  `plugin\.go:LINE:\d+: borrowed m\.Payload\(\) is stored in variable event; .* call Own\(\), or copy the bytes \(bytes\.Clone\)`,
	},
}

// copyOf makes a module of one file, edited.
func copyOf(t *testing.T, from string, module func(t *testing.T) string, edits []string) string {
	t.Helper()
	text := read(t, from)
	for i := 0; i < len(edits); i += 2 {
		if strings.Count(text, edits[i]) != 1 {
			t.Fatalf("%s has not exactly one %q: the test must follow the plugin", from, edits[i])
		}
		text = strings.Replace(text, edits[i], edits[i+1], 1)
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "plugin.go"), strings.Replace(text, "package native_test", "package plugin", 1))
	write(t, filepath.Join(dir, "go.mod"), module(t))
	write(t, filepath.Join(dir, "go.sum"), read(t, "go.sum"))
	return dir
}

// planted is the number of the line that was planted.
func planted(t *testing.T, dir string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "plugin.go"))
	if err != nil {
		t.Fatal(err)
	}
	before, _, ok := strings.Cut(string(text), " = m.Payload()\n")
	if !ok {
		t.Fatal("nothing is planted")
	}
	return strconv.Itoa(strings.Count(before, "\n") + 1)
}

// nativeModule requires what this module requires, and this module.
func nativeModule(t *testing.T) string {
	t.Helper()
	mod := strings.Replace(read(t, "go.mod"), "module github.com/peltonhq/pelton\n", "module copied\n", 1)
	return mod + "\nrequire github.com/peltonhq/pelton v0.0.0\n\nreplace github.com/peltonhq/pelton => " + absolute(t, ".") + "\n"
}

func guestModule(t *testing.T) string {
	t.Helper()
	const sdk = "github.com/peltonhq/pelton/sdk/go"
	return "module copied\n\ngo 1.24\n\nrequire " + sdk + " v0.0.0\n\nreplace " + sdk + " => " + absolute(t, "sdk/go") + "\n"
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	abs, err := filepath.Abs(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return abs
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// run gives all output and the exit code.
func run(t *testing.T, dir string, env []string, command ...string) (string, int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=readonly"), env...)
	out, err := cmd.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return string(out), exit.ExitCode()
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(out), 0
}

// Without the go command it says so.
func TestNoGo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	old := os.Stderr
	os.Stderr = w
	code := vet([]string{"./..."})
	os.Stderr = old
	w.Close()
	out, err := io.ReadAll(r)
	if err != nil || code != 3 || !strings.Contains(string(out), "needs the go command on PATH") {
		t.Errorf("exit code %d, %q, %v; want 3 and what is missing", code, out, err)
	}
}
