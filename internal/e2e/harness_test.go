package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/peltonhq/pelton/sdk/build"
)

// result is what one command line did.
type result struct {
	out, err string
	code     int
}

// finish runs a command to its end.
func finish(t *testing.T, c *exec.Cmd) result {
	t.Helper()
	var out, said bytes.Buffer
	c.Stdout, c.Stderr = &out, &said
	var exit *exec.ExitError
	if err := c.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	r := result{out: out.String(), err: said.String(), code: c.ProcessState.ExitCode()}
	for _, trace := range []string{"\ngoroutine ", "\npanic: ", "\nfatal error: ", "runtime error"} {
		if strings.Contains("\n"+r.out+"\n"+r.err, trace) {
			t.Errorf("%v: a stack trace:\n%s%s", c.Args[1:], r.out, r.err)
		}
	}
	return r
}

// asks is a command line about the wheel.
func (w *wheel) asks(args ...string) *exec.Cmd {
	w.t.Helper()
	c := command(limited(w.t), append(args, "--addr", w.http)...)
	c.Env = append(c.Env, "PELTON_WHO=tester")
	return c
}

// run runs a command line about the wheel to its end.
func (w *wheel) run(args ...string) result {
	w.t.Helper()
	return finish(w.t, w.asks(args...))
}

// says runs a command line that must do well, and reads the JSON that it prints.
func (w *wheel) says(into any, args ...string) {
	w.t.Helper()
	r := w.run(append(args, "--json")...)
	if r.code != 0 {
		w.t.Fatalf("%v: %+v", args, r)
	}
	if err := json.Unmarshal([]byte(r.out), into); err != nil {
		w.t.Fatalf("%v: %v: %s", args, err, r.out)
	}
}

// fails runs a command line that must end with the exit code and one message that has all the words.
func (w *wheel) fails(code int, words []string, args ...string) result {
	w.t.Helper()
	r := w.run(args...)
	if r.code != code || slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(r.err, word) }) {
		w.t.Errorf("%v: exit %d, %s\nwant %d with %q", args, r.code, r.err, code, words)
	}
	return r
}

// reason is the reason of the first event of that kind that was told about a plugin.
func (w *wheel) reason(kind, plugin string) string {
	w.t.Helper()
	for _, e := range w.told {
		if e.Event == kind && e.Plugin == plugin {
			return e.Reason
		}
	}
	w.t.Errorf("the wheel did not say %q of plugin %s", kind, plugin)
	return ""
}

// changed copies a plugin's source, with replacements: pairs of old and new text of its main.go.
func changed(t *testing.T, from string, replace ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), filepath.Base(from))
	if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	edit(t, filepath.Join(dir, "main.go"), replace...)
	return dir
}

// built builds a plugin's source before time counts; the command line finds it in the cache.
func built(t *testing.T, dir string) string {
	t.Helper()
	if _, err := build.Build(limited(t), dir, build.Options{}); err != nil {
		t.Fatal(err)
	}
	return dir
}

// edit changes a file: pairs of old text, which must be there, and new text.
func edit(t *testing.T, path string, replace ...string) {
	t.Helper()
	text := read(t, path)
	for i := 0; i < len(replace); i += 2 {
		if !strings.Contains(text, replace[i]) {
			t.Fatalf("%s has no %q", path, replace[i])
		}
		text = strings.ReplaceAll(text, replace[i], replace[i+1])
	}
	write(t, path, text)
}

// decoded reads one value of JSON.
func decoded(t *testing.T, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
}
