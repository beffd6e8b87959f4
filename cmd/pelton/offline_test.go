package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/peltonhq/pelton/api"
	"github.com/spf13/cobra"
)

// What works without a wheel.

func TestInit(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := invoke(t, dir, "init", "demo")
	if r.code != 0 || !strings.Contains(r.out, "next: cd demo && pelton run") {
		t.Fatalf("%+v", r)
	}
	for _, name := range []string{"pelton.yaml", ".gitignore", "README.md", "plugins/hello/main.go", "plugins/hello/main_test.go"} {
		if _, err := os.Stat(filepath.Join(dir, "demo", name)); err != nil {
			t.Error(err)
		}
	}
	if r := invoke(t, filepath.Join(dir, "demo"), "graph"); r.code != 0 || r.out != "source flights (demo)\n└─ plugin hello (wasm)\n   └─ session latest (append)\n" {
		t.Errorf("graph: %+v", r)
	}
	write(t, dir, "demo/pelton.yaml", "mine")
	if r := invoke(t, dir, "init", "demo"); r.code != 2 || !strings.Contains(r.err, "is there already, and nothing was changed") {
		t.Errorf("again: %+v", r)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "demo", "pelton.yaml")); err != nil || string(text) != "mine" {
		t.Errorf("the second init changed the config: %q, %v", text, err)
	}
}

func TestPluginNew(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if r := invoke(t, dir, "plugin", "new", "late"); r.code != 0 || !strings.Contains(r.out, "wasm: {path: plugins/late}") {
		t.Errorf("%+v", r)
	}
	if r := invoke(t, dir, "plugin", "new", "late"); r.code != 2 {
		t.Errorf("again: %+v", r)
	}
	if r := invoke(t, dir, "plugin", "new", "late", "--dir", "elsewhere"); r.code != 0 {
		t.Errorf("elsewhere: %+v", r)
	}
	for lang, main := range map[string]string{"rust": "src/lib.rs", "assemblyscript": "assembly/index.ts", "c": "my_late.c"} {
		r := invoke(t, dir, "plugin", "new", "my-late", "--lang", lang, "--dir", lang)
		if r.code != 0 || strings.Contains(r.out, "npm --prefix "+lang+" install") != (lang == "assemblyscript") {
			t.Errorf("%s: %+v", lang, r)
		}
		text, err := os.ReadFile(filepath.Join(dir, lang, main))
		if err != nil || !strings.Contains(string(text), "Plugin my-late passes each message on.") {
			t.Errorf("%s: %s, %v", lang, text, err)
		}
		if ignored, err := os.ReadFile(filepath.Join(dir, lang, ".gitignore")); err != nil || !strings.HasPrefix(string(ignored), "/") {
			t.Errorf("%s: .gitignore has %q, %v", lang, ignored, err)
		}
	}
}

const branchy = `sources:
  a: {http: {}}
  b: {demo: {}}
plugins:
  p: {from: [a, b], native: {name: p}}
  q: {from: [p, p.x], native: {name: q}}
sessions:
  s: {from: [q.y], reduce: {native: {name: r}}}
sinks:
  t: {from: [p, q], stdout: {}}
`

func TestGraph(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "pelton.yaml", branchy)
	want := `source a (http)
└─ plugin p (native)
   ├─ plugin q (native)
   │  ├─ y → session s (native)
   │  └─ sink t (stdout)
   ├─ x → plugin q (native) …
   └─ sink t (stdout)
source b (demo)
└─ plugin p (native) …
`
	if r := invoke(t, dir, "graph"); r.code != 0 || r.out != want {
		t.Errorf("%+v", r)
	}
	if r := invoke(t, dir, "graph", "--dot"); r.code != 0 || !strings.Contains(r.out, `"plugin/q" -> "session/s" [label="y"];`) {
		t.Errorf("dot: %+v", r)
	}
	var g struct {
		Nodes []api.Node `json:"nodes"`
		Edges []api.Edge `json:"edges"`
	}
	r := invoke(t, dir, "graph", "--json")
	if err := json.Unmarshal([]byte(r.out), &g); err != nil || len(g.Nodes) != 6 || len(g.Edges) != 7 || g.Nodes[4].Reducer != "session/s" {
		t.Errorf("json: %v, %+v", err, g)
	}
}

func TestConfigPrint(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "pelton.yaml", branchy)
	c := command(t.Context(), dir, "config", "print")
	c.Env = append(c.Env, "PELTON_API_LISTEN=127.0.0.1:9")
	first := finish(t, c)
	if first.code != 0 || !strings.Contains(first.out, "127.0.0.1:9") || !strings.Contains(first.out, "max_error_rate: 0.05") {
		t.Fatalf("%+v", first)
	}
	write(t, dir, "again.yaml", first.out)
	if r := invoke(t, dir, "config", "print", "again.yaml"); r.code != 0 || r.out != first.out {
		t.Errorf("what is printed reads as something else: %+v", r)
	}
	if r := invoke(t, dir, "config", "print", "--json"); r.code != 0 || !json.Valid([]byte(r.out)) {
		t.Errorf("json: %+v", r)
	}
	if r := invoke(t, dir, "config", "schema"); r.code != 0 || !json.Valid([]byte(r.out)) {
		t.Errorf("schema: %+v", r)
	}
}

func TestVersionAndCompletion(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if r := invoke(t, dir, "version"); r.code != 0 || !strings.HasPrefix(r.out, "pelton ") {
		t.Errorf("%+v", r)
	}
	v := map[string]string{}
	if r := invoke(t, dir, "version", "--json"); json.Unmarshal([]byte(r.out), &v) != nil || v["version"] == "" || v["go"] == "" || v["platform"] == "" {
		t.Errorf("%+v", r)
	}
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if r := invoke(t, dir, "completion", shell); r.code != 0 || !strings.Contains(r.out, "pelton") {
			t.Errorf("%s: %+v", shell, r)
		}
	}
}

// Every command says what it does, with an example, and lists print as JSON.
func TestHelp(t *testing.T) {
	t.Parallel()
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Hidden {
			return
		}
		if c.Short == "" || c.Long == "" && !c.HasSubCommands() || c.Example == "" && !c.HasSubCommands() {
			t.Errorf("%s: short %q, long %q, example %q", c.CommandPath(), c.Short, c.Long, c.Example)
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(newApp(os.Stdin, os.Stdout, os.Stderr, nil).root())
	if r := invoke(t, t.TempDir()); r.code != 0 || !strings.Contains(r.out, "pelton [command]") {
		t.Errorf("alone: %+v", r)
	}
}
