package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// worder is a wheel's config whose plugin is the program in a directory.
const worder = `sources:
  flights:
    demo: {keys: 2, rate: 200/s}
    decode: {format: json, key: origin}
plugins:
  words:
    from: [flights]
    process: {command: [./worder], dir: v1, env: {A: b}}
    limits: {time: 1s}
sessions:
  latest: {from: [words], retain: {snapshots: 5000}}
`

// edition makes a directory with the program and its word.
func edition(t *testing.T, dir, name, program, word string) {
	t.Helper()
	write(t, dir, name+"/word.txt", word)
	text, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name, "worder"), text, 0o700); err != nil {
		t.Fatal(err)
	}
}

// A process plugin is checked, run, swapped, rolled back by itself and by hand, and what was swapped in survives a restart, though
// the directory of the config is what it was.
func TestProcessPlugin(t *testing.T) {
	t.Parallel()
	dir := project(t, worder)
	program := filepath.Join(t.TempDir(), "worder")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./testdata/worder").CombinedOutput(); err != nil {
		t.Fatalf("%s%v", out, err)
	}
	for name, word := range map[string]string{"v1": "one", "v2": "two", "bad": "panic"} {
		edition(t, dir, name, program, word)
	}
	write(t, dir, "empty/readme.txt", "nothing to run")
	if r := invoke(t, dir, "check"); r.code != 0 || r.out != "pelton.yaml is good: 1 source, 1 plugin, 1 session\n" {
		t.Fatalf("%+v", r)
	}
	w := startWheel(t, dir)
	says := func(word string) {
		t.Helper()
		var r result
		for range 100 { // what is newest may be from before the swap
			if r = w.run("session", "follow", "latest", "--limit", "20"); r.code != 0 || strings.Contains(r.out, `{"word":"`+word+`"}`) {
				break
			}
		}
		if r.code != 0 || !strings.Contains(r.out, `{"word":"`+word+`"}`) {
			t.Errorf("want %s: %+v", word, r)
		}
	}
	says("one")
	if rows := w.rows("plugin", "list"); rows[0]["kind"] != "process" || rows[0]["state"] != "running" {
		t.Errorf("%v", rows)
	}
	if r := w.run("plugin", "swap", "words", "v2", "--reason", "second"); r.code != 0 || !strings.Contains(r.out, "words: revision 2 (") {
		t.Fatalf("%+v", r)
	}
	says("two")
	for path, want := range map[string]string{
		"bad":         "the word is panic",
		"empty":       "no executable file worder",
		"v1/word.txt": "give a directory",
	} {
		if r := w.run("plugin", "swap", "words", path); r.code != 1 || !strings.Contains(r.err, "was rolled back: ") || !strings.Contains(r.err, want) || !strings.Contains(r.err, "revision 2 runs") {
			t.Errorf("%s: %+v", path, r)
		}
	}
	if r := w.run("plugin", "swap", "words", "nowhere"); r.code != 2 || !strings.Contains(r.err, "nowhere") {
		t.Errorf("%+v", r)
	}
	says("two")
	if code := w.stop(syscall.SIGTERM); code != 0 {
		t.Fatalf("exit %d: %s", code, w.said.String())
	}
	w = startWheel(t, dir)
	says("two")
	if r := w.run("plugin", "rollback", "words"); r.code != 0 {
		t.Errorf("%+v", r)
	}
	says("one")
	edition(t, dir, "v1", program, "three")
	if code := w.stop(syscall.SIGTERM); code != 0 {
		t.Fatalf("exit %d: %s", code, w.said.String())
	}
	w = startWheel(t, dir)
	says("three")
	if code := w.stop(syscall.SIGTERM); code != 0 {
		t.Fatalf("exit %d: %s", code, w.said.String())
	}
}

// What is wrong with a program is exit 2, in the program's own words where it has some.
func TestBadProcess(t *testing.T) {
	t.Parallel()
	const head = "sources: {a: {demo: {}}}\nplugins: {p: {from: [a], process: {"
	for name, c := range map[string]struct{ process, want string }{
		"no command":       {"dir: sub", "plugins.p.process.command: is missing"},
		"empty command":    {"command: []", "plugins.p.process.command: is missing"},
		"not a list":       {"command: python3", "want a list"},
		"unknown key":      {"command: [x], evn: {}", `did you mean "env"?`},
		"bad variable":     {"command: [x], env: {A-B: c}", `"A-B" is no name of a variable`},
		"never ready":      {"command: [x], ready: 1ms", "plugins.p.process.ready: 1ms is too short"},
		"ready too late":   {"command: [x], ready: 1m", "at most 30s"},
		"not found":        {"command: [no-such-program-x]", `plugin p: process: command "no-such-program-x" is not found on PATH`},
		"no file":          {"command: [./nope]", "nope is not found"},
		"not executable":   {"command: [sub/text]", "is not executable: chmod +x it"},
		"no directory":     {"command: [x], dir: nowhere", "is not a directory"},
		"exits at once":    {"command: [sh, sub/text]", "the process left before it attached to $PELTON_PLUGIN: exit status 4; it said:\nfor want of a nail"},
		"not ready":        {"command: [sleep, '100'], ready: 200ms", "the process was not ready within 200ms (process.ready): it did not attach to $PELTON_PLUGIN"},
		"kind given twice": {"command: [x]}, wasm: {path: x", "has process and wasm; give only one"},
	} {
		dir := project(t, head+c.process+"}}}\n")
		write(t, dir, "sub/text", "echo for want of a nail >&2\nexit 4\n")
		if r := invoke(t, dir, "check"); r.code != 2 || !strings.Contains(r.err, c.want) {
			t.Errorf("%s: %+v; want exit 2, … %s", name, r, c.want)
		}
	}
}
