package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/peltonhq/pelton"
)

func cursorOf(epoch, id uint64) string { return pelton.Cursor{Epoch: epoch, ID: id}.String() }

// edit replaces text in a file.
func edit(t *testing.T, path, from, to string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), from) {
		t.Fatalf("%s has no %q", path, from)
	}
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(text), from, to)), 0o600); err != nil {
		t.Fatal(err)
	}
}

// The walk of a new user: init, run, edit, swap; a version that does not compile, one that is no plugin and one that
// fails on its first message leave the old one; then back.
func TestWalk(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	if r := invoke(t, root, "init", "demo"); r.code != 0 {
		t.Fatalf("%+v", r)
	}
	dir := filepath.Join(root, "demo")
	edit(t, filepath.Join(dir, "pelton.yaml"), "rate: 5/s", "rate: 500/s")
	if r := invoke(t, dir, "check"); r.code != 0 || r.err != "" || r.out != "pelton.yaml is good: 1 source, 1 plugin, 1 session\n" {
		t.Fatalf("%+v", r)
	}
	w := startWheel(t, dir)
	if r := w.run("session", "follow", "latest", "--limit", "3"); r.code != 0 || strings.Count(r.out, "\n") != 3 {
		t.Errorf("%+v", r)
	}
	source := filepath.Join(dir, "plugins", "hello", "main.go")

	edit(t, source, "m.Payload())", "[]byte(`{\"v\":2}`))")
	if r := w.run("plugin", "swap", "hello", "plugins/hello", "--reason", "second"); r.code != 0 || !strings.Contains(r.out, "hello: revision 2 (") || !strings.Contains(r.out, "is live") {
		t.Fatalf("%+v", r)
	}
	edit(t, source, "out.Emit(", "undefined(")
	if r := w.run("plugin", "swap", "hello", "plugins/hello"); r.code != 1 || !strings.Contains(r.err, "main.go:") {
		t.Errorf("does not compile: %+v", r)
	}
	edit(t, source, "undefined(", "panic(\"no\"); out.Emit(")
	if r := w.run("plugin", "swap", "hello", "plugins/hello"); r.code != 1 || !strings.Contains(r.err, "hello: revision 3 was rolled back: ") || !strings.Contains(r.err, "revision 2 runs") {
		t.Errorf("fails at once: %+v", r)
	}
	write(t, dir, "empty.wasm", "\x00asm\x01\x00\x00\x00")
	if r := w.run("plugin", "swap", "hello", "empty.wasm"); r.code != 1 || !strings.Contains(r.err, "not a Pelton plugin") {
		t.Errorf("no ABI: %+v", r)
	}
	if r := w.run("plugin", "swap", "helo", "empty.wasm"); r.code != 1 || !strings.Contains(r.err, `did you mean "hello"?`) {
		t.Errorf("unknown plugin: %+v", r)
	}
	if r := w.run("plugin", "rollback", "hello", "--reason", "enough"); r.code != 0 {
		t.Errorf("rollback: %+v", r)
	}
	var story []string
	for _, row := range w.rows("plugin", "history", "hello") {
		story = append(story, row["source"].(string)+" "+row["outcome"].(string))
	}
	if got, want := strings.Join(story, ", "), "config superseded, swap superseded, swap rolled back, swap rolled back, rollback live"; got != want {
		t.Errorf("history: %s\nwant     %s", got, want)
	}
	if plugins := w.rows("plugin", "list"); len(plugins) != 1 || plugins[0]["state"] != "running" {
		t.Errorf("%v", plugins)
	}
	if code := w.stop(syscall.SIGTERM); code != 0 {
		t.Errorf("exit %d: %s", code, w.said.String())
	}
}
